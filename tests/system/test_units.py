"""The units for systemd: what systemd says of them, and what their commands do when they are run."""
import glob
import os
import re
import shlex
import shutil
import subprocess

import pytest

from lib import attached, proc
from test_init import TRUSTS, credentials, init

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

UNITS = glob.glob(os.path.join(proc.TREE, "packaging", "systemd", "*.service.in"))


def text(path):
    with open(path) as f:
        return f.read().replace("@bindir@", os.path.dirname(proc.program("vttablet")))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_them(folder):
    made = []
    for path in UNITS:
        name = os.path.basename(path).removesuffix(".in").replace("@.", "@1.")
        made.append(os.path.join(folder, name))
        with open(made[-1], "w") as f:
            f.write(text(path))
    assert len(made) == 3
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *made], capture_output=True, text=True, timeout=60)
    ours = [line for line in done.stderr.splitlines() if any(name in line for name in ("vtctld", "vtgate", "vttablet"))]
    assert ours == [], done.stderr


def test_a_cluster_of_their_commands_moves_a_table(servers, folder):
    """As systemd would run them, but for the account: the state and the accounts are in folders of the test."""
    both = [servers("s", TRUSTS), servers("t", TRUSTS)]
    for server, keyspace in zip(both, attached.KEYSPACES):
        init(folder, server, keyspace)
    os.symlink(credentials(folder), os.path.join(folder, "accounts"))
    both[0].sql("CREATE DATABASE customer")
    both[0].sql("CREATE TABLE t (id INT PRIMARY KEY) SELECT 1 AS id", database="customer")
    cluster = attached.Cluster(folder, [], credentials(folder))

    def run(unit, instance, options):
        line = re.search(r"^ExecStart=(.*)$", text(os.path.join(proc.TREE, "packaging", "systemd", unit + ".service.in")), re.M)[1]
        line = line.replace("/var/lib/switchyard", folder).replace("${CREDENTIALS_DIRECTORY}", folder)
        cluster.spawn(unit + instance, *shlex.split(line.replace("%i", instance).replace("$OPTIONS", options)))

    try:
        run("vtctld", "", f"--http 127.0.0.1:{cluster.ctld_port}")
        for uid, (server, keyspace) in enumerate(zip(both, attached.KEYSPACES), 1):
            cluster.client("CreateKeyspace", keyspace)
            run("vttablet@", str(uid), f"--server 127.0.0.1:{server.port} --keyspace {keyspace}")
        run("vtgate", "", "")
        cluster.client("MoveTables", "customer.t", "new_customer")
    finally:
        cluster.stop()
    assert both[1].sql("SELECT * FROM t", database="new_customer") == ((1,),)

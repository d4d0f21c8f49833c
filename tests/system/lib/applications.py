"""Applications of public packages, whose database is keyspace customer of a gate; they move to new_customer and come back."""
import os
import re
import subprocess

from . import kinds, proc

HOME, AWAY = "customer", "new_customer"


def unpack(folder, *packages):
    """Debian's packages, in the folder and not installed."""
    subprocess.run([os.path.join(proc.TREE, "tools", "install-deps"), "applications"], check=True)
    subprocess.run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *packages], cwd=folder, check=True)
    for name in os.listdir(folder):
        if name.endswith(".deb"):
            subprocess.run(["dpkg-deb", "-x", name, "."], cwd=folder, check=True)


def at(combo, keyspace, sql):
    """Asked of the keyspace's server itself."""
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


def tables(combo, keyspace):
    return at(combo, keyspace, "SHOW TABLES").split()


def definitions(combo, keyspace):
    def of(table):
        return kinds.plain_definition(re.sub(r" AUTO_INCREMENT=\d+", "", at(combo, keyspace, f"SHOW CREATE TABLE `{table}`")))
    return {t: of(t) for t in tables(combo, keyspace)}


def checksums(combo, keyspace):
    names = ", ".join(f"`{t}`" for t in tables(combo, keyspace))
    said = at(combo, keyspace, f"CHECKSUM TABLE {names} EXTENDED").splitlines()
    return {line.split("\t")[0].split(".")[1]: line.split("\t")[1] for line in said}


def wait_equal(combo):
    """Both sides have the same rows, soon after the last visitor has left."""
    proc.wait_for(lambda: checksums(combo, HOME) == checksums(combo, AWAY), 120, "both sides to be equal")


def switch_to_and_fro(combo, visitors, workflow, first):
    """The move that the first command begins, the way back, and there again, with visits before and after each; for how
    many ms writes waited, each time."""
    keyspace, name = workflow.split(".")
    waited = []
    visitors.go_on()
    for command in (first, ("MoveTables", "ReverseTraffic", workflow), ("MoveTables", "SwitchTraffic", workflow)):
        combo.client(*command)
        waited.append(combo.workflow(keyspace, name)["record"]["hold_us"] // 1000)
        visitors.go_on()
    return waited

"""One login to a server of any kind, by the product's own code."""
import os
import subprocess
from collections import namedtuple

from . import proc

# ok; how many packets were sent; else what the error says.
Login = namedtuple("Login", "ok sent text")


def login(address, user, password="", *options):
    run = subprocess.run([os.path.join(proc.build_dir(), "tests", "login", "login_probe"), address, user, *options],
                         input=password.encode(), capture_output=True, timeout=60)
    said = run.stdout.decode()
    assert run.returncode in (0, 1) and run.stderr == b"", (run, said)
    ok = run.returncode == 0
    assert said.startswith("ok ") == ok, said
    assert len(password) < 4 or password not in said
    return Login(ok, int(said.split()[-1]) if ok else 0, said)


def addresses(server):
    return {"tcp": f"127.0.0.1:{server.port}", "socket": f"unix:{server.socket}"}

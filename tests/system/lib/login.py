"""One login to a server of any kind, by the product's own code."""
import os
import socket
import subprocess
from collections import namedtuple

from . import proc

# How many packets were sent, the version of TLS or "plain", and what compresses or "uncompressed"; else what the error and
# its hint say.
Login = namedtuple("Login", "ok sent tls compression text")

def login(address, user, password="", *options, env=None):
    run = subprocess.run([os.path.join(proc.build_dir(), "tests", "login", "login_probe"), *options, address, user],
                         input=password.encode(), capture_output=True, timeout=60, env={**os.environ, **(env or {})})
    said = run.stdout.decode()
    assert run.stderr == b"" and (run.returncode == 0) == said.startswith("ok "), (run, said)
    assert len(password) < 4 or password not in said
    if run.returncode != 0:
        return Login(False, 0, None, None, said)
    sent, tls, compression = said.split()[-3:]
    return Login(True, int(sent), tls, compression, said)


def elsewhere():
    """An address of this machine that is none of loopback's, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))         # sends nothing
        except OSError:
            return None
        return s.getsockname()[0]


def addresses(server):
    return {"tcp": f"127.0.0.1:{server.port}", "socket": f"unix:{server.socket}"}


def all_addresses(server):
    """Of a server that listens on all of them; "elsewhere" is as if it were on another host."""
    return {**addresses(server), **({"elsewhere": f"{elsewhere()}:{server.port}"} if elsewhere() else {})}

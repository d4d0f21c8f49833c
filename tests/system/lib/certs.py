"""The certificates of tests/golden/tls, where any account may read them, and settings that show them."""
import os
import shutil

from . import proc

FOLDER = os.path.join(proc.TREE, "tests", "golden", "tls")


def certificate(name):
    return os.path.join(FOLDER, name + ".pem")


def copied(folder):
    """A folder of them that servers may read."""
    where = os.path.join(folder, "certificates")
    if not os.path.exists(where):
        shutil.copytree(FOLDER, where)
        for name in os.listdir(where):
            os.chmod(os.path.join(where, name), 0o644)
    return where


def shows(folder, name):
    """Settings of a server that has this certificate, and knows the authority of clients'."""
    return [f"--ssl-ca={folder}/ca.pem", f"--ssl-cert={folder}/{name}.pem", f"--ssl-key={folder}/{name}-key.pem"]

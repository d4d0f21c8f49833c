"""Private servers of each kind that we are tested with.

KINDS[flavour] is a class as mariadb.Server, which is the system's; the others' programs are in folders
that tools/install-server makes.
"""
import functools
import os
import subprocess

from . import datadir, mariadb, proc


@functools.cache
def home(flavour):
    """The folder that a kind is installed in; says how to install it where it is not."""
    tool = os.path.join(proc.TREE, "tools", "install-server")
    run = subprocess.run([tool, "--where", flavour], capture_output=True, text=True)
    if run.returncode != 0:
        raise FileNotFoundError(run.stderr.strip())
    return run.stdout.splitlines()[-1]


class Installed(mariadb.Server):
    """One that is not the system's."""

    @classmethod
    def program(cls, name):
        return os.path.join(home(cls.flavour), "bin", name)

    @classmethod
    def user(cls):
        # Others may not look into root's folders, where its plugins and messages are.
        return "root" if os.geteuid() == 0 else None

    @classmethod
    def template(cls, folder):
        return datadir.template(folder, cls.flavour, cls.install)


class MariaDB118(Installed):
    flavour = "mariadb-11.8"

    @classmethod
    def install(cls, where):
        datadir.install(where, "normal", cls.program("mariadb-install-db"), cls.user())


class MySQL97(Installed):
    flavour, daemon = "mysql-9.7", "mysqld"
    settings = [*mariadb.DURABLE, "--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--mysqlx=0"]

    @classmethod
    def install(cls, where):
        command = [cls.program(cls.daemon), "--no-defaults", "--initialize-insecure", f"--datadir={where}"]
        if cls.user():
            command.append("--user=" + cls.user())
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        # The server's name in its GTIDs: each copy is to give itself one.
        os.remove(os.path.join(where, "auto.cnf"))


KINDS = {kind.flavour: kind for kind in (mariadb.Server, MariaDB118, MySQL97)}

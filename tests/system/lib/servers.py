"""Private servers of each kind that we are tested with.

KINDS[flavour] is a class as mariadb.Server, which is the system's; the others' programs are in folders
that tools/install-server makes.
"""
import os
import subprocess

from . import certs, datadir, kinds, mariadb, numbers


class Installed(mariadb.Server):
    """One that is not the system's."""

    @classmethod
    def program(cls, name):
        return os.path.join(kinds.home(cls.flavour), "bin", name)

    @classmethod
    def user(cls):
        # Others may not look into root's folders, where its plugins and messages are.
        return "root" if os.geteuid() == 0 else None

    @classmethod
    def template(cls, folder):
        return datadir.template(folder, cls.flavour, cls.install)


class MariaDB118(Installed):
    flavour = "mariadb-11.8"
    # Without a certificate it makes itself one at each start: a search for two large primes, half a second of CPU.
    own_certificate = ["--ssl-cert=", "--ssl-key="]
    settings = [*mariadb.SETTINGS, f"--ssl-cert={certs.certificate('server')}", f"--ssl-key={certs.certificate('server-key')}"]

    @classmethod
    def install(cls, where):
        datadir.install(where, "normal", cls.program("mariadb-install-db"), cls.user())

    @classmethod
    def install_for_combo(cls, where):
        datadir.install(where, "socket", cls.program("mariadb-install-db"), cls.user())


class MySQL97(Installed):
    flavour, daemon = "mysql-9.7", "mysqld"
    position_sql = "SELECT @@global.gtid_executed"
    kill_sql = ("KILL CONNECTION", "KILL QUERY")
    place_sql, forget_sql = "SHOW BINARY LOG STATUS", "RESET BINARY LOGS AND GTIDS"
    stream_rights = "REPLICATION CLIENT, XA_RECOVER_ADMIN"
    binlog_printer = "mysqlbinlog"
    own_words = staticmethod(numbers.written_out)
    settings = [*mariadb.DURABLE, "--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--mysqlx=0",
                # Room for histories and digests of statements, at which nobody looks: it writes to all of that as it starts.
                *(f"--performance-schema-events-{what}-history-long-size=0" for what in ("statements", "stages", "waits", "transactions")),
                "--performance-schema-digests-size=100", "--performance-schema-error-size=100",
                "--performance-schema-max-digest-length=256", "--performance-schema-max-sql-text-length=256",
                "--innodb-log-buffer-size=4M"]

    def has(self, position, goal):
        return self.sql("SELECT GTID_SUBSET(%s, %s)", (goal, position))[0][0] == 1

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


def combo_template(folder, flavour):
    """A data directory as vtcombo makes one."""
    if flavour == kinds.SYSTEM:
        return datadir.template(folder, "socket")
    kind = KINDS[flavour]
    if hasattr(kind, "install_for_combo"):
        return datadir.template(folder, flavour + "-socket", kind.install_for_combo)
    return kind.template(folder)

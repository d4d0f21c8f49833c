"""Private MariaDB servers: own data directory under /tmp, free port, durable, GTID, row binlog.

Each begins with a copy of a data directory that is made once per run
(datadir.py), and costs half a second. Servers are stopped by the pid that started
them, and their folders are removed. Servers of other kinds are in servers.py.
"""
import os
import shutil
import signal
import subprocess

import pymysql

from . import datadir, proc

# What the product asks of a server, and what a person would run in production: of any kind,
DURABLE = [
    "--bind-address=127.0.0.1", "--log-bin=binlog", "--binlog-format=ROW", "--binlog-row-image=FULL",
    "--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1", "--local-infile=1",
    "--innodb-buffer-pool-size=256M", "--skip-name-resolve", "--max-connections=400",
]
# and of MariaDB.
SETTINGS = [*DURABLE, "--gtid-strict-mode=1", "--innodb-log-file-size=256M", "--performance-schema=0",
            # Caches of engines that are not moved: it writes to all of each as it starts.
            "--key-buffer-size=1M", "--aria-pagecache-buffer-size=8M"]
# How often INNODB_TRX may be asked: whoever asks within 0.1 s of the last time, of whatever session, is told the same
# once more, and who goes on so is told it for ever.
INNODB_TRX_EVERY = 0.2


class Server:
    flavour, daemon, settings = "mariadb-10.11", "mariadbd", SETTINGS
    # Where it is, by GTIDs and by file; how its binlog begins anew; what a stream's account has of rights that are this flavour's
    # own; what prints its binlog.
    position_sql = "SELECT @@global.gtid_binlog_pos"
    kill_sql = ("KILL HARD CONNECTION", "KILL SOFT CONNECTION", "KILL QUERY")
    place_sql, forget_sql = "SHOW MASTER STATUS", "RESET MASTER"
    stream_rights = "BINLOG MONITOR, BINLOG ADMIN, REPLICATION SLAVE ADMIN"
    binlog_printer = "mariadb-binlog"

    @staticmethod
    def own_words(sql):
        """What a test says, as this server has it."""
        return sql

    @classmethod
    def program(cls, name):
        """As it is called: the system's is in the PATH."""
        return name

    @classmethod
    def user(cls):
        """The account that it changes to, or None."""
        return datadir.server_user()

    @classmethod
    def template(cls, folder):
        """A data directory that lets root in by socket, without a password, from any account."""
        return datadir.template(folder, "normal")

    def __init__(self, template, folder, name, server_id, extra=()):
        self.name, self.folder, self.extra = name, folder, list(extra)
        self.datadir = os.path.join(folder, name)
        self.socket = os.path.join(folder, name + ".sock")
        self.log = os.path.join(folder, name + ".err")
        self.port = proc.free_port()
        self.server_id = server_id
        self.prefix = []        # of its command: where it runs
        self.process = None
        # Its own folder: a server that starts deletes the temporary tables that it finds, whosever they are.
        self.tmpdir = os.path.join(folder, name + ".tmp")
        os.mkdir(self.tmpdir)
        datadir.copy(template, self.datadir)
        datadir.give_to_server(folder, self.tmpdir)

    def start(self):
        cmd = [*self.prefix, self.program(self.daemon), "--no-defaults", f"--datadir={self.datadir}",
               f"--tmpdir={self.tmpdir}", f"--port={self.port}", f"--socket={self.socket}",
               f"--pid-file={self.datadir}/pid", f"--server-id={self.server_id}", f"--log-error={self.log}",
               *self.settings, *self.extra]
        if self.user():
            cmd.append("--user=" + self.user())
        self.process = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        proc.wait_for(self.is_up, 30, f"server {self.name} to answer", lambda: proc.tail(self.log))
        return self

    def is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"server {self.name} ended: {proc.tail(self.log)}")
        try:
            self.connect().close()
            return True
        except pymysql.Error:
            return False

    def connect(self, database=None, user="root", password="", **more):
        more.setdefault("autocommit", True)
        return pymysql.connect(unix_socket=self.socket, user=user, password=password, database=database,
                               charset="utf8mb4", **more)

    def sql(self, text, args=None, database=None):
        """Runs one statement as root and gives its rows."""
        conn = self.connect(database)
        try:
            with conn.cursor() as cur:
                cur.execute(self.own_words(text), args)
                return cur.fetchall()
        finally:
            conn.close()

    def position(self):
        return self.sql(self.position_sql)[0][0]

    def has(self, position, goal):
        """Whether the position, one of this server, is at the goal or behind it."""
        there, wanted = (dict(gtid.strip().split("-", 1) for gtid in p.split(",") if gtid) for p in (position, goal))
        return all(d in there and int(there[d].rsplit("-")[-1]) >= int(gtid.rsplit("-")[-1]) for d, gtid in wanted.items())

    def place(self):
        """The binlog's file and offset."""
        return self.sql(self.place_sql)[0][:2]

    def kill(self):
        """As a power cut would."""
        proc.end(self.process, signal.SIGKILL)

    def stop(self):
        proc.end(self.process, signal.SIGTERM, patience=30)

    def remove(self):
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.datadir, ignore_errors=True)


def for_rows(fill, rows):
    """demo/users.sql with another number of rows, at most 10,000,000."""
    assert "<= 1000000" in fill, "demo/users.sql does not say its number of rows as it did"
    return fill.replace("<= 1000000", f"<= {rows}")


def users_sql(rows):
    """The two statements of demo/users.sql, for that many rows."""
    path = os.path.join(proc.TREE, "demo", "users.sql")
    with open(path) as f:
        text = "".join(line for line in f if not line.startswith("--"))
    create, fill = [s.strip() for s in text.split(";\n") if s.strip()][:2]
    return create, for_rows(fill.rstrip(";"), rows)


def load_users(server, database, rows):
    conn = server.connect()
    with conn.cursor() as cur:
        cur.execute(f"CREATE DATABASE IF NOT EXISTS {database}")
        cur.execute(f"USE {database}")
        cur.execute("SET time_zone = '+00:00'")
        for statement in users_sql(rows):
            cur.execute(statement)
    conn.close()

"""A server that several tests use one after the other, and that each of them finds as the first did.

After a test whatever it made is taken away: connections, databases, accounts,
prepared transactions, the binlog; GLOBAL variables get their values back. What
is still another than before is an error of that test.
"""
import shutil

from . import proc

VARIABLES = ("SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME "
             "NOT LIKE '%GTID%' AND VARIABLE_NAME NOT IN ('TIMESTAMP', 'LAST_INSERT_ID')")
DATABASES = "SELECT schema_name FROM information_schema.schemata"
ACCOUNTS = "SELECT User, Host, Priv FROM mysql.global_priv"
OTHERS = "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user <> 'system user'"


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def assigned(value):
    """As SET wants it: numbers without quotes. NULL is shown as nothing too, and is the default where it may be."""
    if not value:
        return "DEFAULT"
    if value.lstrip("-").replace(".", "", 1).isdigit():
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


class Kept:
    def __init__(self, server):
        self.server, self.process = server, server.process
        self.conn = server.connect()
        self.before = self.state()

    def ask(self, sql):
        with self.conn.cursor() as cur:
            cur.execute(sql)
            return cur.fetchall()

    def state(self):
        return {"variables": dict(self.ask(VARIABLES)), "databases": {d for d, in self.ask(DATABASES)},
                "accounts": {(user, host): priv for user, host, priv in self.ask(ACCOUNTS)},
                "events": self.ask("SELECT event_schema, event_name FROM information_schema.events"),
                "prepared": self.ask("XA RECOVER")}

    def is_usable(self):
        """A test that killed it or stopped it has had it for itself."""
        return self.server.process is self.process and self.process.poll() is None

    def clean(self):
        """The server as before the test, or AssertionError."""
        self.put_back_variables()
        proc.wait_for(self.end_others, 20, "other connections to end")
        for *_, xid in self.ask("XA RECOVER FORMAT='SQL'"):
            self.ask(f"XA ROLLBACK {xid if isinstance(xid, str) else xid.decode()}")
        self.ask("SET foreign_key_checks = 0")      # databases come in the order of their folders on the disk
        for name, in self.ask(DATABASES):
            if name not in self.before["databases"]:
                self.ask(f"DROP DATABASE {quoted(name)}")
        self.ask("SET foreign_key_checks = DEFAULT")
        for user, host, _ in self.ask(ACCOUNTS):
            if (user, host) not in self.before["accounts"]:
                self.ask(f"DROP USER {quoted(user)}@{quoted(host)}")
        self.ask("RESET MASTER")
        after = self.state()
        left = {what: (self.before[what], after[what]) for what in after if after[what] != self.before[what]}
        assert not left, f"the test leaves at the server, as (before, after): {left}"

    def put_back_variables(self):
        """First of all, as some of them keep the rest from being done."""
        for name, value in self.ask(VARIABLES):
            if value != self.before["variables"][name]:
                self.ask(f"SET GLOBAL {name} = {assigned(self.before['variables'][name])}")

    def end_others(self):
        others = self.ask(OTHERS)
        for number, in others:
            with self.conn.cursor() as cur:
                # Of one that has ended by itself there is nothing to kill.
                cur.execute(f"BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR 1094 BEGIN END; KILL {number}; END")
        return not others

    def end(self):
        """With its folder, in which nothing else is."""
        self.conn.close()
        self.server.remove()
        shutil.rmtree(self.server.folder)

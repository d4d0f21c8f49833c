"""A server that several tests use one after the other, and that each of them finds as the first did.

After a test whatever it made is taken away: connections, databases, accounts,
prepared transactions, the binlog; GLOBAL variables get their values back. What
is still another than before is an error of that test.
"""
import shutil

import pymysql

from . import kinds, proc

VARIABLES = ("SELECT UPPER(VARIABLE_NAME), VARIABLE_VALUE FROM {} WHERE VARIABLE_NAME "
             "NOT LIKE '%GTID%' AND VARIABLE_NAME NOT IN ('TIMESTAMP', 'LAST_INSERT_ID')")
DATABASES = "SELECT schema_name FROM information_schema.schemata"
OTHERS = "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user NOT IN ('system user', 'event_scheduler')"


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def assigned(value):
    """As SET wants it: numbers without quotes. NULL is shown as nothing too, and is the default where it may be."""
    if not value:
        return "DEFAULT"
    if value.lstrip("-").replace(".", "", 1).isdigit():
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


# By brand: where GLOBAL variables are, and accounts with what they may.
WORDS = {"mariadb": ("information_schema.GLOBAL_VARIABLES", "SELECT User, Host, Priv FROM mysql.global_priv"),
         "mysql": ("performance_schema.global_variables",
                   "SELECT u.User, u.Host, CONCAT_WS(' ', plugin, HEX(authentication_string), account_locked, (SELECT "
                   "GROUP_CONCAT(PRIVILEGE_TYPE) FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = CONCAT(QUOTE(u.User), '@', "
                   "QUOTE(u.Host)))) FROM mysql.user AS u")}


class Kept:
    def __init__(self, server):
        self.server, self.process = server, server.process
        self.conn = server.connect()
        where, self.accounts = WORDS[kinds.brand(server.flavour)]
        self.variables = VARIABLES.format(where)
        self.before = self.state()

    def ask(self, sql):
        with self.conn.cursor() as cur:
            cur.execute(sql)
            return cur.fetchall()

    def state(self):
        return {"variables": dict(self.ask(self.variables)), "databases": {d for d, in self.ask(DATABASES)},
                "accounts": {(user, host): priv for user, host, priv in self.ask(self.accounts)},
                "events": self.ask("SELECT event_schema, event_name FROM information_schema.events"),
                "prepared": self.ask("XA RECOVER")}

    def is_usable(self):
        """A test that killed it or stopped it has had it for itself."""
        return self.server.process is self.process and self.process.poll() is None

    def clean(self):
        """The server as before the test, or AssertionError."""
        self.put_back_variables()
        proc.wait_for(self.end_others, 20, "other connections to end")
        for number, length, _, xid in self.ask("XA RECOVER"):
            xid = xid if isinstance(xid, bytes) else xid.encode()
            self.ask(f"XA ROLLBACK X'{xid[:length].hex()}', X'{xid[length:].hex()}', {number}")
        self.ask("SET foreign_key_checks = 0")      # databases come in the order of their folders on the disk
        for name, in self.ask(DATABASES):
            if name not in self.before["databases"]:
                self.ask(f"DROP DATABASE {quoted(name)}")
        self.ask("SET foreign_key_checks = DEFAULT")
        for user, host, _ in self.ask(self.accounts):
            if (user, host) not in self.before["accounts"]:
                self.ask(f"DROP USER {quoted(user)}@{quoted(host)}")
        self.ask(self.server.forget_sql)
        after = self.state()
        left = {what: (self.before[what], after[what]) for what in after if after[what] != self.before[what]}
        assert not left, f"the test leaves at the server, as (before, after): {left}"

    def put_back_variables(self):
        """First of all, as some of them keep the rest from being done."""
        for name, value in self.ask(self.variables):
            if value != self.before["variables"][name]:
                self.ask(f"SET GLOBAL {name} = {assigned(self.before['variables'][name])}")

    def end_others(self):
        others = self.ask(OTHERS)
        for number, in others:
            try:
                self.ask(f"KILL {number}")
            except pymysql.MySQLError as e:
                if e.args[0] != 1094:           # it has ended by itself
                    raise
        return not others

    def end(self):
        """With its folder, in which nothing else is."""
        self.conn.close()
        self.server.remove()
        shutil.rmtree(self.server.folder)

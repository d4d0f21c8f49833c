"""Prepared statements through vtgate while triggers come and go under them."""
import time

import pymysql

from lib import mariadb
from lib.load import Load

TRIGGER = ("CREATE TRIGGER users_{0} BEFORE {0} ON users FOR EACH ROW BEGIN DECLARE a INT DEFAULT 0; "
           "IF LEFT(USER(), 10) <> 'vt_stream@' THEN SELECT MAX(armed) INTO a FROM _switchyard.fence LOCK IN SHARE MODE; END IF; END")


class Direct:
    """The server behind a keyspace, past every gate."""

    def __init__(self, c, keyspace):
        self.port, self.password = c.port("server", keyspace), c.credentials()["vt_dba"]["password"]

    def connect(self, database=None):
        return pymysql.connect(host="127.0.0.1", port=self.port, user="vt_dba", password=self.password, database=database,
                               autocommit=True)


def test_a_statement_prepared_as_the_fence_comes_is_prepared_again(combo, folder):
    """MariaDB keeps a trigger's time in hundredths of a second and fails a statement prepared just before it with 1146."""
    server = Direct(combo.up("customer"), "customer")
    mariadb.load_users(server, "customer", 2000)
    load = Load(folder + "/journal", combo.gate_port, clients=6, rate=0).start()
    end = time.monotonic() + 8
    try:
        with server.connect("customer").cursor() as cur:
            while time.monotonic() < end:
                for verb in ("INSERT", "UPDATE", "DELETE"):
                    cur.execute(TRIGGER.format(verb))
                for verb in ("INSERT", "UPDATE", "DELETE"):
                    cur.execute(f"DROP TRIGGER users_{verb}")
        summary = load.stop()
    finally:
        load.abandon()
    assert summary["errors"] == 0, summary["first_errors"]
    assert load.code == 0

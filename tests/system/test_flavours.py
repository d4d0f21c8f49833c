"""Tables move between servers of different kinds, and back, with clients at work: nothing is lost and nobody sees an error."""
import os
import re
import struct
import threading

import pymysql
import pytest
from pymysql.constants import COMMAND

from lib import flavours, mariadb, proc, raw
from lib.combo import Failed
from lib.load import Load

ORDERS = os.path.join(proc.TREE, "demo", "orders.sql")
TABLES = "users,orders,order_lines"
WORKFLOW = "new_customer.shop"


def fill(combo, count):
    create, insert = mariadb.users_sql(count)
    with open(ORDERS) as f:
        orders = [s for s in f.read().split(";\n") if "CREATE" in s]
    conn = flavours.at(combo, "customer", "STRICT_ALL_TABLES")
    flavours.run(conn, *orders, create, insert)
    conn.close()


def turn(combo, load, action):
    combo.client("MoveTables", action, WORKFLOW)
    load.go_on(100)


def whole_life(combo, load):
    load.go_on(100)
    combo.client("MoveTables", f"customer.{TABLES}", "new_customer", "--workflow", "shop")
    load.go_on(100)
    turn(combo, load, "ReverseTraffic")
    turn(combo, load, "SwitchTraffic")
    turn(combo, load, "Complete")


@pytest.mark.parametrize("source, target", flavours.PAIRS)
def test_there_and_back_and_there_for_good(combo, source, target):
    flavours.up(combo, source, target)
    fill(combo, 2000)
    load = Load(os.path.join(combo.folder, "journal"), combo.gate_port, clients=4, rate=200, orders=True).start()
    try:
        whole_life(combo, load)
        summary = load.stop()
    finally:
        load.abandon()
    assert summary["errors"] + summary["wrong_reads"] == 0, "\n".join(map(str, summary["first_errors"]))
    for where in [{}, {"port": combo.port("server", "new_customer"), "user": "vt_app", "database": "new_customer",
                       "password_file": combo.password_file("vt_app")}]:
        verdict = load.verify(**where)
        assert verdict["ok"], verdict


def is_extended(definition):
    """Are there an empty string of extended metadata and the length of what follows, behind the six names?"""
    at = 0
    for _ in range(6):
        size, at = raw.lenenc(definition, at)
        at += size
    return definition[at:at + 2] == b"\0\x0c"


def definitions(client, sql):
    return [d for packets in client.query(sql) if packets[0][0] not in (0, 0xfe, 0xff)
            for d in packets[1:1 + packets[0][0]]]


def prepared_definitions(client, sql):
    client.command(raw.STMT_PREPARE, sql)
    _, _, columns, params = struct.unpack_from("<BIHH", client.packet())
    return [client.packet() for _ in range(params + columns)]


def test_clients_that_came_before_the_other_flavour_go_on_at_it(combo):
    """They expect of each column what MariaDB alone tells."""
    combo.kinds = {"customer": "mariadb", "new_customer": "mysql"}
    combo.up("customer")
    fill(combo, 500)
    client = raw.Client(combo.gate_port, mariadb_caps=raw.EXTENDED_METADATA)
    load = Load(os.path.join(combo.folder, "journal"), combo.gate_port, clients=4, rate=200, orders=True).start()
    try:
        load.go_on(100)
        combo.client("CreateKeyspace", "--server-kind", "mysql", "new_customer")
        whole_life(combo, load)
        summary = load.stop()
    finally:
        load.abandon()
    assert summary["errors"] + summary["wrong_reads"] == 0, "\n".join(map(str, summary["first_errors"]))
    assert load.verify()["ok"]
    with client:
        seen = definitions(client, "SELECT id, email FROM users LIMIT 2") + definitions(client, "SELECT 1 AS a FROM users LIMIT 1")
        seen += prepared_definitions(client, "SELECT id, ? AS given FROM users WHERE id = ?")
        client.query("USE new_customer")
        client.query("CREATE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2 AS b, 3 AS c; END")
        seen += definitions(client, "CALL two()") + definitions(client, "SHOW TABLES")
    assert len(seen) == 3 + 4 + 3 + 1 and all(map(is_extended, seen)), seen


def delete(combo):
    """Typed again, as its hint says, where it tells that vtctld is still at it."""
    try:
        combo.client("Workflow", "delete", WORKFLOW)
    except Failed as e:
        if "is still being cancelled" not in str(e):
            raise
        combo.client("Workflow", "delete", WORKFLOW)


def test_transactions_over_two_tables_are_no_victims_of_our_locks(combo):
    """On MySQL a lock of ours that waited would be one of two in a deadlock, and the client the one that is told."""
    flavours.up(combo, "mysql", "mysql")
    fill(combo, 500)
    load = Load(os.path.join(combo.folder, "journal"), combo.gate_port, clients=8, rate=0, orders=True, burst=True).start()
    try:
        load.go_on(500)
        for _ in range(3):
            combo.client("MoveTables", "--no-switch", f"customer.{TABLES}", "new_customer", "--workflow", "shop")
            delete(combo)
        summary = load.stop()
    finally:
        load.abandon()
    assert summary["errors"] + summary["wrong_reads"] == 0, "\n".join(map(str, summary["first_errors"]))


class Odd(threading.Thread):
    """A client whose statement, which runs for long, holds bytes that are no text."""

    def __init__(self, server):
        super().__init__()
        self.conn = server.connect()
        with self.conn.cursor() as cur:
            cur.execute("SET character_set_client=binary")
        self.start()

    def run(self):
        try:
            self.conn._execute_command(COMMAND.COM_QUERY, b"SELECT SLEEP(600), '\xff\\0\x80'")
            self.conn._read_query_result()
        except pymysql.Error:
            pass                # killed

    def end(self, server):
        server.sql(f"KILL {self.conn.thread_id()}")
        self.join()


def test_statements_with_bytes_that_are_no_text_can_be_listed(pair_of):
    p = pair_of("mysql-9.7", "mysql-9.7", "t")
    p.source.server.sql("CREATE TABLE customer.t (id INT PRIMARY KEY)")
    p.source.server.sql("INSERT INTO customer.t VALUES (1)")
    clients = [(Odd(t.server), t.server) for t in (p.source, p.target)]
    try:
        p.source.start()
        p.target.start()
        p.source.call("survey", **p.request())
        p.start()
        p.wait("running")
        p.check_equal()
    finally:
        for client, server in clients:
            client.end(server)


# ---- What is refused: the whole list is lib/types.py

ONLY = {
    "mysql": {"a check": ("v INT, CONSTRAINT c CHECK (v / 2 > 1)", "servers of another flavour"),
              "a collation": ("v TEXT COLLATE utf8mb4_0900_as_ci", "Unknown collation")},
    "mariadb": {"a key by hash": ("v TEXT, UNIQUE (v)", "key 'v'"),
                "a check": ("v INT CHECK (v > 1)", "'v' is defined in a way")},
}


@pytest.mark.parametrize("source, target", [p for p in flavours.PAIRS if p[0] != p[1]])
def test_what_the_other_side_has_not_is_refused_by_name(combo, source, target):
    flavours.up(combo, source, target)
    old, new = flavours.at(combo, "customer"), flavours.at(combo, "new_customer")
    for columns, words in ONLY[source].values():
        flavours.run(old, f"CREATE TABLE t (id INT PRIMARY KEY, {columns}) ENGINE=InnoDB")
        with pytest.raises(Failed, match=re.escape(words)) as told:
            combo.client("MoveTables", "customer.t", "new_customer", "--workflow", "shop")
        assert "hint: " in str(told.value)
        assert flavours.rows(new, "SHOW TABLES") == ()
        flavours.run(old, "DROP TABLE t")

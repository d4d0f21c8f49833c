"""Tables move between servers of different kinds, and back, with clients at work: nothing is lost and nobody sees an error."""
import os
import re
import struct
import threading

import pymysql
import pytest
from pymysql.constants import COMMAND

from lib import cases, flavours, mariadb, proc, raw
from lib.combo import Failed
from lib.load import Load
from lib.tablets import Refused

ACROSS = [p for p in flavours.PAIRS if p[0] != p[1]]
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


@pytest.mark.parametrize("source, target", cases.some(flavours.PAIRS, [("mysql", "mariadb")]))     # and back
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


MARKS = "CREATE TABLE marks (who VARCHAR(20) NOT NULL, day DATE NOT NULL, n INT, note VARCHAR(20), UNIQUE KEY note (note), " \
        "UNIQUE KEY whose (who, day), KEY n (n))"


class Marks:
    """A table without a primary key, and what is to be in it."""

    def __init__(self, client):
        self.client, self.rows = client, {}

    def write(self, sql, *args):
        with self.client.cursor() as cur:
            assert cur.execute(sql, args) == 1, sql

    def add(self, who, day, n):
        self.write("INSERT INTO marks VALUES (%s, %s, %s, %s)", who, day, n, f"{who} {day}")
        self.rows[who, day] = (n, f"{who} {day}")

    def change(self):
        """A value, a key, a unique value that changes hands, and a row that goes away."""
        (a, b, c, d), rows = sorted(self.rows)[:4], self.rows
        self.write("UPDATE marks SET n = n + 1 WHERE who = %s AND day = %s", *a)
        rows[a] = (rows[a][0] + 1, rows[a][1])
        self.write("DELETE FROM marks WHERE who = %s AND day = %s", *b)
        note = rows.pop(b)[1]
        self.write("UPDATE marks SET note = %s WHERE who = %s AND day = %s", note, *c)
        rows[c] = (rows[c][0], note)
        self.write("UPDATE marks SET who = CONCAT(who, 'x') WHERE who = %s AND day = %s", *d)
        rows[d[0] + "x", d[1]] = rows.pop(d)

    def check(self):
        with self.client.cursor() as cur:
            cur.execute("SELECT who, CAST(day AS CHAR), n, note FROM marks")
            assert {(who, day): rest for who, day, *rest in cur.fetchall()} == {k: list(v) for k, v in self.rows.items()}


@pytest.mark.parametrize("source, target", ACROSS)
def test_a_table_without_a_primary_key_moves_by_its_unique_one(combo, source, target):
    flavours.up(combo, source, target)
    client = pymysql.connect(host="127.0.0.1", port=combo.gate_port, user="app", database="customer", autocommit=True)
    flavours.run(client, MARKS)
    marks = Marks(client)
    for i in range(28):
        marks.add(f"who {i % 7}", f"2020-02-{i % 28 + 1:02}", i)
    marks.change()
    combo.client("MoveTables", "customer.marks", "new_customer", "--workflow", "shop")
    for action in "ReverseTraffic", "SwitchTraffic", "Complete":
        marks.check()
        marks.change()
        combo.client("MoveTables", action, WORKFLOW)
    marks.check()
    with flavours.at(combo, "new_customer") as conn:
        shown = flavours.rows(conn, "SHOW CREATE TABLE marks")[0][1]
    assert re.findall(r"KEY `(\w+)`", shown) == ["whose", "note", "n"], shown
    client.close()


LINES = "CREATE TABLE lines_ (who VARCHAR(20), n INT, KEY n (n))"


@pytest.mark.parametrize("source, target", [*ACROSS, ("mariadb", "mariadb")])       # from MySQL to MySQL: test_stream_strict.py
def test_a_table_without_any_key_moves_and_comes_back(combo, source, target):
    flavours.up(combo, source, target)
    client = pymysql.connect(host="127.0.0.1", port=combo.gate_port, user="app", database="customer", autocommit=True)
    flavours.run(client, LINES, "INSERT INTO lines_ VALUES ('a', 1), ('A', 1), ('a', 1), ('a ', 1), (NULL, 1), (NULL, 1), ('b', 2)")
    counts = {"a": 2, "A": 1, "a ": 1, None: 2, "b": 1}

    def check():
        rows = flavours.rows(client, "SELECT who FROM lines_")
        assert {who: sum(w == who for w, in rows) for who, in rows} == counts

    said = combo.client("MoveTables", "customer.lines_", "new_customer", "--workflow", "shop").stdout
    assert "note: table 'customer.lines_' has no primary key, and no unique key that could stand in for it: it is copied last" in said
    for action in "ReverseTraffic", "SwitchTraffic", "Complete":
        check()
        flavours.run(client, "UPDATE lines_ SET who = 'c' WHERE BINARY who = 'a' LIMIT 1",
                     "UPDATE lines_ SET who = 'a' WHERE who = 'c'", "DELETE FROM lines_ WHERE who IS NULL LIMIT 1",
                     "INSERT INTO lines_ VALUES (NULL, 1)", "INSERT INTO lines_ VALUES ('b', 2)")
        counts["b"] += 1
        combo.client("MoveTables", action, WORKFLOW)
    check()
    client.close()


def test_a_server_that_demands_primary_keys_says_so_before_the_copy(pair_of):
    """MySQL takes a unique key for one in CREATE TABLE, and not in the ALTER TABLE that adds the other indexes."""
    p = pair_of("mysql-9.7", "mysql-9.7", "t")
    p.source.server.sql("CREATE TABLE customer.t (id INT NOT NULL, v INT, UNIQUE KEY id (id), KEY v (v))")
    p.target.server.sql("SET GLOBAL sql_require_primary_key=ON")
    told = p.source.start().call("check_from", **p.request(side="from"))["tables"]
    request = p.request(side="to", definitions=[t["definition"] for t in told])
    with pytest.raises(Refused, match="the table cannot be made at the target.*sql_require_primary_key"):
        p.target.start().call("check_to", **request)
    p.target.server.sql("SET GLOBAL sql_require_primary_key=OFF")
    p.target.call("check_to", **request)


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


@pytest.mark.parametrize("moves", cases.some([1, 2], [1]))
def test_transactions_over_two_tables_are_no_victims_of_our_locks(combo, moves):
    """On MySQL a lock of ours that waited would be one of two in a deadlock, and the client the one that is told."""
    flavours.up(combo, "mysql", "mysql")
    fill(combo, 500)
    load = Load(os.path.join(combo.folder, "journal"), combo.gate_port, clients=8, rate=0, orders=True, burst=True).start()
    try:
        load.go_on(500)
        for _ in range(moves):
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


WARNED = {
    "t": "id VARCHAR(9) CHARACTER SET utf8mb3 PRIMARY KEY, u INT UNIQUE, e ENUM('a','b') NOT NULL, w VARCHAR(20) CHARACTER SET ucs2",
    "no_key": "id VARCHAR(9) CHARACTER SET utf8mb3, u INT, e ENUM('a','b') NOT NULL, w VARCHAR(20) CHARACTER SET macroman"}


def write_no_members(server, part):
    """ENUMs without a member, beside text that a literal's warning might be counted in; many rows by one statement, and some alone."""
    conn = server.connect("customer", init_command="SET sql_mode='', NAMES utf8mb4")
    for table in WARNED:
        rows = ", ".join(f"('{part}-{i}', {part * 1000 + i}, {i % 3}, '{['_ucs2', 'x_utf8mb3', 'a', chr(92) * 2][i % 4]}')" for i in range(40))
        flavours.run(conn, f"INSERT INTO {table} VALUES {rows}", f"UPDATE {table} SET w = CONCAT(w, 'b'), e = 0 WHERE u % 2 = 1",
                     f"UPDATE {table} SET u = -u, e = 0 WHERE u % 7 = 3")
    conn.close()


def test_text_of_character_sets_that_mysql_warns_of_beside_enums_without_a_member(pair_of):
    """Such a value is written without strict mode, and whatever else is warned of then stops the stream."""
    p = pair_of("mysql-9.7", "mysql-9.7", "t")
    p.tables = [(t, t) for t in WARNED]
    for table, columns in WARNED.items():
        p.source.server.sql(f"CREATE TABLE customer.{table} ({columns})")
    write_no_members(p.source.server, 1)
    p.source.start()
    p.target.start(faults="stream.chunk.before=sleep:20", options=("--chunk-rows", "3"))
    p.start()
    proc.wait_for(lambda: p.status()["rows_copied"] > 0, 60, "the first chunk", lambda: str(p.status()))
    write_no_members(p.source.server, 2)        # meets an applier that is catching up
    p.wait("running")
    write_no_members(p.source.server, 3)        # and one that is exact
    p.catch_up()
    for table in WARNED:
        read = [t.server.sql(f"SELECT id, u, e + 0, HEX(w) FROM {k}.{table} ORDER BY id, u") for t, k in
                ((p.source, "customer"), (p.target, "new_customer"))]
        assert read[0] == read[1] and len(read[0]) == 120 and any(row[2] == 0 for row in read[0])


# ---- What is refused: the whole list is lib/types.py

ONLY = {
    "mysql": {"a check": ("v INT, CONSTRAINT c CHECK (v / 2 > 1)", "servers of another flavour"),
              "a collation": ("v TEXT COLLATE utf8mb4_0900_as_ci", "Unknown collation")},
    "mariadb": {"a key by hash": ("v TEXT, UNIQUE (v)", "key 'v'"),
                "a check": ("v INT CHECK (v > 1)", "'v' is defined in a way")},
}


@pytest.mark.parametrize("source, target", ACROSS)
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


def test_ddl_of_the_other_flavour_is_not_to_be_run_whenever_that_is_asked_for(combo):
    flavours.up(combo, "mariadb", "mysql")
    flavours.run(flavours.at(combo, "customer"), "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB")
    move = "MoveTables", "--no-switch", "--workflow", "shop", "customer.t", "new_customer"
    with pytest.raises(Failed, match="of different flavours"):
        combo.client(*move, "--on-ddl", "EXEC")
    combo.client(*move, "--on-ddl", "IGNORE")
    for ask in (("Workflow", "update", "--on-ddl", "EXEC", WORKFLOW), ("Workflow", "update", "--on-ddl", "EXEC_IGNORE", WORKFLOW),
                (*move, "--on-ddl", "EXEC")):
        with pytest.raises(Failed, match="of different flavours"):
            combo.client(*ask)
    assert combo.api("workflow_show", workflow="new_customer/shop")["record"]["options"]["on_ddl"] == "IGNORE"
    combo.client("Workflow", "update", "--on-ddl", "STOP", WORKFLOW)

"""Foreign keys whose actions change rows that no binlog has: carried out at the target as at the source, there and back."""
import random
import threading
import time

import pymysql
import pytest

from lib import combo as combos
from lib import kinds, proc, tablets, typed, vdiffs
from lib.rounds import Rounds

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

MYSQL = "mysql" in map(kinds.brand, kinds.wanted())    # its server may carry them out itself and log each row, or may not
TABLES = ("parent", "child", "grand", "tree", "other", "log")
SCHEMA = [
    "CREATE TABLE parent (id INT PRIMARY KEY, code VARCHAR(9) COLLATE utf8mb4_bin NOT NULL, n INT, UNIQUE KEY code (code))",
    "CREATE TABLE child (id INT PRIMARY KEY, p INT, n INT, KEY p (p),"
    " CONSTRAINT c1 FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE)",
    "CREATE TABLE grand (id INT PRIMARY KEY, c INT, code VARCHAR(9) COLLATE utf8mb4_bin, KEY c (c), KEY code (code),"
    " CONSTRAINT g1 FOREIGN KEY (c) REFERENCES child (id) ON DELETE SET NULL,"
    " CONSTRAINT g2 FOREIGN KEY (code) REFERENCES parent (code) ON UPDATE CASCADE ON DELETE SET NULL)",
    "CREATE TABLE tree (id INT PRIMARY KEY, up INT, KEY up (up),"
    " CONSTRAINT t1 FOREIGN KEY (up) REFERENCES tree (id) ON DELETE CASCADE)",
    # A key without an action, and no key at all: in order with the others.
    "CREATE TABLE other (id INT PRIMARY KEY, p INT, KEY p (p), CONSTRAINT o1 FOREIGN KEY (p) REFERENCES parent (id))",
    "CREATE TABLE log (id INT, p INT, KEY p (p), CONSTRAINT l1 FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE)",
]
WORKFLOW = "new_customer.customer"
ROWS = 400
COM_RESET_CONNECTION = 0x1f
TOO_DEEP = (6575, 1296)         # a tree of more levels than the server follows: MySQL's, InnoDB


def fill(server):
    for sql in SCHEMA:
        server.sql(sql, database="customer")
    server.sql("INSERT INTO parent VALUES " + ", ".join(f"({i}, 'c{i}', {i % 10})" for i in range(1, ROWS)), database="customer")
    server.sql("INSERT INTO child VALUES " + ", ".join(f"({i}, {i}, {i % 10})" for i in range(1, ROWS)), database="customer")
    server.sql("INSERT INTO grand VALUES " + ", ".join(f"({i}, {i}, 'c{i}')" for i in range(1, ROWS)), database="customer")
    server.sql("INSERT INTO tree VALUES " + ", ".join(f"({i}, {i // 3 or 'NULL'})" for i in range(1, ROWS)), database="customer")
    server.sql("INSERT INTO other VALUES " + ", ".join(f"({i}, {i * 20})" for i in range(1, 20)), database="customer")


def reset(conn, database):
    """As a pool does before it gives a connection to the next: MySQL leaves it to InnoDB from then on, and logs nothing of it."""
    conn._execute_command(COM_RESET_CONNECTION, b"")
    conn._read_ok_packet()
    conn.select_db(database)
    conn.autocommit(conn.autocommit_mode)


class Writer(threading.Thread):
    """Deletes and changes parents, and makes them anew with children; one session in three checks no foreign key now and then."""

    def __init__(self, server, seed, database="customer"):
        super().__init__()
        self.server, self.random, self.database, self.stopped = server, random.Random(seed), database, threading.Event()
        self.done, self.failed = 0, None

    def change(self):
        r = self.random
        i, j = r.randint(1, ROWS), r.randint(1, ROWS)
        return r.choice([
            f"DELETE FROM parent WHERE id = {i}", f"DELETE FROM parent WHERE n = {i % 10} LIMIT 3",
            f"UPDATE parent SET id = {j} WHERE id = {i}", f"UPDATE parent SET code = 'd{j}' WHERE id = {i}",
            f"REPLACE INTO parent VALUES ({i}, 'c{j}', {j % 10})", f"INSERT INTO parent VALUES ({i}, 'c{i}', 1)",
            f"INSERT INTO child VALUES ({i}, {j}, 1)", f"INSERT INTO child VALUES ({j}, {i}, 2)", f"DELETE FROM child WHERE id = {i}",
            f"INSERT INTO grand VALUES ({i}, {j}, 'c{i}')", f"INSERT INTO tree VALUES ({i}, {j})", f"DELETE FROM tree WHERE id = {i}",
            f"UPDATE tree SET up = {j} WHERE id = {i}", f"INSERT INTO other VALUES ({i}, {j})", f"DELETE FROM other WHERE id = {i}",
            f"INSERT INTO log VALUES ({i % 20}, {j}), ({i % 20}, {j})", f"INSERT INTO log VALUES ({i % 20}, NULL), ({i % 20}, NULL)",
            f"UPDATE log SET id = {j % 20} WHERE id = {i % 20} LIMIT 3", f"DELETE FROM log WHERE id = {i % 20} LIMIT 5"])

    def run(self):
        conn = self.server.connect(self.database, autocommit=False)
        while not self.stopped.is_set():
            if MYSQL and self.random.random() < 0.3:
                reset(conn, self.database)
            with conn.cursor() as cur:
                for _ in range(self.random.randint(1, 4)):
                    try:
                        cur.execute(self.change())
                    except pymysql.Error as e:
                        if e.args[0] not in (1062, 1213, 1205, 1451, 1452, 1020, 3008, *TOO_DEEP):
                            self.failed = e
                            return
                        if e.args[0] == 1213:
                            conn.rollback()
            conn.commit()
            self.done += 1
            time.sleep(0.003)
        conn.close()

    def end(self):
        self.stopped.set()
        self.join()
        assert self.failed is None, f"{self.failed} {proc.tail(self.server.log)}"
        assert self.done > 5


@pytest.fixture
def family(pair):
    p = pair("parent")
    p.tables = [(t, t) for t in TABLES]
    fill(p.source.server)
    p.source.start()
    return p


def image(server, database):
    return {t: server.sql(f"SELECT * FROM {database}.{t} ORDER BY 1, 2") for t in TABLES}


def check_equal(p):
    mine, theirs = image(p.source.server, "customer"), image(p.target.server, "new_customer")
    for t in TABLES:
        assert mine[t] == theirs[t], (t, set(mine[t]) ^ set(theirs[t]))


def at_source(p, *statements, anew=False):
    conn = p.source.server.connect("customer")
    if anew:
        reset(conn, "customer")
    with conn.cursor() as cur:
        for sql in statements:
            cur.execute(sql)
    conn.close()


def test_what_foreign_keys_change_arrives_there_and_back(family):
    p = family
    seed = random.randrange(10 ** 6)
    print("seed", seed)
    p.target.start(faults="copy.commit.before=sleep:50,copy.strict.batch=sleep:50", options=("--chunk-rows", "40"))
    writers = [Writer(p.source.server, seed + i) for i in range(3)]
    for w in writers:
        w.start()
    p.start()
    p.wait("running")
    time.sleep(0.5)
    p.target.kill()
    p.target.start()
    p.wait("running")
    v = vdiffs.Vdiffs(p)
    done = v.wait(v.create(), "completed", "error")
    assert done["state"] == "completed" and not any(vdiffs.counts(t) for t in done["tables"]), done
    for w in writers:
        w.end()
    p.catch_up()
    check_equal(p)
    assert "strict table 'new_customer.child'" in proc.tail(p.target.log, 500)
    rounds = Rounds(p)
    rounds.switch()
    back = Writer(p.target.server, seed + 9, "new_customer")
    back.start()
    time.sleep(0.7)
    back.end()
    rounds.catch_up()
    check_equal(p)


def running(p, **options):
    p.target.start(**options)
    p.start()
    p.wait("running")


def test_parents_and_children_change_in_the_order_of_the_source(family):
    """Also where one run has them all: a parent that goes, comes again, and has another child."""
    running(family)
    family.target.kill()
    for i in range(100, 160):
        at_source(family, f"DELETE FROM parent WHERE id = {i} AND NOT EXISTS (SELECT 1 FROM other WHERE p = {i})",
                  f"INSERT IGNORE INTO parent VALUES ({i}, 'n{i}', 0)", f"INSERT INTO child VALUES ({1000 + i}, {i}, 0)")
    family.target.start()
    family.wait("running")
    family.catch_up()
    check_equal(family)


@pytest.mark.parametrize("anew", [False, True])
def test_a_session_that_was_reset(family, anew):
    """Whether the binlog has what foreign keys change depends on that, at MySQL; what arrives does not."""
    running(family)
    at_source(family, "DELETE FROM parent WHERE id = 7", "UPDATE parent SET id = 1008 WHERE id = 8", "UPDATE parent SET code = 'new' WHERE id = 9",
              "DELETE FROM tree WHERE id = 399", anew=anew)
    family.catch_up()
    check_equal(family)
    assert family.target.server.sql("SELECT p FROM new_customer.child WHERE id BETWEEN 7 AND 8") == ((1008,),)


def test_a_session_that_checks_nothing_cascades_nothing(family):
    running(family)
    at_source(family, "SET foreign_key_checks = 0", "DELETE FROM parent WHERE id = 7", "INSERT INTO child VALUES (2000, 9999, 0)",
              "UPDATE parent SET id = 8008 WHERE id = 8", "SET foreign_key_checks = 1", "DELETE FROM parent WHERE id = 9")
    family.catch_up()
    check_equal(family)
    assert family.target.server.sql("SELECT COUNT(*) FROM new_customer.child WHERE id IN (7, 8, 9, 2000)") == ((3,),)


def test_rows_that_refer_to_one_another_in_a_circle(family):
    """Where the binlog has the actions, it has the row that closes the circle twice."""
    running(family)
    at_source(family, "INSERT INTO tree VALUES (500, NULL), (501, 500), (502, 501)", "UPDATE tree SET up = 502 WHERE id = 500",
              "INSERT INTO tree VALUES (503, 501)", "DELETE FROM tree WHERE id = 500", "INSERT INTO tree VALUES (500, NULL)")
    family.catch_up()
    check_equal(family)


def test_equal_rows_are_each_deleted(family):
    """By clients, by actions, and in sessions that check nothing."""
    running(family)
    at_source(family, "INSERT INTO log VALUES (1, NULL), (1, NULL), (1, NULL), (1, NULL), (2, 50), (2, 50), (3, 51), (3, 51), (3, 51)",
              "DELETE FROM log WHERE id = 1 LIMIT 2", "DELETE FROM parent WHERE id = 50 AND NOT EXISTS (SELECT 1 FROM other WHERE p = 50)",
              "SET foreign_key_checks = 0", "DELETE FROM log WHERE id = 3 LIMIT 2", "UPDATE log SET id = 9 WHERE id = 1", "DELETE FROM log WHERE id = 9 LIMIT 1")
    family.catch_up()
    check_equal(family)
    assert len(image(family.target.server, "new_customer")["log"]) == 2


# A post is the last one of its thread, and goes with it; rows that refer to themselves by several kinds of keys.
CIRCLES = [
    "CREATE TABLE thread (id INT PRIMARY KEY, last INT, n INT, KEY last (last))",
    "CREATE TABLE post (id INT PRIMARY KEY, thread INT, n INT, KEY thread (thread),"
    " CONSTRAINT p1 FOREIGN KEY (thread) REFERENCES thread (id) ON DELETE CASCADE)",
    "ALTER TABLE thread ADD CONSTRAINT t1 FOREIGN KEY (last) REFERENCES post (id) ON DELETE SET NULL",
    "CREATE TABLE own (id INT PRIMARY KEY, up INT, n INT, KEY up (up), CONSTRAINT w1 FOREIGN KEY (up) REFERENCES own (ID) ON DELETE SET NULL)",
    "CREATE TABLE odd (a INT NULL, b INT NOT NULL, up INT, ub INT, n INT, UNIQUE KEY ab (a, b), KEY up (up, ub),"
    " CONSTRAINT x1 FOREIGN KEY (up, ub) REFERENCES odd (A, b) ON DELETE SET NULL)",
]


def test_what_an_action_makes_of_the_row_that_is_deleted(pair):
    """MySQL's binlog has that, and then the DELETE of the row as it was."""
    p = pair("thread")
    p.tables = [(t, t) for t in ("thread", "post", "own", "odd")]
    for sql in CIRCLES:
        p.source.server.sql(sql, database="customer")
    p.source.start()
    running(p)
    at_source(p, "INSERT INTO thread VALUES (1, NULL, 1), (2, NULL, 1), (3, NULL, 3)", "INSERT INTO post VALUES (1, 1, 1), (2, 1, 2), (3, 2, 3), (4, 3, 4)",
              "UPDATE thread SET last = 2 WHERE id = 1", "UPDATE thread SET last = 3 WHERE id = 2", "UPDATE thread SET last = 4 WHERE id = 3",
              "DELETE FROM thread WHERE id = 1", "DELETE FROM post WHERE id = 3", "INSERT INTO thread VALUES (1, 4, 1)", "DELETE FROM thread WHERE id IN (1, 3)",
              "INSERT INTO own VALUES (1, 1, 1), (2, 1, 1), (3, 3, 1), (4, 3, 1)", "DELETE FROM own WHERE id = 1", "DELETE FROM own WHERE id = 3",
              "INSERT INTO own VALUES (3, 3, 2)", "REPLACE INTO own VALUES (3, 3, 2)", "DELETE FROM own WHERE id = 3",
              "INSERT INTO odd VALUES (1, 1, 1, 1, 1), (2, 1, 1, 1, 1), (NULL, 1, NULL, 1, 1), (NULL, 1, NULL, 1, 1), (NULL, 1, NULL, 1, 1)",
              "DELETE FROM odd WHERE a = 1", "DELETE FROM odd WHERE a IS NULL LIMIT 2")
    p.catch_up()
    for table, left in (("thread", 1), ("post", 0), ("own", 2), ("odd", 2)):
        mine, theirs = (s.sql(f"SELECT * FROM {d}.{table} ORDER BY 1") for s, d in ((p.source.server, "customer"), (p.target.server, "new_customer")))
        assert mine == theirs and len(mine) == left, (table, mine, theirs)


class Child(typed.Table):
    def definition(self):
        first, rest = super().definition().split(", ", 1)
        key = ", p INT NULL, CONSTRAINT {} FOREIGN KEY (p) REFERENCES parent (id) ON DELETE SET NULL) CHARSET="
        return f"{first}, {rest.replace(') CHARSET=', key.format(self.name), 1)}"


def test_children_have_columns_of_all_types(family):
    """What is proved of their foreign keys would name a row by all of its values."""
    kind = family.source.server.flavour
    tables = [Child(t.name, t.rows) for t in typed.tables_of(typed.rows_of(kind, kind)) if t.name.startswith("t")]
    writer = typed.Writer(family.source.server, tables)
    for t in tables:
        writer.run(t.definition())
    writer.insert(1000)
    family.tables += [(t.name, t.name) for t in tables]
    running(family)
    writer.all_kinds(2000)
    for t in tables:
        writer.run(f"UPDATE {t.name} SET p = 30 + id % 10")
    writer.run("DELETE FROM parent WHERE id BETWEEN 30 AND 34 AND id NOT IN (SELECT p FROM other)")
    family.catch_up()
    check_equal(family)
    there = typed.loosely(family.target.server, "new_customer")
    for t in tables:
        assert t.image(writer.conn) == t.image(there)


def test_nothing_is_applied_before_the_keys_are_there(family):
    new = range(500, 530)
    at_source(family, *(f"INSERT INTO parent VALUES ({i}, 'c{i}', 0)" for i in new), *(f"INSERT INTO grand VALUES ({i}, NULL, 'c{i}')" for i in new))
    family.target.start(faults="stream.key.proved=sleep:700")
    family.start()
    proc.wait_for(lambda: "strict table 'new_customer.tree'" in proc.tail(family.target.log, 200), 60, "the strict copy")
    for i in new:       # comes again at once: no row is left without the one that it refers to
        at_source(family, f"DELETE FROM parent WHERE id = {i}", f"INSERT INTO parent VALUES ({i}, 'c{i}', 0)")
    family.wait("running")
    family.catch_up()
    check_equal(family)


def test_a_row_that_violates_a_key_is_named_and_the_copy_made_anew(family):
    at_source(family, "SET foreign_key_checks = 0", "INSERT INTO child VALUES (3000, 12345, 0)")
    family.target.start()
    family.start()
    proc.wait_for(lambda: "violates" in family.status()["error"], 120, "the row to be named", lambda: str(family.status()))
    assert "the row `id`=3000, `p`=12345, `n`=0 of 'customer.child' violates the foreign key 'c1'" in family.status()["error"]
    at_source(family, "DELETE FROM parent WHERE id = 11", "DELETE FROM child WHERE id = 3000", "DELETE FROM parent WHERE id = 12")
    family.wait("running")
    family.catch_up()
    check_equal(family)


@pytest.mark.skipif(MYSQL, reason="it keeps no history")
def test_what_is_kept_as_history_too_is_refused(kept_server, folder):
    made = tablets.Tablet(folder, kept_server, "customer", 100).start()
    try:
        for sql in SCHEMA[:2]:
            made.server.sql(sql, database="customer")
        made.server.sql("ALTER TABLE child ADD SYSTEM VERSIONING", database="customer")
        with pytest.raises(tablets.Refused) as refused:
            made.call("check_from", workflow="new_customer/t", side="from", **{"from": {"database": "customer"}, "to": {"database": "new_customer"}},
                      tables=[{"from": t, "to": t} for t in ("parent", "child")])
        assert "'customer.child' is system versioned, and its foreign key 'c1' has ON DELETE CASCADE" in refused.value.text
    finally:
        made.stop()


def test_columns_of_several_character_sets_in_a_row_that_is_named(pair):
    p = pair("child")
    p.tables = [("parent", "parent"), ("child", "child")]
    conn = typed.loosely(p.source.server, "customer")
    with conn.cursor() as cur:
        for sql in (SCHEMA[0], "CREATE TABLE child (a VARCHAR(9) CHARACTER SET swe7, b VARCHAR(9), p INT, c BLOB,"
                    " CONSTRAINT c1 FOREIGN KEY (p) REFERENCES parent (id))", "SET foreign_key_checks = 0",
                    "INSERT INTO child VALUES ('x', 'ä', 5, x'00ff')"):
            cur.execute(sql)
    p.source.start(), p.target.start()
    p.start()
    proc.wait_for(lambda: "violates" in p.status()["error"], 120, "the row to be named", lambda: str(p.status()))
    assert "the row `a`=x, `b`=ä, `p`=5, `c`=0x00FF of 'customer.child'" in p.status()["error"]
    conn.close()


@pytest.mark.skipif(bool(combos.missing_programs()), reason="not all programs are built")
def test_a_move_through_vtgate_there_and_back(combo):
    def gate(sql):
        return combo.mariadb(sql, "customer", port=combo.gate_port, user="app").strip()

    combo.up("customer", "new_customer")
    combo.mariadb("; ".join(SCHEMA), "customer", port=combo.port("server", "customer"), user="vt_dba")
    gate("INSERT INTO parent VALUES (1, 'a', 0), (2, 'b', 0), (3, 'c', 0), (4, 'd', 0); INSERT INTO child SELECT id, id, 0 FROM parent")
    said = combo.client("MoveTables", "customer.*", "new_customer")
    told = "table 'customer.child' has rows that its foreign key 'c1' changes (ON DELETE CASCADE ON UPDATE CASCADE), which is in no binlog: it is copied last"
    assert told in said.stdout + said.stderr, said
    gate("DELETE FROM parent WHERE id = 1; UPDATE parent SET id = 20 WHERE id = 2")
    assert gate("SELECT GROUP_CONCAT(p ORDER BY p) FROM child") == "3,4,20"
    combo.client("MoveTables", "ReverseTraffic", WORKFLOW)
    gate("DELETE FROM parent WHERE id = 3")
    combo.client("MoveTables", "SwitchTraffic", WORKFLOW)
    gate("DELETE FROM parent WHERE id = 20")
    for keyspace in "new_customer", "customer":
        proc.wait_for(lambda: combo.mariadb("SELECT GROUP_CONCAT(p) FROM child", keyspace, port=combo.port("server", keyspace), user="vt_dba").strip() == "4",
                      20, f"the child at {keyspace}",
                      lambda: combo.mariadb("SELECT * FROM child; SELECT * FROM parent", keyspace, port=combo.port("server", keyspace), user="vt_dba") + str(combo.client("Workflow", "show", WORKFLOW, check=False).stdout))

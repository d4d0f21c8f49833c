"""Tables whose rows no key tells apart: duplicates are counted exactly, whatever dies meanwhile."""
import random
import threading
import time

import pymysql
import pytest

from lib import kinds, proc, typed, vdiffs
from lib.rounds import Rounds
from lib.streams import TABLE

SOURCE = kinds.wanted()[0]
pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

# Of each some rows are the same, and some differ in ways that a comparison may not see.
TABLES = {
    "log": "CREATE TABLE log (what VARCHAR(20), n INT, at_ TIMESTAMP(2) NULL, KEY n (n))",
    "spaces": "CREATE TABLE spaces (what VARCHAR(20) COLLATE utf8mb4_general_ci, n INT, b VARBINARY(9), KEY what (what))",
    "floats": "CREATE TABLE floats (f FLOAT PRIMARY KEY, n INT)",
    "prefix": "CREATE TABLE prefix (what TEXT, n INT, id INT AUTO_INCREMENT, UNIQUE KEY (what(4)), KEY (id))",
    "maybe": "CREATE TABLE maybe (u INT NULL, n INT, d DOUBLE, UNIQUE KEY u (u))",
}
WHAT = ["'a'", "'A'", "'a '", "'\u00e4'", "''", "NULL", "'b'"]


class Writer(threading.Thread):
    """Changes any row, until told to stop: which of several that are the same is the server's choice."""

    def __init__(self, server, seed, database="customer"):
        super().__init__()
        self.server, self.random, self.stopped, self.database = server, random.Random(seed), threading.Event(), database
        self.failed, self.done = None, 0

    def run(self):
        conn = self.server.connect(self.database, autocommit=False, init_command="SET sql_mode=''")
        while not self.stopped.is_set():
            try:
                with conn.cursor() as cur:
                    for _ in range(self.random.randint(1, 4)):
                        cur.execute(self.change())
                conn.commit()
                self.done += 1
                time.sleep(0.004)       # of each change the target looks through a whole table
            except pymysql.Error as e:
                conn.rollback()
                if e.args[0] not in (1213, 1205, 1062, 1020):
                    self.failed = e
                    return
        conn.close()

    def values(self, table):
        r = self.random
        n, what = r.randint(1, 5), r.choice(WHAT)
        return {"log": {"what": what, "n": n, "at_": r.choice(["NULL", "'2020-01-01 00:00:00.25'"])},
                "spaces": {"what": what, "n": n, "b": r.choice(["''", "'\\0'", "'\\0\\0'", "NULL"])},
                "floats": {"f": f"{r.choice([0.1, 1.5, 3e20, -0.0])} * {r.randint(1, 400)}", "n": n},
                "prefix": {"what": f"'{r.randint(1, 900):04}{n}'", "n": n},
                "maybe": {"u": r.choice(["NULL", str(r.randint(1, 900))]), "n": n, "d": r.choice(["0", "-0e0", "0.1", "1e300/3"])},
                }[table]

    def change(self):
        r = self.random
        table = r.choice(list(TABLES))
        values = self.values(table)
        pairs = ", ".join(f"{c} = {v}" for c, v in values.items())
        where = f"n = {r.randint(1, 5)} LIMIT {r.randint(1, 3)}"
        what = r.random()
        if what < 0.55:
            return f"INSERT {'IGNORE' if table in ('floats', 'prefix', 'maybe') else ''} INTO {table} SET {pairs}"
        if what < 0.8:
            return f"UPDATE IGNORE {table} SET {pairs} WHERE {where}"
        return f"DELETE FROM {table} WHERE {where}"

    def end(self):
        self.stopped.set()
        self.join()
        assert self.failed is None, self.failed
        assert self.done > 5


def image(tablet, keyspace, table):
    """Its rows, as bytes, in an order of these."""
    columns = [c for c, in tablet.server.sql("SELECT column_name FROM information_schema.columns WHERE table_schema = %s "
                                             "AND table_name = %s ORDER BY ordinal_position", (keyspace, table))]
    reads = [f"HEX({c}), CONCAT({c})" for c in columns]
    return sorted(tablet.server.sql(f"SELECT {', '.join(reads)} FROM {keyspace}.{table}"), key=repr)


def check_equal(p, tables=TABLES):
    for table in tables:
        mine, theirs = image(p.source, "customer", table), image(p.target, "new_customer", table)
        assert mine == theirs, table
        assert mine, table


def begin(p, rows):
    p.tables = [(t, t) for t in TABLES] + [("t", "t")]
    p.source.server.sql(TABLE, database="customer")
    for sql in TABLES.values():
        p.source.server.sql(sql, database="customer")
    for table in "log", "spaces", "maybe":
        p.source.server.sql(f"INSERT INTO {table} (n) VALUES " + ", ".join(f"({i % 5 + 1})" for i in range(rows)), database="customer")
    p.source.server.sql("INSERT INTO t (u) VALUES " + ", ".join(f"({i})" for i in range(rows)), database="customer")
    p.source.start()


def slowly(batch, ms):
    """It stands still in the middle of the strict copy."""
    return {"faults": f"copy.strict.view=sleep:300,copy.strict.heartbeat=sleep:60,copy.strict.batch=sleep:{ms}@{batch}", "options": ("--chunk-rows", "200")}


def in_copy_of_strict(p):
    """Its tables' rows are coming, and those of the table with a key are there."""
    return proc.wait_for(lambda: (s := p.status())["state"] == "catching-up" and sum(t["rows_copied"] for t in s["tables"][:-1]) and s,
                         60, "the copy of the strict tables", lambda: f"{p.status()} {proc.tail(p.target.log)}")


def arrive_once(p):
    seed = random.randrange(10 ** 6)
    print("seed", seed)
    begin(p, 3000)
    p.target.start(**slowly(4, 1500))
    writers = [Writer(p.source.server, seed + i) for i in range(3)]
    for w in writers:
        w.start()
    p.start()
    in_copy_of_strict(p)
    p.wait("running")
    time.sleep(1)
    for w in writers:
        w.end()
    p.catch_up()
    check_equal(p, [*TABLES, "t"])
    for side, keyspace in ((p.source, "customer"), (p.target, "new_customer")):     # bare while they are copied
        assert {i for _, _, i, *_ in side.server.sql(f"SHOW INDEX FROM {keyspace}.prefix")} == {"what", "id"}
    rounds = Rounds(p)
    rounds.switch()
    back = Writer(p.target.server, seed + 9, "new_customer")
    back.start()
    time.sleep(1)
    back.end()
    rounds.catch_up()
    check_equal(p)


def test_what_is_written_during_and_after_the_copy_arrives_once(pair):
    arrive_once(pair("t"))


def test_the_same_where_a_view_does_not_tell_its_place(pair_of):
    arrive_once(pair_of("mysql-9.7", "mysql-9.7", "t"))


@pytest.mark.parametrize("kills", [3])
def test_a_program_that_dies_copies_them_once(pair, kills):
    seed = random.randrange(10 ** 6)
    print("seed", seed)
    r = random.Random(seed)
    p = pair("t")
    begin(p, 2000)
    p.target.start(**slowly(4, 60000))
    writer = Writer(p.source.server, seed)
    writer.start()
    p.start()
    for _ in range(kills):
        in_copy_of_strict(p)
        time.sleep(r.uniform(0, 0.5))
        p.target.kill()
        p.target.start(**slowly(r.randint(1, 30), 60000))
    in_copy_of_strict(p)
    p.target.kill()
    p.target.start()
    p.wait("running")
    for _ in range(2):                      # and once they follow
        time.sleep(0.3)
        p.target.kill()
        p.target.start()
    p.wait("running")
    writer.end()
    p.catch_up()
    check_equal(p, [*TABLES, "t"])


def test_a_lost_connection_copies_them_anew(pair):
    p = pair("t")
    begin(p, 2000)
    p.target.start(faults="copy.strict.batch=error@4", options=("--chunk-rows", "200"))
    writer = Writer(p.source.server, 1)
    writer.start()
    p.start()
    p.wait("running")
    writer.end()
    p.catch_up()
    assert "copying tables without a key" in proc.tail(p.target.log, 200)
    check_equal(p)


def test_what_the_copy_has_is_not_read_again(pair):
    """It dies when the tables are copied, and the applier has not yet come to the place where their copy begins to count."""
    p = pair("t")
    begin(p, 500)
    p.target.start(faults="copy.strict.view=sleep:2000,stream.run.before=sleep:3000")
    p.start()
    p.wait("catching-up")
    for i in range(50):                     # behind the applier, which stands still, and before the view
        p.source.server.sql(f"INSERT INTO log (what, n) VALUES ('before', {i})", database="customer")
    proc.wait_for(lambda: all(t["rows_copied"] for t in p.status()["tables"] if t["rows_estimate"] > 100), 60, "the copy")
    time.sleep(1)
    p.target.kill()
    p.target.start()
    p.wait("running")
    p.catch_up()
    check_equal(p, ["log"])


def test_a_row_that_is_not_there_stops_the_stream_by_its_values(pair):
    p = pair("t")
    begin(p, 100)
    p.target.start()
    p.start()
    p.wait("running")
    p.catch_up()
    p.target.server.sql("UPDATE new_customer.log SET what = 'other'")
    p.source.server.sql("UPDATE log SET what = 'x' WHERE n = 3 LIMIT 1", database="customer")
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 20, "the stream to stop")
    assert "table 'new_customer.log' differs from its source: UPDATE of (" in status["error"]
    assert "changed 0 rows, not 1" in status["error"]


def compared(p, **options):
    """{table: what differs}, of tables that have rows."""
    v = vdiffs.Vdiffs(p)
    done = v.wait(v.create(**options), "completed", "error")
    assert done["state"] == "completed", done
    assert all(t["compared"] > 0 for t in done["tables"])
    return {t["name"]: vdiffs.counts(t) for t in done["tables"] if vdiffs.counts(t)}


def test_they_are_compared_while_clients_write(pair):
    p = pair("t")
    begin(p, 2000)
    p.target.start(faults="vdiff.view.before=sleep:200")
    writers = [Writer(p.source.server, i) for i in range(2)]
    for w in writers:
        w.start()
    p.start()
    p.wait("running")
    for _ in range(3):
        assert compared(p) == {}
    for w in writers:
        w.end()
    p.catch_up()
    check_equal(p)


def test_each_row_that_differs_is_counted_and_shown(pair):
    p = pair("t")
    begin(p, 500)
    p.source.server.sql("INSERT INTO spaces (what, n, b) VALUES ('same', 1, ''), ('same', 1, '')", database="customer")
    p.source.server.sql("INSERT INTO floats VALUES (0.1, 1), (-0.0, 1)", database="customer")
    p.source.server.sql("INSERT INTO prefix (what, n) VALUES ('abcd', 1)", database="customer")
    p.target.start()
    p.start()
    p.wait("running")
    p.catch_up()
    assert compared(p) == {}
    for sql in ("DELETE FROM log LIMIT 1", "UPDATE spaces SET what = 'same ' WHERE what = 'same' LIMIT 1", "UPDATE floats SET f = 0.1000001 WHERE n = 1 AND f > 0",
                "INSERT INTO maybe VALUES (NULL, 1, 0.5)", "UPDATE prefix SET n = NULL", "UPDATE t SET name = 'x' WHERE id = 3"):
        p.target.server.sql(sql, database="new_customer")
    one_each = {"extra_source": 1, "extra_target": 1}
    assert compared(p) == {"log": {"extra_source": 1}, "spaces": one_each, "floats": one_each, "maybe": {"extra_target": 1}, "prefix": one_each,
                           "t": {"mismatched": 1}}
    v = vdiffs.Vdiffs(p)
    shown = v.wait(v.create(tables=["spaces"]), "completed")["tables"][0]
    assert [r["Row"]["what"] for k in ("extra_source", "extra_target") for r in vdiffs.samples(shown, k)] == ["same", "same "]
    # Many differences: each is counted, and some are shown.
    p.target.server.sql("DELETE FROM log", database="new_customer")
    shown = v.wait(v.create(tables=["log"]), "completed")["tables"][0]
    assert vdiffs.counts(shown) == {"extra_source": 500} and len(vdiffs.samples(shown, "extra_source")) == 10


def test_what_cannot_be_done_with_them_is_said(pair):
    p = pair("t")
    begin(p, 100)
    p.target.start()
    p.start()
    p.wait("running")
    v = vdiffs.Vdiffs(p)
    for option in ({"limit": 10}, {"repair": True}):
        done = v.wait(v.create(**option), "completed", "error")
        assert done["state"] == "error" and "it is compared whole, without --limit and --repair" in done["error"], done
    assert v.wait(v.create(tables=["t"], limit=10), "completed", "error")["state"] == "completed"


def test_a_comparison_that_dies_begins_its_table_anew(pair):
    p = pair("t")
    begin(p, 1000)
    p.target.start(faults="vdiff.look.before=sleep:400")
    p.start()
    p.wait("running")
    v = vdiffs.Vdiffs(p)
    which = v.create()
    v.wait(which, "started")
    p.target.kill()
    p.target.start()
    done = v.wait(which, "completed", "error")
    assert done["state"] == "completed" and {t["name"]: t["compared"] for t in done["tables"]}["log"] == 1000, done
    assert not any(vdiffs.counts(t) for t in done["tables"])


class Keyless(typed.Table):
    def definition(self):
        return super().definition().replace("id INT PRIMARY KEY", "id INT")


class KeylessLenient(Keyless, typed.Lenient):
    """Found by their values, in statements whose warnings are counted."""


@pytest.mark.parametrize("kind", [Keyless, KeylessLenient])
def test_every_type_is_found_by_its_values(pair, kind):
    tables = typed.tables_of(typed.rows_of(SOURCE, SOURCE), kind)
    p = pair("t0")
    p.tables = [(t.name, t.name) for t in tables]
    writer = typed.Writer(p.source.server, tables)
    for t in tables:
        writer.run(t.definition())
    writer.insert(1000)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    writer.all_kinds(2000)
    p.catch_up()
    there = typed.loosely(p.target.server, "new_customer")
    for t in tables:
        mine, theirs = t.image(writer.conn), t.image(there)
        assert mine and mine == theirs, (t.name, [(k, mine.get(k), theirs.get(k)) for k in {*mine, *theirs}
                                                  if mine.get(k) != theirs.get(k)][:5])

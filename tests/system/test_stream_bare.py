"""Tables whose AUTO_INCREMENT needs an index besides the primary key: what the bare table has of it, and what comes of it."""
import random
import threading

import pytest

from lib import proc

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

ROWS = 30000        # of 300 bytes: nine chunks
TABLE = "CREATE TABLE t (k INT NOT NULL, id INT NOT NULL AUTO_INCREMENT, v VARCHAR(300) NOT NULL, {keys})"
KEYS = ["PRIMARY KEY (k), UNIQUE KEY id (id)", "PRIMARY KEY (k, id), UNIQUE KEY id (id)"]


def fill(p, keys, rows):
    p.source.server.sql(TABLE.format(keys=keys), database="customer")
    p.source.server.sql(f"INSERT INTO t SELECT seq, seq, REPEAT('v', 290) FROM seq_1_to_{rows}", database="customer")


class Swapper(threading.Thread):
    """Deletes rows from all over the table and inserts them again, each with the other's id."""

    def __init__(self, server, rows, seed):
        super().__init__()
        self.server, self.rows, self.random, self.stopped = server, rows, random.Random(seed), threading.Event()

    def run(self):
        conn = self.server.connect("customer", autocommit=False)
        with conn.cursor() as cur:
            while not self.stopped.is_set():
                self.swap(cur, *self.random.sample(range(1, self.rows + 1), 2))
                conn.commit()
        conn.close()

    def swap(self, cur, *keys):
        cur.execute("SELECT k, id, v FROM t WHERE k IN (%s, %s) FOR UPDATE", keys)
        (a, a_id, a_v), (b, b_id, b_v) = cur.fetchall()
        cur.execute("DELETE FROM t WHERE k IN (%s, %s)", keys)
        cur.execute("INSERT INTO t VALUES (%s, %s, %s), (%s, %s, %s)", (a, b_id, a_v, b, a_id, b_v))

    def end(self):
        self.stopped.set()
        self.join()


@pytest.mark.parametrize("keys", KEYS)
def test_ids_that_change_hands_during_the_copy(pair, keys):
    p = pair("t")
    fill(p, keys, ROWS)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:100")
    swapper = Swapper(p.source.server, ROWS, 17)
    swapper.start()
    try:
        p.start()
        p.wait("running")
    finally:
        swapper.end()
    p.freeze()
    p.check_equal("k, id")
    assert p.definition(p.source, "customer") == p.definition(p.target, "new_customer")


def indexes(p):
    """Of the target's table: (name, is unique)."""
    return set(p.target.server.sql("SELECT index_name, non_unique = 0 FROM information_schema.statistics "
                                   "WHERE table_schema = 'new_customer' AND index_name <> 'PRIMARY'"))


def check_arrived(p):
    p.wait("running")
    p.freeze()
    p.check_equal("k, id")
    assert p.definition(p.source, "customer") == p.definition(p.target, "new_customer")


@pytest.mark.parametrize("where, there", [("before", {("id", 0)}), ("after", {("id", 1)})])
def test_a_kill_beside_the_build_of_the_unique_index(pair, where, there):
    p = pair("t")
    fill(p, KEYS[0], 1000)
    p.source.start(), p.target.start(faults=f"stream.index.{where}=kill")
    p.start()
    p.target.process.wait(60)
    assert indexes(p) == there
    p.target.start()
    check_arrived(p)


def test_a_kill_while_the_unique_index_is_waited_for(pair):
    p = pair("t")
    fill(p, KEYS[0], ROWS)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:100")
    p.start()
    proc.wait_for(lambda: p.status()["rows_copied"] > 0, 30, "the first chunk")
    reader = p.target.server.connect("new_customer", autocommit=False)
    with reader.cursor() as cur:
        cur.execute("SELECT 1 FROM t LIMIT 1")          # the build cannot begin before this has ended
    waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'ALTER%' AND state LIKE '%metadata lock'"
    proc.wait_for(lambda: p.target.server.sql(waiting) == ((1,),), 60, "the build to wait")
    p.target.kill()
    p.target.start()
    p.source.server.sql("UPDATE t SET id = -id WHERE k IN (1, 2)", database="customer")
    reader.rollback()
    check_arrived(p)


@pytest.mark.parametrize("keys, bare", [
    ("PRIMARY KEY (k), KEY v (v(20)), KEY `i``d` (id), KEY w (v(5))", {("i`d", 0)}),
    ("PRIMARY KEY (k), UNIQUE KEY a (k, v(20)), UNIQUE KEY id (id DESC, v(10)) COMMENT 'it''s', KEY w (v(5))", {("id", 0)}),
    ("PRIMARY KEY (k, id), UNIQUE KEY u (id), KEY w (v(5)), KEY p (id, v(10))", {("p", 0)}),
    ("PRIMARY KEY (k), KEY id (id)", {("id", 0)}),
    ("PRIMARY KEY (id), UNIQUE KEY u (id, k), KEY w (v(5))", set()),
])
def test_indexes_come_back_in_their_order(pair, keys, bare):
    p = pair("t")
    fill(p, keys, ROWS)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:100")
    p.start()
    proc.wait_for(lambda: p.status()["rows_copied"] > 0, 30, "the first chunk")
    assert indexes(p) == bare
    check_arrived(p)


@pytest.mark.parametrize("key", ["PRIMARY KEY (k)", "UNIQUE KEY k (k)"])
def test_a_spatial_index_comes_back_in_its_place(pair, key):
    p = pair("t")
    p.source.server.sql(f"CREATE TABLE t (k INT NOT NULL, id INT, p POINT NOT NULL, {key}, KEY id (id), SPATIAL KEY p (p), KEY w (id, k))",
                        database="customer")
    p.source.server.sql("INSERT INTO t VALUES (1, 2, ST_GeomFromText('POINT(1 2)')), (2, 1, ST_GeomFromText('POINT(2 1)'))",
                        database="customer")
    p.source.start(), p.target.start()
    p.start()
    check_arrived(p)


@pytest.mark.long
def test_a_large_index_of_ids_that_move_all_the_time(pair):
    """Every online build of it ends with error 1062."""
    p = pair("t")
    fill(p, KEYS[0], 1500000)
    p.source.start(), p.target.start()
    swapper = Swapper(p.source.server, 1500000, 19)
    swapper.start()
    try:
        p.start()
        p.wait("running", seconds=300)
    finally:
        swapper.end()
    check_arrived(p)

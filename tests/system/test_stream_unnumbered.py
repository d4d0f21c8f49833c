"""Large tables that are copied without AUTO_INCREMENT: how they get it, and what a kill at each step leaves."""
import threading

import pytest

from lib import cases, kinds, proc

pytestmark = [pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built"),
              pytest.mark.skipif(kinds.brand(kinds.wanted()[1]) == "mysql", reason="it loads such a table by several connections")]

ROWS = 120000
SMALL = 1000
TABLE = ("CREATE TABLE t (id INT NOT NULL AUTO_INCREMENT COMMENT 'not AUTO_INCREMENT', k INT NOT NULL DEFAULT 7, "
         "v VARCHAR(60) CHECK (v <> 'no'), w INT AS (k + 1) STORED, {keys})")
KEYS = "PRIMARY KEY (id), UNIQUE KEY v (v), KEY k (k, id)"
POINTS = ["before", "after", "renamed"]


def fill(p, rows=ROWS, keys=KEYS):
    p.source.server.sql(TABLE.format(keys=keys), database="customer")
    p.source.server.sql(f"INSERT INTO t (id, k, v) SELECT seq, seq * 7 % 1000, CONCAT('v', seq) FROM seq_1_to_{rows}",
                        database="customer")
    p.source.server.sql("ANALYZE TABLE t", database="customer")     # how many rows it has is asked of the statistics


class Writer(threading.Thread):
    """Changes, deletes and inserts rows, by ids that the server gives."""

    def __init__(self, server):
        super().__init__()
        self.server, self.stopped, self.turns = server, threading.Event(), 0

    def run(self):
        conn = self.server.connect("customer")
        with conn.cursor() as cur:
            while not self.stopped.wait(0.002):
                self.turns += 1
                cur.execute("INSERT INTO t (k, v) VALUES (1, CONCAT('w', %s))", (self.turns,))
                cur.execute("UPDATE t SET k = k + 1 WHERE id = %s", (self.turns * 101 % ROWS,))
                cur.execute("DELETE FROM t WHERE id = %s", (self.turns * 103 % ROWS,))
        conn.close()

    def __enter__(self):
        self.start()

    def __exit__(self, *_):
        self.stopped.set()
        self.join()


def numbered(p):
    return p.target.server.sql("SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'new_customer' "
                               "AND extra LIKE '%auto_increment%'")[0][0] == 1


def left_over(p):
    """Tables that only an exchange has."""
    return p.target.server.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'twin\\_%' "
                               "OR table_name LIKE 'spent\\_%'")


def check_arrived(p):
    p.wait("running")
    p.freeze()
    p.check_equal("id")
    assert p.definition(p.source, "customer") == p.definition(p.target, "new_customer")
    assert left_over(p) == ()
    newest = "SELECT auto_increment > (SELECT MAX(id) FROM {0}.t) FROM information_schema.tables WHERE table_schema = '{0}' " \
             "AND table_name = 't'"
    assert p.target.server.sql(newest.format("new_customer")) == ((1,),)


@pytest.mark.parametrize("rows, without", [(ROWS, True), (SMALL, False)])
def test_a_large_table_has_no_auto_increment_while_it_is_copied(pair, rows, without):
    p = pair("t")
    fill(p, rows)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:100")
    with Writer(p.source.server):
        p.start()
        proc.wait_for(lambda: p.status()["rows_copied"] > 0, 30, "the first chunk")
        assert numbered(p) != without
        p.wait("running")
    assert numbered(p)
    check_arrived(p)


@pytest.mark.parametrize("point", cases.some(POINTS, POINTS[1:2]))
def test_a_kill_at_a_step_of_the_exchange(pair, point):
    p = pair("t")
    fill(p)
    p.source.start(), p.target.start(faults=f"stream.exchange.{point}=kill")
    with Writer(p.source.server):
        p.start()
        p.target.process.wait(60)
        assert len(left_over(p)) == 1
        p.target.start()
        p.wait("running")
    check_arrived(p)


@pytest.mark.parametrize("point", cases.some(POINTS, POINTS[:1]))
def test_an_error_at_a_step_of_the_exchange(pair, point):
    p = pair("t")
    fill(p)
    p.source.start(), p.target.start(faults=f"stream.exchange.{point}=error")
    with Writer(p.source.server):
        p.start()
        p.wait("running")
    check_arrived(p)


@pytest.mark.parametrize("keys", cases.some(["PRIMARY KEY (id, v(10))", "PRIMARY KEY (k, id), UNIQUE KEY id (id)"], ["PRIMARY KEY (id, v(10))"]))
def test_a_table_that_cannot_be_a_partition_keeps_its_auto_increment(pair, keys):
    p = pair("t")
    fill(p, keys=keys)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:100")
    p.start()
    proc.wait_for(lambda: p.status()["rows_copied"] > 0, 30, "the first chunk")
    assert numbered(p) and left_over(p) == ()
    check_arrived(p)


def test_a_stream_that_is_taken_back_in_an_exchange_leaves_nothing(pair):
    p = pair("t")
    fill(p)
    p.source.start(), p.target.start(faults="stream.exchange.after=kill")
    p.start()
    p.target.process.wait(60)
    p.target.start(faults="stream.rows.read=sleep:3000")
    p.target.call("stream_delete", **p.request(drop=True))
    assert left_over(p) == ()
    assert p.target.server.sql("SHOW TABLES FROM new_customer") == ()


def test_a_reader_of_the_table_keeps_the_exchange_waiting_and_is_named(pair):
    p = pair("t")
    fill(p)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:100")
    p.start()
    proc.wait_for(lambda: p.status()["rows_copied"] > 0, 30, "the first chunk")
    reader = p.target.server.connect("new_customer", autocommit=False)
    with reader.cursor() as cur:
        cur.execute("SELECT 1 FROM t LIMIT 1")
    proc.wait_for(lambda: "transactions use it all the time" in proc.tail(p.target.log), 60, "the log to tell of it")
    other = p.target.server.connect("new_customer")
    with other.cursor() as cur:
        cur.execute("SELECT COUNT(*) FROM t")           # waits for nobody
        assert cur.fetchone() == (ROWS,)
    reader.rollback()
    check_arrived(p)

"""Streams of what applications rarely do: transactions beyond memory, values that swap, rotations, savepoints, XA."""
import os

import pytest

from lib import kinds, proc
from lib.streams import Writer, fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

MEMORY_KB_MAX = 256 * 1024
SOURCE = kinds.brand(kinds.wanted()[0])


def resident_kb(tablet):
    return proc.most_memory_kb(tablet.process.pid)


def running(p, rows=200):
    fill(p.source.server, rows)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")


def test_a_transaction_beyond_memory_is_one_at_the_target(pair):  # noqa: F811
    p = pair("t")
    p.source.server.sql("CREATE TABLE t (id INT PRIMARY KEY, u INT NOT NULL, name VARCHAR(600), UNIQUE KEY (u))",
                        database="customer")
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    p.source.server.sql("INSERT INTO t SELECT seq, seq, REPEAT('n', 500) FROM seq_1_to_60000", database="customer")
    p.source.server.sql("UPDATE t SET name = REPEAT('m', 500)", database="customer")
    p.source.server.sql("DELETE FROM t WHERE id % 3 = 0", database="customer")
    p.catch_up()
    p.freeze()
    p.check_equal()
    assert resident_kb(p.target) < MEMORY_KB_MAX


def test_a_transaction_beyond_memory_during_the_copy(pair):  # noqa: F811
    p = pair("t")
    fill(p.source.server, 100000)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:100")
    p.start()
    proc.wait_for(lambda: p.status()["rows_copied"] > 0, 30, "the first chunk")
    p.source.server.sql("UPDATE t SET name = REPEAT('m', 50), x = x + 1", database="customer")
    p.source.server.sql("UPDATE t SET id = id + 1000000 WHERE id % 2 = 0", database="customer")
    p.wait("running")
    p.catch_up()
    p.freeze()
    p.check_equal()
    assert resident_kb(p.target) < MEMORY_KB_MAX


def test_values_of_a_unique_column_that_swap(pair):  # noqa: F811
    p = pair("t")
    running(p)
    conn = p.source.server.connect("customer", autocommit=False)
    with conn.cursor() as cur:
        for i in range(1, 100, 2):
            cur.execute("UPDATE t SET u = 'parked' WHERE id = %s", (i,))
            cur.execute("UPDATE t SET u = %s WHERE id = %s", (f"u0{i}", i + 1))
            cur.execute("UPDATE t SET u = %s WHERE id = %s", (f"u0{i + 1}", i))
        cur.execute("UPDATE t SET id = id + 10000")
        cur.execute("DELETE FROM t WHERE id = 10050")
        cur.execute("INSERT INTO t VALUES (50, 'u049', 'again', 1)")
        conn.commit()
    p.freeze()
    p.check_equal()


def test_rollbacks_and_savepoints_leave_nothing(pair):  # noqa: F811
    p = pair("t")
    running(p)
    p.source.server.sql("CREATE TABLE m (a INT) ENGINE=MyISAM", database="customer")
    conn = p.source.server.connect("customer", autocommit=False)
    with conn.cursor() as cur:
        cur.execute("UPDATE t SET name = 'no' WHERE id = 1")
        if SOURCE == "mariadb":         # MySQL refuses it beside a table with transactions, as GTIDs could not tell of both
            cur.execute("INSERT INTO m VALUES (1)")
        conn.rollback()
        cur.execute("UPDATE t SET name = 'yes' WHERE id = 2")
        cur.execute("SAVEPOINT s")
        cur.execute("UPDATE t SET name = 'no' WHERE id = 3")
        cur.execute("ROLLBACK TO s")
        conn.commit()
    p.freeze()
    p.check_equal()
    assert p.target.server.sql("SELECT COUNT(*) FROM new_customer.t WHERE name = 'no'") == ((0,),)


def test_rotations_and_restarts_of_the_source(pair):  # noqa: F811
    p = pair("t")
    running(p, 2000)
    writer = Writer(p.source.server, 3)
    writer.start()
    for _ in range(5):
        before = p.status()["changes_applied"]
        p.source.server.sql("FLUSH BINARY LOGS")
        proc.wait_for(lambda: p.status()["changes_applied"] > before, 30, "changes to be applied")
    writer.end()
    for kill in (True, False):
        p.source.server.kill() if kill else p.source.server.stop()
        p.source.server.start()
        p.source.server.sql("UPDATE t SET name = %s WHERE id < 100", (f"after {kill}",), database="customer")
        p.wait("running")
        p.freeze(attempt=1 if kill else 3)
        p.check_equal()
        p.target.call("thaw", **p.request(attempt=2 if kill else 4))
    p.source.server.sql("PURGE BINARY LOGS TO %s", (p.source.server.place()[0],))
    p.target.kill()
    p.target.start()
    p.source.server.sql("UPDATE t SET name = 'after purge' WHERE id < 100", database="customer")
    p.wait("running")
    p.freeze(attempt=5)
    p.check_equal()


def test_a_purged_position_is_an_error(pair):  # noqa: F811
    p = pair("t")
    running(p)
    p.target.kill()
    for i in range(3):
        p.source.server.sql("UPDATE t SET name = %s", (f"purged {i}",), database="customer")
        p.source.server.sql("FLUSH BINARY LOGS")
    p.source.server.sql("PURGE BINARY LOGS TO %s", (p.source.server.place()[0],))
    p.target.start()
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 30, "the stream to stop")
    assert "binlog" in status["error"] and "vtctlclient Workflow delete new_customer/t" in status["hint"]


def test_a_source_that_was_set_back_is_an_error(pair):
    """Its binlog is another one: neither our GTIDs nor our place are in it, though later it will be as long."""
    p = pair("t")
    running(p)
    p.target.kill()
    p.source.server.sql(p.source.server.forget_sql)
    p.source.server.sql("UPDATE t SET name = 'after'", database="customer")
    p.target.start()
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 30, "the stream to stop")
    words = {"mariadb": "not in the master's binlog", "mysql": "the server has executed"}
    assert words[SOURCE] in status["error"] and "vtctlclient Workflow delete" in status["hint"]


def test_events_larger_than_the_source_s_packets(pair):
    """Whose they are does not matter, nor whether they lie before the start, in the way, or before a place to go on from."""
    p = pair("t")
    server = p.source.server
    server.sql("SET GLOBAL max_allowed_packet = 1048576")
    server.sql("CREATE TABLE other (id INT PRIMARY KEY, b LONGBLOB, n INT)", database="customer")
    server.sql("CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB, n INT)", database="customer")
    for table in ("other", "t"):
        server.sql(f"INSERT INTO {table} VALUES (1, REPEAT('b', 900000), 1)", database="customer")
    server.sql("UPDATE other SET n = 2", database="customer")           # both images: 1.8 MB
    if SOURCE == "mariadb":
        assert server.sql("SELECT BINLOG_GTID_POS(%s, %s)", server.place()) == ((None,),), "the event is not large enough"
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    server.sql("UPDATE other SET n = 3", database="customer")
    server.sql("UPDATE t SET n = 3", database="customer")
    proc.wait_for(lambda: p.target.server.sql("SELECT n FROM new_customer.t") == ((3,),), 20, "the change to arrive")
    p.target.kill()
    p.target.start()
    server.sql("UPDATE t SET n = 4", database="customer")
    p.wait("running")
    p.freeze()
    p.check_equal()


def xa_prepare(conn, name, statement):
    with conn.cursor() as cur:
        for text in (f"XA START '{name}'", statement, f"XA END '{name}'", f"XA PREPARE '{name}'"):
            cur.execute(text)


def test_xa_of_others_is_remembered_over_a_kill(pair):  # noqa: F811
    p = pair("t")
    running(p)
    p.source.server.sql("CREATE TABLE other (id INT PRIMARY KEY)", database="customer")
    conn = p.source.server.connect("customer")
    xa_prepare(conn, "long", "INSERT INTO other VALUES (1)")
    p.source.server.sql("UPDATE t SET name = 'behind it' WHERE id = 1", database="customer")
    proc.wait_for(lambda: p.target.server.sql("SELECT LENGTH(prepared) > 0 FROM _switchyard.stream") == ((1,),), 20,
                  "the prepared transaction to be stored")
    p.target.kill()
    p.target.start()
    with conn.cursor() as cur:
        cur.execute("XA COMMIT 'long'")
    p.source.server.sql("UPDATE t SET name = 'between' WHERE id = 2", database="customer")
    proc.wait_for(lambda: p.target.server.sql("SELECT name FROM new_customer.t WHERE id = 2") == (("between",),), 20,
                  "the change to arrive")
    p.freeze()
    p.check_equal()
    assert p.target.server.sql("SELECT prepared FROM _switchyard.stream") == ((b"",),)


def test_what_is_prepared_when_a_stream_begins_is_waited_for(pair):  # noqa: F811
    p = pair("t")
    fill(p.source.server, 200)
    p.source.server.sql("CREATE TABLE other (id INT PRIMARY KEY)", database="customer")
    mine, later = (p.source.server.connect("customer") for _ in range(2))
    xa_prepare(mine, "mine", "UPDATE t SET name = 'prepared' WHERE id < 100")
    p.source.start(), p.target.start()
    p.start()
    proc.wait_for(lambda: "waiting for the XA transactions" in p.status()["error"], 20, "the stream to wait")
    assert p.status()["state"] == "starting"
    xa_prepare(later, "later", "INSERT INTO other VALUES (1)")        # is not waited for
    with mine.cursor() as cur:
        cur.execute("XA COMMIT 'mine'")
    p.wait("running")
    with later.cursor() as cur:
        cur.execute("XA COMMIT 'later'")
    p.freeze()
    p.check_equal()
    assert p.target.server.sql("SELECT COUNT(*) FROM new_customer.t WHERE name = 'prepared'") == ((99,),)


def test_a_row_larger_than_the_target_takes(pair):  # noqa: F811
    p = pair("t")
    p.source.server.sql("CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB)", database="customer")
    p.target.server.sql("SET GLOBAL max_allowed_packet = 1048576")
    p.source.server.sql("INSERT INTO t VALUES (1, REPEAT('\\0', 3000000))", database="customer")     # copied: in pieces
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    p.source.server.sql("INSERT INTO t VALUES (3, REPEAT('b', 2000000))", database="customer")      # so is a change
    p.catch_up()
    p.target.server.sql("SET GLOBAL local_infile = OFF")
    p.source.server.sql("INSERT INTO t VALUES (2, REPEAT('b', 2000000))", database="customer")
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 20, "the stream to stop")
    assert "max_allowed_packet is 1048576" in status["error"] and "(`id`=2)" in status["error"] and "SET GLOBAL" in status["hint"]
    p.target.server.sql("SET GLOBAL max_allowed_packet = 1073741824")
    p.start()                                               # the same request again: it goes on
    p.wait("running")
    p.freeze()
    p.check_equal()


@pytest.mark.parametrize("setting, text", [("binlog_row_image=MINIMAL", "incomplete image"),
                                           ("binlog_format=STATEMENT", "UPDATE t SET name")])
def test_a_session_with_settings_of_its_own_stops_the_stream(pair, setting, text):  # noqa: F811
    p = pair("t")
    running(p)
    conn = p.source.server.connect("customer")
    with conn.cursor() as cur:
        cur.execute(f"SET SESSION {setting}")
        cur.execute("UPDATE t SET name = 'x' WHERE id = 2")
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 20, "the stream to stop")
    assert text in status["error"], status["error"]


@pytest.mark.skipif(SOURCE == "mysql", reason="it looks at every row when a CHECK comes, and no session is past one")
def test_rows_that_a_check_would_refuse_today(pair):
    """They came before their CHECK did, or past it: the source has them, so the target gets them."""
    p = pair("t")
    p.source.server.sql("CREATE TABLE t (id INT PRIMARY KEY, v INT CHECK (v > 0))", database="customer")
    conn = p.source.server.connect("customer")
    with conn.cursor() as cur:
        cur.execute("SET check_constraint_checks=0")
        cur.execute("INSERT INTO t VALUES (1, -1), (2, 2)")
        p.source.start(), p.target.start()
        p.start()
        p.wait("running")
        cur.execute("INSERT INTO t VALUES (3, -3)")
        cur.execute("UPDATE t SET v = -2 WHERE id = 2")
    p.freeze()
    p.check_equal()

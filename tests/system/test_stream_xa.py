"""XA transactions on a moved table: what is prepared is no change, what is committed arrives, whatever dies in between."""
import random
import subprocess
import time

import pymysql
import pytest

from lib import kinds, move, proc, tablets, xa
from lib.streams import Writer, fill, running

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

MEMORY_KB_MAX = 256 * 1024


def kept(p):
    """{xid as its client wrote it}: whose rows are in the target's sidecar database."""
    found = {bytes(row[0]) for row in p.target.server.sql("SELECT xid FROM _switchyard.xa_rows")}
    return {bytes.fromhex(x.split(b"'")[1].decode()).decode() for x in found}


def wait_kept(p, *xids):
    proc.wait_for(lambda: kept(p) == set(xids), 30, f"{xids} to be kept", lambda: f"{kept(p)} {p.status()} {proc.tail(p.target.log)}")


def name(p, key):
    found = p.target.server.sql("SELECT name FROM new_customer.t WHERE id = %s", (key,))
    return found[0][0] if found else None


def wait_name(p, key, value):
    proc.wait_for(lambda: name(p, key) == value, 30, f"row {key} to be {value}", lambda: f"{name(p, key)} {p.status()}")


def change(p, sql):
    p.source.server.sql(sql, database="customer")


def test_a_prepared_transaction_arrives_when_it_is_committed_and_not_before(pair):
    p = pair("t")
    running(p)
    one, two = (p.source.server.connect("customer") for _ in range(2))
    xa.prepare(one, "one", "UPDATE t SET name = 'xa' WHERE id = 2", "INSERT INTO t VALUES (1000, 'u1000', 'new', 1)",
               "DELETE FROM t WHERE id = 5", "UPDATE t SET id = 2006 WHERE id = 6")
    xa.prepare(two, "two", "UPDATE t SET name = 'never' WHERE id = 3")
    change(p, "UPDATE t SET name = 'between' WHERE id = 1")
    wait_name(p, 1, "between")
    wait_kept(p, "one", "two")
    assert [name(p, key) for key in (2, 3, 5, 6, 1000)] == ["n2", "n3", "n5", "n6", None]
    xa.end(one, "one")
    wait_name(p, 2, "xa")
    xa.end(two, "two", "ROLLBACK")
    wait_kept(p)
    xa.prepare(one, "one", "UPDATE t SET name = 'again' WHERE id = 2")      # an xid that comes again
    xa.end(one, "one")
    p.catch_up()
    p.freeze()
    p.check_equal()
    assert [name(p, key) for key in (2, 3, 5, 2006, 1000)] == ["again", "n3", None, "n6", "new"]
    assert p.target.server.sql("SELECT prepared FROM _switchyard.stream") == ((b"",),)


def test_it_is_kept_over_a_kill_and_a_lost_session(pair):
    p = pair("t")
    running(p)
    for xid, key in (("stays", 2), ("goes", 3)):
        with p.source.server.connect("customer") as conn:
            xa.prepare(conn, xid, f"UPDATE t SET name = '{xid}' WHERE id = {key}")
    wait_kept(p, "stays", "goes")
    p.target.kill()
    p.target.start()
    change(p, "UPDATE t SET name = 'between' WHERE id = 1")
    wait_name(p, 1, "between")
    p.target.kill()
    with p.source.server.connect("customer") as conn:
        proc.wait_for(lambda: xa.prepared(p.source.server) == {"stays", "goes"}, 30, "both to be prepared")
        xa.end(conn, "stays")
        xa.end(conn, "goes", "ROLLBACK")
    p.target.start()
    wait_name(p, 2, "stays")
    wait_kept(p)
    p.catch_up()
    p.freeze()
    p.check_equal()
    assert name(p, 3) == "n3"


def test_what_is_prepared_during_the_copy(pair):
    """A commit comes before, during and behind the chunk of its rows; one is prepared until long after."""
    p = pair("t")
    fill(p.source.server, 20000)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:500")
    p.start()
    proc.wait_for(lambda: p.status()["rows_copied"] > 0, 30, "the first chunk")
    read_committed = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"       # no gap is locked
    conns = [p.source.server.connect("customer", init_command=read_committed) for _ in range(4)]
    for i, conn in enumerate(conns):
        xa.prepare(conn, f"x{i}", f"UPDATE t SET name = 'xa {i}' WHERE id > {5000 * i} AND id <= {5000 * (i + 1)}",
                   f"INSERT INTO t VALUES ({30000 + i}, 'v{i}', 'xa', 0)")
    xa.end(conns[0], "x0")
    time.sleep(0.5)
    xa.end(conns[1], "x1")
    xa.end(conns[2], "x2", "ROLLBACK")
    p.wait("running")
    wait_kept(p, "x3")
    xa.end(conns[3], "x3")
    p.catch_up()
    p.freeze()
    p.check_equal()
    assert p.target.server.sql("SELECT COUNT(*) FROM new_customer.t WHERE name LIKE 'xa 3'") == ((5000,),)


@pytest.mark.long
def test_one_that_is_beyond_memory(pair):
    p = pair("t")
    running(p)
    conn = p.source.server.connect("customer")
    rows = p.source.server.own_words("INSERT INTO t SELECT seq + 1000, CONCAT('v', seq), REPEAT('n', 50), 1 FROM seq_1_to_300000")
    xa.prepare(conn, "large", rows, "UPDATE t SET name = REPEAT('m', 50), x = 2", "UPDATE t SET id = id + 1000000 WHERE id % 3 = 0")
    wait_kept(p, "large")
    assert p.target.server.sql("SELECT COUNT(*) > 50, MAX(LENGTH(piece)) <= 262144 FROM _switchyard.xa_rows") == ((1, 1),)
    p.target.kill()
    p.target.start()
    p.wait("running")
    xa.end(conn, "large")
    p.catch_up()
    p.freeze()
    p.check_equal()
    assert proc.most_memory_kb(p.target.process.pid) < MEMORY_KB_MAX
    assert kept(p) == set()


def random_change(r):
    key, what = r.randint(1, 6000), r.random()
    if what < 0.3:
        return f"INSERT IGNORE INTO t (id, u, name, x) VALUES ({key}, 'x{r.randint(1, 10 ** 9)}', 'i{r.random()}', 1.5)"
    if what < 0.7:
        return f"UPDATE t SET name = 'm{r.random()}', x = x + 1 WHERE id = {key}"
    return f"DELETE FROM t WHERE id = {key}"


def test_everything_at_once_and_kills(pair):
    """It begins amid transactions that are prepared and end all the time, and is killed while it copies and follows."""
    seed = random.randrange(10 ** 6)
    print("seed", seed)        # shown when it fails
    p = pair("t")
    fill(p.source.server, 6000)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:100")
    writers = [xa.XaWriter(p.source.server, 10 * seed + i, random_change) for i in range(3)] + [Writer(p.source.server, seed)]
    for w in writers:
        w.start()
    p.start()
    for _ in range(3):
        proc.wait_for(lambda: p.status()["state"] != "starting", 60, "the stream to begin", lambda: p.status())
        time.sleep(random.uniform(0.2, 2))
        p.target.kill()
        p.target.start(faults="stream.chunk.before=sleep:20")
    p.wait("running")
    for _ in range(3):
        time.sleep(random.uniform(0.2, 1))
        p.target.kill()
        p.target.start()
    p.wait("running")
    for w in writers[:-1]:
        w.stop()
    writers[-1].end()
    p.catch_up()
    p.freeze()
    p.check_equal()
    assert kept(p) == xa.prepared(p.source.server)


@pytest.mark.parametrize("point", ["stream.exact.before", "stream.exact.after"])
def test_failures_around_each_store(pair, point):
    p = pair("t")
    fill(p.source.server, 200)
    p.source.start(), p.target.start(faults=",".join(f"{point}=error@{n}" for n in (1, 2, 5, 8, 11)))
    p.start()
    p.wait("running")
    conn = p.source.server.connect("customer")
    for i in range(10):
        xa.prepare(conn, f"x{i}", f"UPDATE t SET name = 'xa {i}' WHERE id < 20")
        wait_kept(p, f"x{i}")
        xa.end(conn, f"x{i}", "ROLLBACK" if i % 3 == 0 else "COMMIT")
        wait_kept(p)
    p.catch_up()
    p.freeze()
    p.check_equal()


def test_a_table_without_a_key(pair):
    p = pair("s")
    change(p, "CREATE TABLE s (a INT, b VARCHAR(20))")
    change(p, p.source.server.own_words("INSERT INTO s SELECT seq % 50, CONCAT('b', seq % 7) FROM seq_1_to_500"))
    p.source.start(), p.target.start()
    writer = xa.XaWriter(p.source.server, 1, lambda r: r.choice([
        f"INSERT INTO s VALUES ({r.randint(1, 50)}, 'x')", f"DELETE FROM s WHERE a = {r.randint(1, 50)} LIMIT 1",
        f"UPDATE s SET b = 'y{r.randint(1, 9)}' WHERE a = {r.randint(1, 50)} LIMIT 1"]), pause=0.03)
    writer.start()
    p.start()
    p.wait("running")
    time.sleep(1)
    writer.stop()
    p.catch_up()
    p.freeze()
    mine, theirs = (t.server.sql(f"SELECT a, b FROM {k}.s ORDER BY 1, 2") for t, k in ((p.source, "customer"), (p.target, "new_customer")))
    assert mine == theirs


@pytest.mark.skipif(kinds.brand(kinds.wanted()[0]) == "mysql", reason="it writes no COMMIT of what was prepared outside of its binlog")
def test_the_commit_of_what_nobody_saw_stops_the_stream(pair):
    p = pair("t")
    running(p)
    with p.source.server.connect("customer", init_command="SET sql_log_bin = 0") as conn:
        xa.prepare(conn, "unseen", "UPDATE t SET name = 'unseen' WHERE id = 2")
    with p.source.server.connect("customer") as conn:
        proc.wait_for(lambda: xa.prepared(p.source.server) == {"unseen"}, 30, "it to be prepared")
        time.sleep(0.5)
        xa.end(conn, "unseen")
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 20, "the stream to stop")
    assert "XA COMMIT X'756e7365656e',X'',1, prepared before the move could see" in status["error"]


def test_a_stream_that_is_deleted_leaves_nothing(pair):
    p = pair("t")
    running(p)
    conn = p.source.server.connect("customer")
    xa.prepare(conn, "x", "UPDATE t SET name = 'x' WHERE id = 2")
    wait_kept(p, "x")
    p.target.call("stream_delete", **p.request(attempt=2), drop=True)
    assert kept(p) == set()
    xa.end(conn, "x")


def test_nothing_is_frozen_while_its_commit_would_change_it(pair):
    """The lock of a switch sees to it; here there is none."""
    p = pair("t")
    running(p)
    conn = p.source.server.connect("customer")
    xa.prepare(conn, "x", "UPDATE t SET name = 'x' WHERE id = 2")
    wait_kept(p, "x")
    request = p.request(attempt=1, position=p.source.server.position())
    with pytest.raises(tablets.Refused, match="waiting for the stream .* timed out"):
        p.target.call("freeze", timeout_s=3, **request)
    assert "the XA transaction X'78',X'',1, which has changed the tables, is prepared still" in proc.tail(p.target.log)
    assert p.target.server.sql("SELECT phase FROM _switchyard.stream") == ((b"running",),)
    xa.end(conn, "x")
    p.wait("running")
    p.catch_up()
    p.freeze(attempt=3)
    p.check_equal()


def test_a_switch_waits_for_what_is_prepared_and_says_so(combo):
    c = combo.up("customer", "new_customer")
    move.fill(c, 1000)
    conn = pymysql.connect(host="127.0.0.1", port=c.port("server", "customer"), user="vt_dba", database="customer",
                           password=c.credentials()["vt_dba"]["password"], autocommit=True)
    c.client("MoveTables", "--", "--source", "customer", "--tables", "users", "Create", "new_customer.v2")
    proc.wait_for(lambda: c.workflow(name="v2")["record"]["state"] == "Running", 60, "the copy to end",
                  lambda: c.workflow(name="v2"))
    xa.prepare(conn, "mine", "UPDATE users SET email = 'prepared@example.com' WHERE id = 1")
    said = "waiting for the prepared XA transaction X'6d696e65',X'',1, which has changed the tables"
    switch = subprocess.Popen(c.client_command("MoveTables", "SwitchTraffic", "new_customer.v2"), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    proc.wait_for(lambda: switch.poll() is not None or said in c.client("Workflow", "show", "new_customer.v2").stdout, 60,
                  "the switch to say for whom it waits", lambda: c.client("Workflow", "show", "new_customer.v2").stdout)
    assert switch.poll() is None, switch.communicate()
    xa.end(conn, "mine")
    assert "SwitchTraffic was successful" in switch.communicate(timeout=120)[0]

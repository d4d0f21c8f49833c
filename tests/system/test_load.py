"""How a chunk's rows get into the target, where a statement may only be so large."""
import pytest

from lib import proc, streams, tablets

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

SMALL_PACKET = 1024 * 1024      # the least that a move accepts; the server cuts what it is set to down to 1 kB steps
NO_BULK = "SET GLOBAL max_prepared_stmt_count = 0"
NO_FILE = "SET GLOBAL local_infile = OFF"


def start(pair, rows, *settings):
    """A copy to a target whose max_allowed_packet is 1 MB, of rows with texts of these lengths."""
    p = pair("t")
    p.source.server.sql("CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT CHARACTER SET ascii)", database="customer")
    for i, length in enumerate(rows):
        p.source.server.sql(f"INSERT INTO t VALUES ({i}, REPEAT('{'xyz'[i % 3]}', {length}))", database="customer")
    for setting in (f"SET GLOBAL max_allowed_packet = {SMALL_PACKET}", *settings):
        p.target.server.sql(setting)
    p.source.start()
    p.target.start()
    p.start()
    return p


def content(tablet, keyspace):
    return tablet.server.sql(f"SELECT id, LENGTH(v), CRC32(v) FROM {keyspace}.t ORDER BY id")


@pytest.mark.parametrize("settings", [[], [NO_BULK], [NO_BULK, NO_FILE]], ids=["bulk", "file", "insert"])
def test_chunks_larger_than_a_packet_are_loaded_in_parts(pair, settings):
    p = start(pair, [400 * 1000] * 12 + [1], *settings)
    p.wait("running")
    assert content(p.target, "new_customer") == content(p.source, "customer")


@pytest.mark.parametrize("settings", [[], [NO_BULK], [NO_BULK, NO_FILE]], ids=["bulk", "file", "insert"])
@pytest.mark.parametrize("rows", [[], [7]], ids=["none", "one"])
def test_a_chunk_of_one_row_or_none(pair, rows, settings):
    p = start(pair, rows, *settings)
    p.wait("running")
    assert content(p.target, "new_customer") == content(p.source, "customer")


@pytest.mark.parametrize("settings", [[], [NO_BULK]], ids=["bulk", "file"])
def test_a_row_larger_than_a_packet_comes_by_a_file(pair, settings):
    p = start(pair, [5, 1200 * 1000, 5], *settings)
    p.wait("running")
    assert content(p.target, "new_customer") == content(p.source, "customer")


@pytest.mark.parametrize("settings", [[NO_FILE], [NO_BULK, NO_FILE]], ids=["bulk", "insert"])
def test_a_row_larger_than_a_packet_stops_by_name(pair, settings):
    p = start(pair, [5, 1200 * 1000, 5], *settings)
    proc.wait_for(lambda: p.status()["state"] == "error", 30, "the stream to stop")
    error = p.status()["error"]
    assert "a row of 'new_customer.t'" in error and str(SMALL_PACKET) in error
    assert "max_allowed_packet" in p.status()["hint"]


def large(column, letter):
    """Of zero bytes: a literal has two for each."""
    return f"{column}=REPEAT(x'00', 700 * 1000), w='{letter}'"


@pytest.mark.parametrize("settings", [[], [NO_BULK]], ids=["bulk", "file"])
def test_changes_of_rows_that_no_literals_can_hold(pair, settings):
    """Two columns of 700 kB are more than a packet, and one is as a literal."""
    p = start(pair, [5], *settings)
    p.wait("running")
    for sql in ("ALTER TABLE t MODIFY v LONGBLOB", "CREATE TABLE s (id INT PRIMARY KEY, v LONGBLOB, w VARCHAR(9), x LONGBLOB, UNIQUE KEY w (w))"):
        p.source.server.sql(sql, database="customer")
    q = streams.Pair(p.source, p.target, "s", "new_customer/s")
    conn = p.source.server.connect("customer", autocommit=True)
    with conn.cursor() as cur:
        cur.execute(f"INSERT INTO s SET id=1, {large('v', 'a')}")
        q.start()
        q.wait("running")
        cur.execute(f"INSERT INTO s SET id=2, {large('v', 'b')}")
        cur.execute("BEGIN")
        cur.execute("INSERT INTO s (id, w) VALUES (3, 'c'), (4, 'd')")
        cur.execute(f"UPDATE s SET {large('v', 'e')} WHERE id=3")
        cur.execute(f"UPDATE s SET {large('v', 'c')} WHERE id=4")
        cur.execute("UPDATE s SET id=5 WHERE id=1")
        cur.execute("UPDATE s SET w='g' WHERE id=2")
        cur.execute("COMMIT")
        cur.execute("UPDATE s SET x=v WHERE id IN (2, 3)")
        cur.execute("DELETE FROM s WHERE id=2")
    q.catch_up()
    mine, theirs = (t.server.sql(f"SELECT id, SHA2(v, 256), w, SHA2(x, 256) FROM {k}.s ORDER BY id") for t, k in ((p.source, "customer"), (p.target, "new_customer")))
    assert mine == theirs and len(mine) == 3


def test_a_row_that_is_too_large_is_told_by_its_key_before_it_is_copied(pair):
    p = pair("t")
    for sql in ("CREATE TABLE t (a INT, b VARCHAR(9), v LONGTEXT, w LONGTEXT, PRIMARY KEY (a, b)) CHARSET=latin1", "CREATE TABLE small (id INT PRIMARY KEY, v TEXT)",
                "INSERT INTO t SELECT 7, 'it''s', REPEAT('x', 700000), REPEAT('y', 700000)", "INSERT INTO t VALUES (1, '', 'a', NULL)"):
        p.source.server.sql(sql, database="customer")
    p.tables = [("small", "small"), ("t", "t")]
    p.target.server.sql(f"SET GLOBAL max_allowed_packet = {SMALL_PACKET}")
    p.source.start()
    p.target.start()
    request = {**p.request(), "side": "to"}
    told = [f for f in p.target.call("survey", **request, before_copy=True)["findings"] if "max_allowed_packet" in f["text"]]
    assert [f["severity"] for f in told] == ["warns"] and "table 'customer.t' has a row of 1400000 bytes (`a`='7' AND `b`='it\\'s')" in told[0]["text"], told
    p.target.server.sql(NO_FILE)
    told = [f for f in p.target.call("survey", **request, before_copy=True)["findings"] if "max_allowed_packet" in f["text"]]
    assert [f["severity"] for f in told] == ["refuses"]
    assert not [f for f in p.target.call("survey", **request)["findings"] if "max_allowed_packet" in f["text"]]
    p.start()
    proc.wait_for(lambda: p.status()["state"] == "error", 30, "the stream to stop")
    assert "a row of 'new_customer.t', (`a`=7 AND `b`=" in p.status()["error"], p.status()["error"]

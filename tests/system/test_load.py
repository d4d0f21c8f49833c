"""How a chunk's rows get into the target, where a statement may only be so large."""
import pytest

from lib import proc, tablets

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
    return tablet.server.sql(f"SELECT id, LENGTH(v), MD5(v) FROM {keyspace}.t ORDER BY id")


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

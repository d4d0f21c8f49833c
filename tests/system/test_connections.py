"""What a move that has been switched, and follows, keeps open at its servers: many may follow for weeks."""
import pytest

from lib import proc

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

CUSTOMER, NEW = "customer", "new_customer"
STREAMS = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'vt_stream'"
# Calls, the watch of the disk and the guard share a few, the tablet's health and lock have one each.
SHARED, SHARED_MAX = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'vt_dba'", 6 + 2


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


def streams(combo):
    return tuple(int(at(combo, k, STREAMS).splitlines()[-1]) for k in (CUSTOMER, NEW))


def move(combo, table):
    at(combo, CUSTOMER, f"CREATE TABLE {table} (id INT PRIMARY KEY); INSERT INTO {table} VALUES (1), (2)")
    combo.client("MoveTables", f"{CUSTOMER}.{table}", NEW)


def test_each_more_way_back_takes_three_connections_there_and_one_at_the_other_server(combo):
    combo.up(CUSTOMER, NEW)
    for n, table in enumerate("abcd", start=1):
        move(combo, table)
        # its applier, the pass's lock and the guard's binlog; and where it reads the binlog, beside the one that asks how far that is
        proc.wait_for(lambda: streams(combo) == (3 * n, n + 1), 60, f"{n} times (3, 1) connections", lambda: str(streams(combo)))
    for keyspace in (CUSTOMER, NEW):
        shared = int(at(combo, keyspace, SHARED).splitlines()[-1])
        assert shared <= SHARED_MAX + 1         # and our own

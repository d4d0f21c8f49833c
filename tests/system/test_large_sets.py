"""A move of many tables, there and back with clients on some of them: more than are locked at once, than one part of the
workflow's record has, and than rules are written in one transaction."""
import pytest

from lib import proc
from lib.background import Background

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


def names(count):
    return [f"t{i:04}" for i in range(count)]


def make(combo, count):
    """Every tenth has rows, the others are empty."""
    sql = "".join(f"CREATE TABLE {t} (id INT PRIMARY KEY AUTO_INCREMENT, v INT NOT NULL, KEY v (v));\n" for t in names(count))
    sql += "".join(f"INSERT INTO {t} (v) SELECT seq FROM seq_1_to_50;\n" for t in names(count)[::10])
    at(combo, "customer", sql)


class Writer(Background):
    """One row after the other, in the first, a middle and the last table."""

    pause_s = 0.02

    def __init__(self, combo, tables):
        super().__init__(combo)
        self.tables = tables

    def one(self, cur):
        for t in self.tables:
            cur.execute(f"INSERT INTO {t} (v) VALUES (-1)")
        self.done += 1


def record(combo):
    return combo.api("workflow_show", workflow="new_customer/customer")["record"]


def there_and_back(combo, count):
    make(combo, count)
    written = [names(count)[i] for i in (0, count // 2, count - 1)]
    writer = Writer(combo, written)
    writer.start()
    try:
        combo.client("MoveTables", "--enable-reverse-replication", "customer.*", "new_customer", timeout=3000)
        shown = record(combo)
        assert shown["state"] == "Switched" and [t["source_table"] for t in shown["tables"]] == names(count)
        assert {t["state"] for t in shown["tables"]} == {"switched"}
        combo.client("MoveTables", "ReverseTraffic", "new_customer.customer", timeout=3000)
        assert record(combo)["round"] == 3 and {t["state"] for t in record(combo)["tables"]} == {"running"}
    finally:
        done = writer.end()
    for t in written:
        assert at(combo, "customer", f"SELECT COUNT(*) FROM {t} WHERE v = -1") == str(done)
    assert at(combo, "customer", f"SELECT COUNT(*) FROM {names(count)[10]}") == "50"


def test_more_tables_than_any_batch_there_and_back(combo):
    combo.up("customer", "new_customer")
    there_and_back(combo, 105)


@pytest.mark.long
def test_a_thousand_tables_there_and_back_and_to_the_end(combo):
    combo.up("customer", "new_customer")
    there_and_back(combo, 1000)
    # A pattern that finds more by now still means the move that is there.
    combo.mariadb("CREATE TABLE later (id INT PRIMARY KEY)", "customer")
    combo.client("MoveTables", "customer.*", "new_customer", timeout=3000)
    assert record(combo)["state"] == "Switched" and len(record(combo)["tables"]) == 1000
    combo.client("MoveTables", "Complete", "new_customer.customer", timeout=3000)
    assert at(combo, "customer", "SHOW TABLES") == "later" and at(combo, "new_customer", "SHOW TRIGGERS") == ""

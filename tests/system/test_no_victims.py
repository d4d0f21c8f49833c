"""Whatever lock we need on a served table: no client gets an error because of it, and none is killed."""
import pymysql
import pytest

from lib import proc
from lib.busy import Busy

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


def at(combo, keyspace, sql, database=""):
    return combo.mariadb(sql, database, port=combo.port("server", keyspace), user="vt_dba").strip()


def connect(combo, database="customer", **more):
    return pymysql.connect(host="127.0.0.1", port=combo.gate_port, user="app", database=database,
                           charset="utf8mb4", autocommit=True, **more)


def make_table(combo, table):
    at(combo, "customer", f"CREATE TABLE {table} (id INT PRIMARY KEY, v INT NOT NULL); "
       f"INSERT INTO {table} SELECT seq, 0 FROM seq_1_to_100", "customer")


def test_a_move_among_transactions_that_are_always_open(shared_combo):
    make_table(shared_combo, "a")
    with Busy(lambda: connect(shared_combo), "a", (1, 2)) as busy:
        proc.wait_for(lambda: busy.done > 2, 20, "clients to work")
        shared_combo.client("MoveTables", "customer.a", "new_customer.a")
        before = busy.done
        proc.wait_for(lambda: busy.done > before + 4, 20, "clients to go on at the new side")
    assert busy.errors == []
    assert at(shared_combo, "new_customer", "SELECT SUM(v) FROM a", "new_customer") == str(busy.done)
    assert at(shared_combo, "new_customer", "SHOW TRIGGERS", "new_customer") == ""

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
        shared_combo.client("MoveTables", "--no-enable-reverse-replication", "customer.a", "new_customer.a")
        before = busy.done
        proc.wait_for(lambda: busy.done > before + 4, 20, "clients to go on at the new side")
    assert busy.errors == []
    assert at(shared_combo, "new_customer", "SELECT SUM(v) FROM a", "new_customer") == str(busy.done)
    assert at(shared_combo, "new_customer", "SHOW TRIGGERS LIKE 'a'", "new_customer") == ""


def said(combo, table):
    return combo.workflow(name=table)["record"]["state_text"]


def test_a_move_is_taken_back_among_them(shared_combo):
    make_table(shared_combo, "b")
    with Busy(lambda: connect(shared_combo), "b", (1, 2)) as busy:
        shared_combo.client("MoveTables", "--no-switch", "customer.b", "new_customer.b")
        shared_combo.client("Workflow", "delete", "new_customer.b")
        before = busy.done
        proc.wait_for(lambda: busy.done > before + 2, 20, "clients to go on")
    assert busy.errors == []
    assert at(shared_combo, "customer", "SELECT SUM(v) FROM b", "customer") == str(busy.done)
    assert at(shared_combo, "customer", "SHOW TRIGGERS LIKE 'b'", "customer") == ""


def test_a_move_waits_for_an_idle_transaction_and_a_vtctld_that_dies_meanwhile_holds_nobody(shared_combo):
    make_table(shared_combo, "c")
    idle = connect(shared_combo)
    with idle.cursor() as cur, Busy(lambda: connect(shared_combo), "c", (1, 2), think=0.05) as busy:
        cur.execute("BEGIN")
        cur.execute("SELECT * FROM c WHERE id = 3")
        shared_combo.api("move_tables", keyspace="customer", table="c", target_keyspace="new_customer", target_table="c",
                         workflow="", action="")
        proc.wait_for(lambda: "which is idle" in said(shared_combo, "c"), 30, "the move to say what it waits for")
        old = shared_combo.kill("vtctld")
        before = busy.done
        proc.wait_for(lambda: busy.done > before + 20, 20, "clients to go on without it")
        shared_combo.wait_restarted("vtctld", old)
        cur.execute("UPDATE c SET v = v + 1 WHERE id = 3")
        cur.execute("COMMIT")
        shared_combo.client("MoveTables", "customer.c", "new_customer.c")
    assert busy.errors == []
    assert at(shared_combo, "new_customer", "SELECT SUM(v) FROM c", "new_customer") == str(busy.done + 1)
    idle.close()

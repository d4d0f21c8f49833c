"""Whatever lock we need on a served table: no client gets an error because of it, and none is killed."""
import threading
import urllib.request

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


class Replacing(threading.Thread):
    """REPLACEs of the one row of a table, each by itself or as the first statement of a transaction."""

    def __init__(self, combo, table, times, in_transaction):
        super().__init__()
        self.conn, self.table, self.times, self.errors = connect(combo), table, times, []
        self.around = ("BEGIN", "COMMIT") if in_transaction else ("SELECT 1", "SELECT 1")

    def run(self):
        with self.conn.cursor() as cur:
            for i in range(self.times):
                try:
                    cur.execute(self.around[0])
                    cur.execute(f"REPLACE INTO {self.table} VALUES (1, %s)", (i,))
                    cur.execute(self.around[1])
                except pymysql.Error as e:
                    self.errors.append(e)
        self.conn.close()


def replays(combo):
    with urllib.request.urlopen(f"http://{combo.find('vtgate')['http']}/metrics", timeout=10) as reply:
        text = reply.read().decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("vtgate_replays_total"))


@pytest.mark.parametrize("table, in_transaction", [("d", False), ("e", True)])
def test_replaces_of_one_row_beside_the_fence_are_nobodys_victims(shared_combo, table, in_transaction):
    """With a trigger for DELETE servers lock the row shared first, and two that do so are in a deadlock."""
    at(shared_combo, "customer", f"CREATE TABLE {table} (id INT PRIMARY KEY, v INT NOT NULL)", "customer")
    shared_combo.client("MoveTables", f"customer.{table}", f"new_customer.{table}")
    assert at(shared_combo, "new_customer", f"SHOW TRIGGERS LIKE '{table}'", "new_customer") != ""
    before = replays(shared_combo)
    clients = [Replacing(shared_combo, table, 300, in_transaction) for _ in range(4)]
    for c in clients:
        c.start()
    for c in clients:
        c.join()
    assert [e for c in clients for e in c.errors] == []
    assert replays(shared_combo) > before       # there were victims, and nobody has heard of them

"""Workflows on different tables: none waits for another, whatever its clients do.

A transaction that has written at a server is waited for by every hold there (it may have rows that others need), so what is kept
in its hold comes from the other server."""
import threading

import pymysql
import pytest

from lib import proc
from lib.background import Background
from lib.combo import Failed

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

CUSTOMER, NEW = "customer", "new_customer"


def record(combo, workflow):
    return combo.api("workflow_show", workflow=workflow)["record"]


def state(combo, workflow):
    try:
        return record(combo, workflow)["state"]
    except Failed:
        return None


def is_held(combo, workflow):
    return any(e["step"] == "hold" and e["what"] == "begun" for e in record(combo, workflow)["events"])


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


class Writer(Background):
    """Adds rows to one table through the gate."""

    pause_s = 0.02

    def __init__(self, combo, keyspace, table):
        super().__init__(combo, database=keyspace)
        self.table = table

    def one(self, cur):
        cur.execute(f"INSERT INTO {self.table} (v) VALUES (%s)", (self.done,))
        self.done += 1


class Move:
    """Of one table, from where it was made; its switch runs in a thread."""

    def __init__(self, combo, table, source, target):
        self.combo, self.table, self.source, self.target = combo, table, source, target
        self.workflow, self.thread, self.ended = f"{target}/{table}", None, None
        combo.mariadb(f"CREATE TABLE {table} (id BIGINT AUTO_INCREMENT PRIMARY KEY, v INT NOT NULL)", source)
        self.writer = Writer(combo, source, table)

    def command(self, *options):
        return ["MoveTables", *options, f"{self.source}.{self.table}", f"{self.target}.{self.table}"]

    def begin(self, *options):
        def run():
            self.ended = self.combo.client(*self.command(*options), check=False)

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def finish(self):
        self.thread.join(300)
        assert self.ended is not None, f"the move of {self.table} waits: {record(self.combo, self.workflow)['state_text']}"
        assert self.ended.returncode == 0, self.ended.stderr
        assert state(self.combo, self.workflow) == "Switched"

    def check(self, more):
        """Each row is where the table is served now, once."""
        self.writer.end()
        written = self.writer.done + more
        assert at(self.combo, self.target, f"SELECT COUNT(*), COUNT(DISTINCT v) FROM {self.table}") == f"{written}\t{written}"
        return written


def one_round(combo, number):
    held = Move(combo, f"held{number}", NEW, CUSTOMER)
    switched = Move(combo, f"switched{number}", CUSTOMER, NEW)
    made = Move(combo, f"made{number}", CUSTOMER, NEW)
    for m in (held, switched):
        combo.client(*m.command("--no-switch"))
    kept = pymysql.connect(host="127.0.0.1", port=combo.gate_port, user="app", database=NEW, autocommit=False)
    cur = kept.cursor()
    cur.execute(f"INSERT INTO {held.table} (v) VALUES (-1)")
    for m in (held, switched, made):
        m.writer.start()
    held.begin("--on-grace", "wait", "--timeout", "300s")
    proc.wait_for(lambda: is_held(combo, held.workflow), 60, "the hold")
    switched.begin()
    made.begin()                                            # is created, copied and switched
    switched.finish()
    made.finish()
    assert state(combo, held.workflow) == "Switching" and held.ended is None
    cur.execute(f"INSERT INTO {held.table} (v) VALUES (-2)")    # what the hold waits for goes on
    kept.commit()
    held.finish()
    kept.close()
    return (held, switched, made), held.check(2) + switched.check(0) + made.check(0)


# Each has three ways back, with seven connections to a server of a thousand; what is done around a round needs its own.
OPEN_ROUNDS = 40


def play(combo, rounds):
    combo.up(CUSTOMER, NEW)
    written, left = [], []
    for n in range(rounds):
        moves, rows = one_round(combo, n)
        written.append(rows)
        left.append(moves)
        for m in left.pop(0) if len(left) > OPEN_ROUNDS else ():
            combo.client("MoveTables", "Complete", "--keep-data", m.workflow)
    print(f"{rounds} rounds, {sum(written)} rows written meanwhile, no error")
    rules = combo.api("get_routing_rules")["rules"]
    assert len(rules) == 6 * rounds and all("phase" not in r for r in rules)
    for r in rules:
        table = r["from_table"].split(".")[1]
        assert r["to_tables"] == [f"{CUSTOMER if table.startswith('held') else NEW}.{table}"]


def test_two_switch_at_once_and_a_third_is_created_while_one_is_kept_in_its_hold(combo):
    play(combo, 3)


@pytest.mark.long
def test_a_hundred_rounds_of_the_same(combo):
    play(combo, 100)

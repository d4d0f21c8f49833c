"""A hundred connections insert through vtgate while their table is switched there and back: no error, each row once."""
import os

import pytest

from lib import move, proc
from lib.load import Load

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

CLIENTS, RATE = 100, 400
ROWS = 1000


def distribution(waits):
    waits = sorted(waits)
    return ", ".join(f"{name} {waits[min(int(len(waits) * part), len(waits) - 1)]:.0f} ms"
                     for name, part in (("median", 0.5), ("9 of 10", 0.9), ("longest", 1)))


class Rounds:
    """Of a switch and the way back, and of as long a time in which nothing is switched."""

    def __init__(self, combo, load):
        self.combo, self.load = combo, load
        self.waits = {"SwitchTraffic": [], "ReverseTraffic": [], "control": []}

    def measured(self, what, begun, ended):
        self.waits[what].append(self.load.window(what, begun, ended)["longest_ms"])

    def now(self):
        return self.load.stats()["at_us"]

    def switch(self, verb):
        begun = self.now()
        self.combo.client("MoveTables", verb, move.WORKFLOW)
        self.measured(verb, begun, self.now())
        return self.now() - begun

    def one(self):
        lasted = max(self.switch("SwitchTraffic"), self.switch("ReverseTraffic"))
        begun = self.now()
        proc.wait_for(lambda: self.now() >= begun + lasted, 60, "as long a time without a switch")
        self.measured("control", begun, self.now())


def play(combo, rounds):
    combo.up("customer", "new_customer")
    move.fill(combo, ROWS)
    combo.client("MoveTables", "--no-switch", "customer.users", move.WORKFLOW)
    load = Load(os.path.join(combo.folder, "journal"), combo.gate_port, clients=CLIENTS, rate=RATE, inserts=True).start()
    done = Rounds(combo, load)
    try:
        for _ in range(rounds):
            done.one()
        load.go_on(CLIENTS)
        summary = load.stop()
    finally:
        load.abandon()
    assert summary["errors"] == 0 and summary["disconnects"] == 0, summary["first_errors"]
    assert summary["unknown"] == 0 and summary["wrong_reads"] == 0
    gate = load.verify()
    servers = {k: load.verify(port=combo.port("server", k), user="vt_app", database=k, password_file=combo.password_file("vt_app"))
               for k in ("customer", "new_customer")}
    assert gate["ok"] and servers["customer"]["ok"], (gate, servers)
    assert gate["checked_writes"] == summary["writes"] + 1      # and the highest row, by which ids are told apart
    assert gate["rows"] == ROWS + gate["checked_writes"]
    print(f"{rounds} rounds, {CLIENTS} connections, {summary['writes']} rows inserted, no error, each there once")
    for what, waits in done.waits.items():
        print(f"longest wait of an insert, {what}: {distribution(waits)}")


def test_each_insert_is_there_once_after_some_rounds(combo):
    play(combo, 3)


@pytest.mark.long
def test_each_insert_is_there_once_after_a_hundred_rounds(combo):
    play(combo, 100)

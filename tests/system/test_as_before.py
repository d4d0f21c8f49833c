"""What a move leaves when it is cancelled, at whatever state, and when it is completed, in whatever form: all is compared.

Topology, tables, rows, triggers, events, routines, accounts, prepared transactions and locked tables of both servers
and what clients see, all of it; what may differ is named here, each with its reason.
"""
import os
import re
import signal
import subprocess
import time

import pymysql
import pytest

from lib import everything, move, points, proc

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

KEYSPACES = ["customer", "new_customer"]
ROWS = 500
MOVE = ("MoveTables", "customer.users", move.WORKFLOW)

ALWAYS = {
    r"topology /(gates|gate|vtctlds|health|acks|tablets|locks)/.*": "who is there, and what gates have acknowledged",
}
CANCELLED = {
    **ALWAYS,
    r"topology /workflow(s|_parts)/new_customer/users(/.*)?": "it stays for its number, as Cancelled",
    r"topology /routing/version": "each change of the rules counts",
}
# Of one that has been there: clients may have begun to use the other name, and go on finding the table by it.
BEEN_THERE = {
    **CANCELLED,
    r"topology /routing/rules/(customer|new_customer)/users": "both names lead to the table, governed by nobody",
    r"seen by clients: new_customer\.users": "by that rule",
}


def unexpected(before, after, exceptions):
    return {name: values for name, values in everything.differences(before, after).items()
            if not any(re.fullmatch(e, name) for e in exceptions)}


def check(combo, before, exceptions):
    """No difference but the named ones, once what a tablet was asked before the end has ended too; gives what is there."""
    def as_before():
        found.append(everything.of_cluster(combo, KEYSPACES))
        return not unexpected(before, found[-1], exceptions)
    found = []
    proc.wait_for(as_before, 30, "nothing to be left", lambda: "".join(
        f"\n{name}\n  before {b}\n  after  {a}" for name, (b, a) in unexpected(before, found[-1], exceptions).items()))
    return found[-1]


def connect(combo, port, user, database):
    password = "" if user == "app" else combo.credentials()[user]["password"]
    return pymysql.connect(host="127.0.0.1", port=port, user=user, password=password, database=database, autocommit=False)


class Standing:
    """A program that stands still while the test does something."""

    def __init__(self, combo, name, keyspace):
        self.pid = combo.pid(name, keyspace)

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGCONT)


class Cancelling:
    """Brings a move into a state, one method for each; the test cancels it there."""

    def __init__(self, combo, stepper):
        self.combo, self.stepper, self.asking = combo, stepper, []

    def wait_state(self, state):
        proc.wait_for(lambda: move.state(self.combo) == state, 60, f"state {state}", lambda: move.show(self.combo))

    def cancel(self):
        self.combo.client("Workflow", "delete", move.WORKFLOW)
        proc.wait_for(lambda: move.state(self.combo) == "cancelled", 60, "the end", lambda: move.show(self.combo))

    def ask_to_cancel(self):
        """Without waiting for the end."""
        asking = subprocess.Popen(self.combo.client_command("Workflow", "delete", move.WORKFLOW), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.asking.append(asking)

    def end(self):
        for asking in self.asking:
            proc.end(asking)

    def checking(self):
        """A check that waits for an answer; nothing has been made."""
        moving = move.Moving(self.combo, "--no-switch")
        try:
            with Standing(self.combo, "vttablet", "new_customer"):
                self.wait_state("checking")
                self.combo.client("Workflow", "delete", move.WORKFLOW)
        finally:
            moving.abandon()

    def creating(self):
        stopped = []

        def stop_the_tablet(_):
            stopped.append(self.combo.pid("vttablet", "new_customer"))
            os.kill(stopped[0], signal.SIGSTOP)
        self.stepper.at("movetables.create.before", stop_the_tablet)
        moving = move.Moving(self.combo, "--no-switch")
        try:
            self.stepper.wait_acted(60)
            self.wait_state("creating")
            self.ask_to_cancel()
            self.wait_state("cancelling")           # it waits for the tablet
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
            moving.abandon()
        self.cancel()

    def copying(self):
        """All rows are copied, and an open reader keeps the fence from being made."""
        reader = connect(self.combo, self.combo.port("server", "customer"), "vt_app", "customer")
        moving = move.Moving(self.combo, "--no-switch")
        try:
            with reader.cursor() as cur:
                cur.execute("SELECT COUNT(*) FROM users")
            # Not earlier: a fence that is not begun has nothing to wait for when it is removed.
            proc.wait_for(lambda: (move.show(self.combo) or {"record": {"state_text": ""}})["record"]["state_text"]
                          .startswith("waiting: "), 60, "the fence to be waited for", lambda: move.show(self.combo))
            self.wait_state("copying")
            self.ask_to_cancel()
            self.wait_state("cancelling")           # its own fence waits for the reader as well
        finally:
            reader.close()
            moving.abandon()
        self.cancel()

    def running(self):
        self.combo.client(*MOVE, "--no-switch")
        self.cancel()

    def stopped(self):
        self.combo.client(*MOVE, "--no-switch")
        self.combo.client("Workflow", "stop", move.WORKFLOW)
        self.wait_state("stopped")
        self.cancel()

    def switching(self):
        """In its hold, which waits for a transaction that has written."""
        self.combo.client(*MOVE, "--no-switch")
        writer = connect(self.combo, self.combo.gate_port, "app", "customer")
        moving = move.Moving(self.combo, "--on-grace", "wait", "--timeout", "300s")
        try:
            with writer.cursor() as cur:
                cur.execute("UPDATE users SET name = 'never committed' WHERE id = 1")
                self.wait_state("switching")
                self.ask_to_cancel()
                self.wait_state("cancelling")
            writer.rollback()
        finally:
            writer.close()
            moving.abandon()
        self.cancel()

    def error(self):
        """By DDL that changes nothing, and stops the stream all the same."""
        self.combo.client(*MOVE, "--no-switch")
        dba = connect(self.combo, self.combo.port("server", "customer"), "vt_dba", "customer")
        with dba.cursor() as cur:
            cur.execute("ALTER TABLE users COMMENT = ''")
        dba.close()
        self.wait_state("error")
        self.cancel()

    def there_and_back(self):
        self.combo.client(*MOVE)
        self.combo.client("MoveTables", "ReverseTraffic", move.WORKFLOW)
        self.wait_state("running")
        self.cancel()

    def again(self):
        """Cancelled already."""
        self.cancel()


STATES = ["checking", "creating", "copying", "running", "stopped", "switching", "error", "again"]


def test_cancelled_at_every_state_all_is_as_before(combo):
    combo.up(*KEYSPACES, env=points.Stepper.ENV)
    move.fill(combo, ROWS)
    stepper = points.Stepper(combo)
    stepper.start()
    moves = Cancelling(combo, stepper)
    try:
        before = everything.of_cluster(combo, KEYSPACES)
        for state in STATES:
            began = time.monotonic()
            getattr(moves, state)()
            print(f"cancelled at {state}: {time.monotonic() - began:.1f} s", flush=True)
            check(combo, before, CANCELLED)
        moves.there_and_back()
        check(combo, before, BEEN_THERE)
    finally:
        stepper.end()
        moves.end()


# ---- Complete

FORMS = {"drop": [], "rename": ["--rename-tables"], "keep": ["--keep-data"]}
COMPLETED = {
    **ALWAYS,
    r"topology /workflow(s|_parts)/new_customer/t_\w+(/.*)?": "the record stays, as Complete",
    r"topology /routing/(rules/(new_)?customer|switches/new_customer)/t_\w+": "both names lead to the new place",
    r"topology /routing/version": "each change of the rules counts",
}


def of_table(found, keyspace, table):
    """Its definition and rows."""
    return [found.get(f"{keyspace}: {what} {keyspace}.{table}") for what in ("table", "rows")]


@pytest.mark.parametrize("form", FORMS)
def test_completed_the_tables_are_moved_and_nothing_else_is_left(shared_combo, form):
    combo, t, old = shared_combo, f"t_{form}", f"_t_{form}_old"
    combo.mariadb(f"CREATE TABLE {t} (id INT AUTO_INCREMENT PRIMARY KEY, v INT); INSERT INTO {t} (v) VALUES (1), (2)", "customer")
    before = everything.of_cluster(combo, KEYSPACES)
    combo.client("MoveTables", f"customer.{t}", f"new_customer.{t}")
    combo.client("MoveTables", *FORMS[form], "Complete", f"new_customer.{t}")
    moved = {rf"new_customer: (table|rows) new_customer\.{t}": "it is here now", rf"seen by clients: new_customer\.{t}": "too"}
    gone = {rf"customer: (table|rows) customer\.{t}": "it was here"}
    kept = {rf"customer: (table|rows) customer\.{old}": "under its old name", rf"seen by clients: customer\.{old}": "too"}
    guarded = {r"customer: trigger customer\._switchyard_fence_\w+": "nobody writes to what is kept",
               r"customer: rows _switchyard\.fence": "the same"}
    after = check(combo, before, {**COMPLETED, **moved, **{"drop": gone, "rename": {**gone, **kept}, "keep": guarded}[form]})
    assert of_table(after, "new_customer", t) == of_table(before, "customer", t)
    assert of_table(after, "customer", t) == (of_table(before, "customer", t) if form == "keep" else [None, None])
    if form == "rename":
        definition, rows = of_table(before, "customer", t)
        assert of_table(after, "customer", old) == [definition.replace(f"`{t}`", f"`{old}`"), rows]
    assert len([n for n in after if n.startswith("customer: trigger") and n not in before]) == (3 if form == "keep" else 0)

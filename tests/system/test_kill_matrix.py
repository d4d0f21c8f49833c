"""Each program killed at each point of a switch and of a way back: one side serves, nothing is lost, it goes on by itself.

The cells are done one after another in one cluster, there and back in turn. vtctld stands still at each point, the
program of the cell is killed with SIGKILL, and vtctld goes on. $SWITCHYARD_CELLS (a regular expression)
picks cells by their names.
"""
import collections
import datetime
import os
import re
import signal
import subprocess
import time

import pymysql
import pytest

from lib import flavours, move, points, proc
from lib.load import Load

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

ROWS = 1000
FENCED = 1290
THERE, BACK = "SwitchTraffic", "ReverseTraffic"
KEYSPACES = ["customer", "new_customer"]

STEPS = ["preflight", "hold", "fence", "catch-up", "reverse", "commit", "acknowledge", "release", "finish"]
POINTS = [f"movetables.{step}.{when}" for step in STEPS for when in ("before", "after")]
# from: the side that serves before the switch. "all": vtctld, both tablets, the gate and both servers.
PROGRAMS = ["vtctld", "vttablet from", "vttablet to", "vtgate", "server from", "server to", "all"]

# Of a move before it can switch; vtctld alone is killed there.
BEGINNING = ["movetables.check.before", "movetables.create.before", "movetables.create.after"]

# Points that no switch passes: how they begin, and the test that kills or fails there.
ELSEWHERE = {
    "workflow.cancel": "tests/system/test_cancel.py",
    "workflow.complete": "tests/unit/ctl/complete_test.c",
    "workflow.pause": "tests/unit/ctl/pause_test.c",
    "naming": "tests/unit/ctl/naming_test.c",
    "sidecar": "tests/real/sidecar_test.c",
    "copy.commit": "tests/system/test_stream_kills.py",
    "copy.strict": "tests/system/test_stream_strict.py",
    "stream.converge": "tests/system/test_stream_kills.py",
    "stream.exact": "tests/system/test_stream_kills.py",
    "stream.part": "tests/system/test_stream_parts.py",
    "stream.chunk": "tests/system/test_cancel.py",
    "stream.run": "tests/system/test_stream_lag.py",
    "stream.key": "tests/system/test_foreign_keys.py",
    "stream.ddl": "tests/system/test_on_ddl.py",
    "stream.exchange": "tests/system/test_stream_unnumbered.py",
    "stream.index": "tests/system/test_stream_bare.py",
    "stream.rows": "tests/system/test_fence.py",
    "share.kill": "tests/real/share_test.c",
    "vdiff": "tests/system/test_vdiff.py",
    "proof": "tests/system/test_continuous.py",
    "trigger.make": "tests/system/test_triggers.py",
    "routine.make": "tests/system/test_routines.py",
    "event.off": "tests/system/test_routines.py",
    "event.on": "tests/system/test_routines.py",
    "combo.keyspaces": "tests/system/test_vtcombo.py",
    "guard.tail": "tests/system/test_way_back.py",
}


def test_every_point_of_the_source_is_in_the_matrix_or_tested_elsewhere():
    found, matrix = points.in_source(), {*POINTS, *BEGINNING}
    assert matrix <= set(found), "the matrix has points that are not in the source"
    for point, path in found.items():
        begins = next((b for b in ELSEWHERE if point.startswith(b + ".") or point == b), None)
        assert (point in matrix) != (begins is not None), f"{point} of {path} is to be in the matrix or in ELSEWHERE"
        if begins and ELSEWHERE[begins]:
            with open(os.path.join(proc.TREE, ELSEWHERE[begins]), encoding="utf-8") as f:
                assert begins in f.read(), f"{ELSEWHERE[begins]} says nothing of {begins}"


# ---- One cell

class Cell(collections.namedtuple("Cell", "verb program point")):
    def __str__(self):
        return f"{self.verb}, {self.program}, {self.point}"

    def past(self, point):
        return POINTS.index(self.point) >= POINTS.index(point)

    def may_disconnect(self):
        """Does the program answer clients, or is about to?"""
        return self.program in ("vtgate", "all") \
            or self.program == "server from" and not self.past("movetables.release.after") \
            or self.program == "server to" and self.past("movetables.reverse.after")


def record(combo):
    shown = move.show(combo)
    return shown["record"] if shown else None


def rests(combo):
    """The record of a workflow that does nothing and is to do nothing; None while it does, or nobody answers."""
    r = record(combo)
    if r is None or r["finishing"] or r["reversing"]:
        return None
    if r["state"] == "Running":
        return r if r["options"]["no_switch"] else None
    return r if r["state"] == "Switched" else None


class Cluster:
    def __init__(self, combo):
        self.combo = combo
        combo.up(*KEYSPACES, env=points.Stepper.ENV)
        self.stepper = points.Stepper(combo)
        self.stepper.start()
        move.fill(combo, ROWS)
        self.begin()
        self.passwords = {name: combo.password_file(name) for name in ("vt_app", "vt_dba")}
        self.ports = {k: combo.port("server", k) for k in KEYSPACES}
        self.done = 0

    def begin(self):
        """The move is made by vtctlds that die at each point of its beginning; the same command is typed again."""
        moving = move.Moving(self.combo, "--no-switch")
        try:
            for point in BEGINNING:
                self.stepper.at(point, self.kill("vtctld", "customer"))
                self.stepper.wait_acted(60)
            moving.finish(120)
        finally:
            moving.abandon()

    def connect(self, keyspace, user="vt_app"):
        with open(self.passwords[user]) as f:
            password = f.read().strip()
        return pymysql.connect(host="127.0.0.1", port=self.ports[keyspace], user=user, password=password, database=keyspace,
                               autocommit=True)

    def ask(self, keyspace, sql, user="vt_dba"):
        conn = self.connect(keyspace, user)
        try:
            with conn.cursor() as cur:
                cur.execute(sql)
                return cur.fetchall()
        finally:
            conn.close()

    def at_rest(self):
        return proc.wait_for(lambda: rests(self.combo), 120, "the workflow to come to rest", lambda: record(self.combo))

    def served(self):
        return KEYSPACES[self.at_rest()["round"] % 2 == 0]

    # ---- Killing

    def victims(self, program, source):
        target = next(k for k in KEYSPACES if k != source)
        name, _, side = program.partition(" ")
        if program == "all":
            return [("vtgate", None)] + [(n, k) for n in ("vttablet", "server") for k in KEYSPACES]
        if name == "vtctld":
            return []
        return [(name, {"from": source, "to": target, "": None}[side])]

    def kill(self, program, source):
        """At the point: called with the pid of the vtctld that stands there."""
        victims = self.victims(program, source)

        def act(vtctld):
            pids = [proc.wait_for(lambda v=v: self.combo.pid(*v), 60, f"{v} to run") for v in victims]
            pids += [vtctld] if program in ("vtctld", "all") else []
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            for pid in pids:
                proc.wait_for(lambda p=pid: not proc.alive(p), 30, f"process {pid} to end")
        return act

    # ---- What must hold

    def play(self, cell):
        source = self.served()
        before = self.at_rest()["round"]
        self.done += 1
        load = Load(os.path.join(self.combo.folder, f"journal-{self.done}"), self.combo.gate_port, rate=200,
                    tolerate=cell.may_disconnect()).start()
        command = None
        try:
            load.go_on(20)
            self.stepper.at(cell.point, self.kill(cell.program, source))
            command = subprocess.Popen(self.combo.client_command("MoveTables", cell.verb, move.WORKFLOW),
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.stepper.wait_acted(60)
            now = self.at_rest()
            load.go_on(100, 120)
            summary = load.stop()
        finally:
            load.abandon()
            if command:
                proc.end(command)
        assert summary["errors"] == 0 and summary["wrong_reads"] == 0, summary["first_errors"]
        assert cell.may_disconnect() or summary["disconnects"] == 0
        self.check(load)
        return "went on" if now["round"] == before + 1 else "rolled back"

    def answers(self):
        try:
            return all(self.ask(k, "SELECT 1") for k in KEYSPACES)
        except pymysql.Error:
            return False

    def check(self, load):
        proc.wait_for(self.answers, 60, "both servers to run again")
        serving = self.served()
        other = next(k for k in KEYSPACES if k != serving)
        verdicts = [load.verify(), load.verify(port=self.ports[serving], user="vt_app", database=serving,
                                               password_file=self.passwords["vt_app"])]
        assert all(v["ok"] for v in verdicts), verdicts
        with pytest.raises(pymysql.Error) as refused:
            self.ask(other, "UPDATE users SET name = name", "vt_app")
        assert refused.value.args[0] == FENCED, refused.value
        assert all("phase" not in rule for rule in self.combo.api("get_routing_rules")["rules"])
        proc.wait_for(self.is_equal, 60, "both sides to be equal", lambda: move.show(self.combo))

    def is_equal(self):
        sums = {k: self.ask(k, "SELECT COUNT(*), SUM(CRC32(CONCAT_WS('#', id, email, name, created_at, balance, data))) FROM users")
                for k in KEYSPACES}
        return sums["customer"] == sums["new_customer"]


def play(combo, cells):
    """The outcomes by what was done; a switch that was rolled back is followed by one that nobody disturbs."""
    cluster = Cluster(combo)
    outcomes = collections.Counter()
    try:
        for cell in cells:
            if (cell.verb == THERE) != (cluster.served() == "customer"):
                combo.client("MoveTables", BACK if cell.verb == THERE else THERE, move.WORKFLOW)
            began = time.monotonic()
            try:
                outcome = cluster.play(cell)
            except BaseException as e:
                raise AssertionError(f"cell {cell}: {e}") from e
            outcomes[f"{cell.program} {outcome}"] += 1
            print(f"{cell}: {outcome}, {time.monotonic() - began:.1f} s", flush=True)
        unknown = set(cluster.stepper.passed) - {*POINTS, *BEGINNING}
        assert not unknown, f"{unknown} are passed, and the matrix does not have them"
    finally:
        cluster.stepper.end()
    print(f"{len(cells)} cells, " + ", ".join(f"{what}: {n}" for what, n in sorted(outcomes.items())))


def in_turn(there, back):
    return [c for pair in zip(there, back) for c in pair]


def every_cell():
    """There and back in turn, and each program as rarely as can be: its supervisor waits longer for who dies often."""
    return in_turn(*([Cell(verb, program, point) for point in POINTS for program in PROGRAMS] for verb in (THERE, BACK)))


def share(number):
    """Of each point one cell, and of each program as many as of the others; another share for each number."""
    there = [Cell(THERE, PROGRAMS[(i + number) % len(PROGRAMS)], p) for i, p in enumerate(POINTS)]
    back = [Cell(BACK, PROGRAMS[(i + number + 3) % len(PROGRAMS)], p) for i, p in enumerate(POINTS)]
    return in_turn(there[number % 2::2], back[1 - number % 2::2])


def half_share(number):
    """Every other pair of a share's cells; the other ones once all shares have been."""
    half = number // (2 * len(PROGRAMS)) % 2
    return [c for i, c in enumerate(share(number)) if i // 2 % 2 == half]


def test_shares_of_all_numbers_are_the_matrix():
    assert {c for n in range(2 * len(PROGRAMS)) for c in share(n)} == set(every_cell())
    assert {c for n in range(4 * len(PROGRAMS)) for c in half_share(n)} == set(every_cell())


def number_of_today():
    return int(os.environ.get("SWITCHYARD_SHARE", datetime.date.today().toordinal()))


def test_a_program_killed_at_each_point(combo):
    print(f"share {number_of_today()}")
    play(combo, half_share(number_of_today()))


@pytest.mark.long
def test_a_program_killed_at_each_point_across_flavours(combo):
    """Another pair of kinds each day; with them other cells than with the day before's of the same pair."""
    pair = flavours.PAIRS[number_of_today() % len(flavours.PAIRS)]
    print(f"share {number_of_today()} of {'-'.join(pair)}")
    combo.kinds = dict(zip(KEYSPACES, pair))
    play(combo, half_share(number_of_today() // len(flavours.PAIRS)))


@pytest.mark.long
def test_each_program_killed_at_each_point(combo):
    play(combo, [c for c in every_cell() if re.search(os.environ.get("SWITCHYARD_CELLS", ""), str(c))])

"""What a continuous proof costs: a stream that was stopped catches up with it and without it, in turn, in one cluster; and at rest."""
import json
import os
import statistics
import time

from catchup import WORKFLOW, Catchup, Timed
from lib import proc

ROUNDS = int(os.environ.get("ROUNDS") or 3)
TRANSACTIONS = int(os.environ.get("TRANSACTIONS") or 200000)
REST_S = int(os.environ.get("IDLE_S") or 20)
PATIENCE_S = 600


class Proven(Catchup):
    """Its tables, some transactions at a time."""

    def shown(self):
        return json.loads(self.c.client("VDiff", "--format=json", WORKFLOW, "show", "last").stdout)["ContinuousProof"]

    def begin(self):
        self.c.client("VDiff", "--continuous", "--wait", WORKFLOW)

    def end(self):
        self.c.client("VDiff", WORKFLOW, "delete", "all")

    def proven(self, start, changes):
        """Seconds until as many changes are proven: the proof is behind the applier."""
        end = time.monotonic() + PATIENCE_S
        while self.shown()["RowChanges"] < changes and time.monotonic() < end:
            time.sleep(0.1)
        seen = self.shown()
        assert seen["State"] == "proving" and seen["Findings"] == 0, seen
        return round(time.monotonic() - start, 2)

    def one(self, proof):
        if proof:
            self.begin()
        self.c.client("Workflow", "stop", WORKFLOW)
        number = self.write("uniform")
        tablet = self.c.pid("vttablet", "target")
        timed = Timed({"server": self.target.pid, "vttablet": tablet})
        took = self.ours(number)
        if proof:
            took["proven_s"] = self.settled(timed)
        took = {**took, **{k: v for k, v in timed.until(time.monotonic()).items() if k != "s"}}
        if proof:
            self.end()
        return took

    def settled(self, timed):
        """Nothing is left to be proven: the count stands still, and no lag is told."""
        before = -1
        while True:
            seen = self.shown()
            if seen["RowChanges"] == before and seen.get("LagSeconds", 1) == 0:
                return self.proven(timed.start, before)
            before = seen["RowChanges"]
            time.sleep(0.3)

    def rest(self):
        """Per cent of a core that the tablet takes while nobody writes."""
        tablet = self.c.pid("vttablet", "target")
        time.sleep(8)       # what a start leaves to be done
        before = proc.cpu_ns(tablet)
        time.sleep(REST_S)
        return round((proc.cpu_ns(tablet) - before) / REST_S / 1e7, 4)


def in_cluster(c, say):
    bench = Proven(c, say)
    found = {False: [], True: []}
    for number in range(ROUNDS):
        for proof in (False, True) if number % 2 == 0 else (True, False):
            found[proof].append(bench.one(proof))
            say(f"   {'with a proof' if proof else 'without one':<13} {found[proof][-1]}")
    rest = {"without": bench.rest()}
    bench.begin()
    rest["with"] = bench.rest()
    say(f"   at rest, per cent of a core of the target's vttablet: {rest}")
    return found, rest


def measure(with_cluster, say):
    found, rest = with_cluster(lambda c: in_cluster(c, say))

    def median(proof):
        return {what: round(statistics.median(f[what] for f in found[proof]), 2) for what in found[proof][0]}

    mine, without = median(True), median(False)
    return {"bench": "continuous", "us": mine["s"], "best": without["s"], "ratio": round(mine["s"] / without["s"], 3), "unit": "s",
            "transactions": TRANSACTIONS, "rounds": ROUNDS, "with": mine, "without": without, "rest_percent": rest}

"""How long a comparison of a table takes under load, beside CHECKSUM TABLE at either side in turn under the same load."""
import os
import statistics
import time

import tables
from lib import combo as combos
from lib import load, proc

ROWS = int(os.environ.get("ROWS") or 1000000)
ROUNDS = int(os.environ.get("ROUNDS") or 3)
SOURCE = os.environ.get("SOURCE") or "mariadb"
TARGET = os.environ.get("TARGET") or "mariadb"
CLIENTS = int(os.environ.get("CLIENTS") or 8)
RATE = int(os.environ.get("RATE") or 500)       # the demo's
SETTLE_S = 3


class VDiffBench:
    def __init__(self, c):
        self.c = c
        self.pids = {name: c.pid("server", keyspace) for name, keyspace in (("source", "customer"), ("target", "target"))}
        self.pids["vttablet"] = c.pid("vttablet", "target")

    def vdiff(self):
        self.c.client("VDiff", "--wait", "target.users", "create")

    def checksum(self):
        for keyspace in ("customer", "target"):
            self.c.mariadb("CHECKSUM TABLE users;", keyspace, port=self.c.port("server", keyspace), user="vt_dba")

    def timed(self, name, run):
        """{"s": wall time, and CPU of each}; the servers' has the load in it."""
        before = {who: proc.cpu_seconds(pid) for who, pid in self.pids.items()}
        start = time.monotonic()
        run()
        took = {"s": round(time.monotonic() - start, 2),
                **{who: round(proc.cpu_seconds(pid) - before[who], 2) for who, pid in self.pids.items()}}
        print(f"   {name:<10} {took['s']:6.2f} s   core-seconds: source {took['source']:.2f}, target {took['target']:.2f}, "
              f"vttablet {took['vttablet']:.2f}", flush=True)
        return took


def in_cluster(c):
    c.kinds = {"customer": SOURCE, "target": TARGET}
    c.up("customer", "target")
    tables.fill(c, "users", ROWS)
    c.client("MoveTables", "--no-switch", "customer.users", "target.users")
    bench = VDiffBench(c)
    writing = load.Load(os.path.join(c.folder, "journal"), c.gate_port, clients=CLIENTS, rate=RATE).start()
    found = {"vdiff": [], "checksum": []}
    try:
        for number in range(ROUNDS):
            for name in sorted(found, reverse=number % 2 == 0):
                time.sleep(SETTLE_S)
                found[name].append(bench.timed(name, bench.vdiff if name == "vdiff" else bench.checksum))
    finally:
        writing.stop()
    if writing.code != 0:
        raise combos.Failed("a client saw an error")
    return found, round(c.memory_kb("vttablet", "target") / 1024, 1)


def measure(with_cluster):
    found, mb = with_cluster(in_cluster)
    medians = {name: {what: round(statistics.median(took[what] for took in all_), 2) for what in all_[0]} for name, all_ in found.items()}
    return {"bench": "vdiff", "from": SOURCE, "to": TARGET, "us": medians["vdiff"]["s"], "best": medians["checksum"]["s"],
            "ratio": round(statistics.median(v["s"] / s["s"] for v, s in zip(found["vdiff"], found["checksum"])), 3), "unit": "s",
            "medians": medians, "rows": ROWS, "clients": CLIENTS, "rate": RATE, "rounds": ROUNDS, "vttablet_mb": mb,
            "all": {name: [took["s"] for took in all_] for name, all_ in found.items()}}

"""What a cluster at rest costs: the CPU of each program, and how soon everybody sees a change of the topology."""
import os
import statistics
import subprocess
import time

from lib import combo as combos
from lib import proc

SECONDS = int(os.environ.get("IDLE_S") or 20)
SETTLE_S = 8          # what a start leaves to be done: servers' own work, connections that grow old
WATCHERS, CHANGES = 4, 200
PROGRAMS = {"vtctld": ("vtctld", None), "vtgate": ("vtgate", None), "vttablet": ("vttablet", "customer"),
            "vtcombo": ("vtcombo", None)}


def at_rest(pids):
    """Program -> per cent of a core and wakes in a second."""
    def look():
        return {name: (proc.cpu_ns(pid), proc.wakes(pid), time.monotonic()) for name, pid in pids.items()}

    before = look()
    time.sleep(SECONDS)
    after = look()
    return {name: {"cpu_percent": round((after[name][0] - cpu) / (after[name][2] - at) / 1e7, 4),
                   "wakes_per_s": round((after[name][1] - woken) / (after[name][2] - at), 1)}
            for name, (cpu, woken, at) in before.items()}


def seen(c, *before):
    """Milliseconds until the last of several watches has seen a change."""
    done = subprocess.run([*before, os.path.join(proc.build_dir(), "bench", "topo_seen"),
                           f"sqlite:{c.data_dir}/topo.db", str(WATCHERS), str(CHANGES)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise combos.Failed(done.stderr.strip())
    all_of_it, after = zip(*([int(n) / 1000 for n in line.split()] for line in done.stdout.splitlines()))
    return {name: {"median": round(statistics.median(ms), 2), "worst": round(max(ms), 2),
                   "over_5": sum(m > 5 for m in ms)}
            for name, ms in (("seen_ms", after), ("with_write_ms", all_of_it))}


# Before the watches: they then wait for no core that somebody else's work has.
REAL_TIME = ("chrt", "--fifo", "5")


def may_real_time():
    try:
        return subprocess.run([*REAL_TIME, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def measure(c, say):
    c.up("customer", "target")
    time.sleep(SETTLE_S)
    rest = at_rest({name: c.pid(*which) for name, which in PROGRAMS.items()})
    for name, got in rest.items():
        say(f"   {name:<10} {got['cpu_percent']:.3f} % of a core, woken {got['wakes_per_s']:.1f} times a second")
    found = seen(c)
    say(f"   a change is seen by {WATCHERS} watches {found['seen_ms']['median']:.2f} ms after its write, "
        f"{found['seen_ms']['worst']:.2f} ms at worst")
    if may_real_time():
        found["seen_real_time_ms"] = seen(c, *REAL_TIME)["seen_ms"]
        say("   with real-time priority {median:.2f} ms, {worst:.2f} ms at worst".format(**found["seen_real_time_ms"]))
    return {"bench": "idle", "us": max(got["cpu_percent"] for got in rest.values()), "unit": "% of a core",
            "programs": rest, **found, "changes": CHANGES, "watchers": WATCHERS, "seconds": SECONDS}

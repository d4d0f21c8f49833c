"""How long the longest statement waits for a switch, above what it waits for anyway."""
import os
import re
import statistics
import time

from lib import combo as combos
from lib import mariadb, proc
from lib.load import Load

ROUNDS = max(1, int(os.environ.get("SWITCHES") or 100))
CLIENTS = int(os.environ.get("CLIENTS") or 8)
TABLES = max(1, int(os.environ.get("TABLES") or 1))
RATE = int(os.environ.get("RATE") or 2000)      # statements a second of all clients
ROWS = int(os.environ.get("SWITCH_ROWS") or 2000)
WORKFLOW = "new_customer.whole"
THIS_BUILD = proc.build_dir()
BEFORE_S, AFTER_S = 0.2, 0.8                    # around the command: its reply may be there before the last held answer


def percentile(values, part):
    """The smallest that at least that part of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * part // 100) - 1)]


def fill(c):
    create, insert = mariadb.users_sql(ROWS)
    others = [f"CREATE TABLE other{n} (id INT PRIMARY KEY AUTO_INCREMENT, v INT);\n"
              f"INSERT INTO other{n} (v) SELECT seq FROM seq_1_to_1000;\n" for n in range(1, TABLES)]
    c.mariadb(f"SET time_zone = '+00:00';\n{create};\n{insert};\n" + "".join(others), "customer",
              port=c.port("server", "customer"), user="vt_dba")


def longest(load, name, work):
    """(longest wait in ms of a statement, statements a second) while work is done."""
    begin = time.time()
    time.sleep(BEFORE_S)
    work()
    time.sleep(AFTER_S)
    end = time.time()
    window = load.window(name, int(begin * 1e6), int(end * 1e6))
    return window["longest_ms"], window["statements"] / (end - begin), end - begin


class Cluster:
    """One build's: its tables go back and forth under load, and each round is one switch."""

    def __init__(self, c, name, build):
        self.c, self.name, self.build = c, name, build
        self.load = None
        self.waits, self.control, self.rates, self.steps = [], [], [], {}

    def up(self):
        self.use()
        self.c.up("customer", "new_customer")
        fill(self.c)
        os.environ["SWITCHYARD_BUILD"] = THIS_BUILD      # the same load for all, and one that knows how to rest
        self.load = Load(os.path.join(self.c.folder, "journal"), self.c.gate_port, clients=CLIENTS, rate=RATE, burst=True).start()
        self.use()
        self.load.go_on(RATE)
        tables = ",".join(["users", *(f"other{n}" for n in range(1, TABLES))])
        self.c.client("MoveTables", "--workflow=whole", f"customer.{tables}", "new_customer")

    def use(self):
        os.environ["SWITCHYARD_BUILD"] = self.build

    def one(self, number):
        self.use()
        action = "ReverseTraffic" if number % 2 == 1 else "SwitchTraffic"
        wait, rate, took = longest(self.load, f"switch-{number}",
                                   lambda: self.c.client("MoveTables", action, WORKFLOW))
        control, _, _ = longest(self.load, f"control-{number}", lambda: time.sleep(max(0, took - BEFORE_S - AFTER_S)))
        self.waits.append(wait)
        self.control.append(control)
        self.rates.append(rate)
        self.keep_steps()

    def keep_steps(self):
        """What vtctld has told of each step, in ms."""
        shown = re.search(r"^Steps:\s+(.*)$", self.c.client("Workflow", "show", WORKFLOW).stdout, re.MULTILINE)
        for step, ms in re.findall(r"([a-z-]+) ([\d.]+) ms", shown.group(1) if shown else ""):
            self.steps.setdefault(step, []).append(float(ms))

    def result(self):
        return {"p50_ms": percentile(self.waits, 50), "p99_ms": percentile(self.waits, 99), "max_ms": max(self.waits),
                "control_p50_ms": percentile(self.control, 50), "control_p99_ms": percentile(self.control, 99),
                "control_max_ms": max(self.control), "statements_per_s": round(statistics.median(self.rates)),
                "steps_p50_ms": {step: percentile(ms, 50) for step, ms in self.steps.items()}}

    def end(self):
        """The load's errors."""
        self.use()
        errors = self.load.stop()["errors"]
        where = "customer" if ROUNDS % 2 == 1 else "new_customer"
        told = self.load.verify(port=self.c.port("server", where), user="vt_app", database=where,
                                password_file=self.c.password_file("vt_app"))
        if not told["ok"]:
            raise combos.Failed(f"{where}.users is not what was acknowledged: {told}")
        return errors

    def down(self):
        self.use()
        if self.load is not None:
            proc.end(self.load.process)
        self.c.down()


def measure(say):
    """Each round on every cluster, one at work at a time: this build's, and that of $BEFORE."""
    builds = {"now": THIS_BUILD, **({"before": os.environ["BEFORE"]} if os.environ.get("BEFORE") else {})}
    all_ = []
    try:
        for name, build in builds.items():
            all_.append(Cluster(combos.Combo(), name, build))   # its ports are free once the one before has its own
            all_[-1].up()
            all_[-1].load.rest(True)
        for number in range(1, ROUNDS + 1):
            for cluster in all_ if number % 2 == 1 else all_[::-1]:
                cluster.load.rest(False)
                cluster.load.go_on(RATE)
                cluster.one(number)
                cluster.load.rest(True)
                say(f"   round {number:3} {cluster.name:6}: {cluster.waits[-1]:8.1f} ms, control {cluster.control[-1]:8.1f} ms, "
                    f"{cluster.rates[-1]:,.0f} statements/s")
        errors = sum(cluster.end() for cluster in all_)
        results = {cluster.name: cluster.result() for cluster in all_}
    finally:
        for cluster in all_:
            cluster.down()
        os.environ["SWITCHYARD_BUILD"] = THIS_BUILD
    return {"bench": "switch", "rounds": ROUNDS, "errors": errors, **results.pop("now"), **results,
            "clients": CLIENTS, "tables": TABLES, "rate": RATE, "rows": ROWS}

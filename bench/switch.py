"""How long the longest statement waits for a switch, above what it waits for anyway."""
import os
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


class Rounds:
    """The tables go back and forth: each round is one switch."""

    def __init__(self, c, load):
        self.c, self.load = c, load
        self.waits, self.control, self.rates = [], [], []

    def one(self, number):
        action = "ReverseTraffic" if number % 2 == 1 else "SwitchTraffic"
        wait, rate, took = longest(self.load, f"switch-{number}",
                                   lambda: self.c.client("MoveTables", action, WORKFLOW))
        control, _, _ = longest(self.load, f"control-{number}", lambda: time.sleep(max(0, took - BEFORE_S - AFTER_S)))
        self.waits.append(wait)
        self.control.append(control)
        self.rates.append(rate)


def verify(c, load, where):
    told = load.verify(port=c.port("server", where), user="vt_app", database=where, password_file=c.password_file("vt_app"))
    if not told["ok"]:
        raise combos.Failed(f"{where}.users is not what was acknowledged: {told}")


def measure(c, say):
    c.up("customer", "new_customer")
    fill(c)
    load = Load(os.path.join(c.folder, "journal"), c.gate_port, clients=CLIENTS, rate=RATE, burst=True).start()
    rounds = Rounds(c, load)
    try:
        load.go_on(RATE)
        tables = ",".join(["users", *(f"other{n}" for n in range(1, TABLES))])
        c.client("MoveTables", "--workflow=whole", f"customer.{tables}", "new_customer")
        for number in range(1, ROUNDS + 1):
            rounds.one(number)
            say(f"   round {number:3}: {rounds.waits[-1]:8.1f} ms, control {rounds.control[-1]:8.1f} ms, "
                f"{rounds.rates[-1]:,.0f} statements/s")
        errors = load.stop()["errors"]
    finally:
        proc.end(load.process)
    verify(c, load, "customer" if ROUNDS % 2 == 1 else "new_customer")
    return {"bench": "switch", "rounds": ROUNDS, "errors": errors, "p50_ms": percentile(rounds.waits, 50),
            "p99_ms": percentile(rounds.waits, 99), "max_ms": max(rounds.waits), "control_p50_ms": percentile(rounds.control, 50),
            "control_p99_ms": percentile(rounds.control, 99), "control_max_ms": max(rounds.control),
            "statements_per_s": round(statistics.median(rounds.rates)), "clients": CLIENTS, "tables": TABLES, "rate": RATE, "rows": ROWS}

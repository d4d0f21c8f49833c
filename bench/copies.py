"""How long a copy takes, and how much of the machine, beside the fastest way by hand and the tools that people have."""
import os
import re
import resource
import shutil
import statistics
import subprocess
import time

import peers
import tables
from lib import combo as combos
from lib import proc

ROWS = int(os.environ.get("ROWS") or 1000000)
ROUNDS = int(os.environ.get("ROUNDS") or 3)
SOURCE = os.environ.get("SOURCE") or "mariadb"
TARGET = os.environ.get("TARGET") or "mariadb"
TABLE = os.environ.get("TABLE") or "users"
TLS = bool(os.environ.get("TLS"))
BY_TLS = "ours by TLS"
SETTLE_S = 3          # for a server to write out what the one before left behind


class CopyBench:
    """Copies a table of customer to another server, once by each contender."""

    def __init__(self, cluster):
        self.c = cluster
        self.source = cluster.port("server", "customer")
        self.table = tables.TABLES[TABLE]
        self.content = None

    def dba(self, sql, port, database=""):
        return self.c.mariadb(sql, database, port=port, user="vt_dba")

    def run_tool(self, cmd):
        done = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise combos.Failed(f"{os.path.basename(cmd[0])}: {done.stderr.strip()[-400:]}")

    def by_hand(self, target, database):
        self.dba(self.table.bare_sql(self.collation()), target, database)
        self.run_tool([os.path.join(proc.build_dir(), "bench", "byhand"), "--user", "vt_dba",
                       "--password-file", self.c.password_file("vt_dba"), "--from", f"{self.source}/customer",
                       "--to", f"{target}/{database}", "--table", self.table.name])
        self.dba(self.table.alter_sql(), target, database)

    def mydumper(self, target, database):
        where = os.path.join(self.c.folder, "dump")
        shutil.rmtree(where, ignore_errors=True)
        login = [f"--defaults-file={self.mydumper_defaults()}", "-h", "127.0.0.1", "-u", "vt_dba"]
        self.run_tool(["mydumper", *login, "-P", str(self.source), "-B", "customer", "-T", self.table.name,
                       "-t", "2", "-r", "100000", "-o", where])
        self.run_tool(["myloader", *login, "-P", str(target), "-B", database, "-d", where, "-t", "2", "-o"])
        shutil.rmtree(where)

    def mydumper_defaults(self):
        path = os.path.join(self.c.data_dir, "mydumper.cnf")
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as f:
            password = self.c.credentials()["vt_dba"]["password"]
            f.write("".join(f"[{s}]\npassword={password}\n" for s in ("client", "mydumper", "myloader")))
        return path

    def ours(self, target, database):
        # Returns at the consistency point, indexes built, lag under a second: it says "in sync" itself.
        self.c.client("MoveTables", "--no-switch", f"customer.{self.table.name}", f"{database}.{self.table.name}")

    def catalogue(self, what, port, database="customer"):
        return self.dba(f"{what} WHERE table_schema = '{database}' AND table_name = '{self.table.name}';", port).strip()

    def collation(self):
        """The table's, so that every contender builds the same indexes."""
        return self.catalogue("SELECT table_collation FROM information_schema.tables", self.source)

    def seen(self, port, database):
        """Of all rows, and how many columns indexes have."""
        return (self.dba(self.table.sum_sql(), port, database).strip(),
                self.catalogue("SELECT COUNT(*) FROM information_schema.statistics", port, database))

    def check(self, target, database):
        """Equal rows and equal indexes, whoever made them."""
        if self.content is None:
            self.content = self.seen(self.source, "customer")
        seen = self.seen(target, database)
        if seen != self.content:
            raise combos.Failed(f"the copy in {database} differs: {seen} instead of {self.content}")


class Cores:
    """Seconds of CPU from its making on: the two servers', and of all that copies, our programs or a tool of this process."""

    def __init__(self, c):
        self.pids = {"source": [c.pid("server", "customer")], "target": [c.pid("server", "target")],
                     "copier": [c.pid("vttablet", "target"), c.pid("vttablet", "customer"), c.pid("vtctld"), c.pid("vtgate")]}
        self.before = self.now()

    def now(self):
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = {name: sum(map(proc.cpu_seconds, pids)) for name, pids in self.pids.items()}
        found["copier"] += used.ru_utime + used.ru_stime
        return found

    def taken(self):
        return {name: round(s - self.before[name], 2) for name, s in self.now().items()}


def time_contender(bench, name, run, target, database):
    """{"s": wall time, and "source", "target", "copier" of CPU}"""
    time.sleep(SETTLE_S)
    cores = Cores(bench.c)
    start = time.monotonic()
    run(target, database)
    took = {"s": time.monotonic() - start, **cores.taken()}
    bench.check(target, database)
    say(f"   {name:<10} {took['s']:7.2f} s   {ROWS / took['s']:10,.0f} rows/s   core-seconds: source {took['source']:.2f}, "
        f"target {took['target']:.2f}, copier {took['copier']:.2f}, all {of_all(took):.2f}")
    return took


def of_all(took):
    return took["source"] + took["target"] + took["copier"]


def say(text):
    print(text, flush=True)


def copy_cluster(c):
    c.kinds = {"customer": SOURCE, "target": TARGET}
    c.up("customer", "target")
    tables.fill(c, TABLE, ROWS)
    return CopyBench(c), c.port("server", "target")


def copy_by_tls(c, times):
    c.options = ["--db-ssl-mode=REQUIRED"]
    bench, target = copy_cluster(c)
    times[BY_TLS].append(time_contender(bench, BY_TLS, bench.ours, target, "target"))


class Contenders:
    """Of the copy: what each does, its times, and why one is not there."""

    def __init__(self):
        self.runs = {"ours": CopyBench.ours, "by hand": CopyBench.by_hand, "mydumper": CopyBench.mydumper}
        self.not_there = {}
        for peer in peers.PEERS:
            self.runs[peer.name] = lambda *args, p=peer: p.run(*args)
            if peer.absent():
                self.leave_out(peer.name, peer.absent())
        if SOURCE.startswith("mysql"):
            self.leave_out("mydumper", "what it makes is another table: it leaves a column with a computed default out")
        self.times = {name: [] for name in self.runs}
        if TLS:
            self.times[BY_TLS] = []

    def leave_out(self, name, why):
        say(f"   {name}: not there: {why}")
        self.not_there[name] = why
        del self.runs[name]

    def run(self, bench, name, target, database):
        try:
            self.times[name].append(time_contender(bench, name, lambda *at: self.runs[name](bench, *at), target, database))
        except combos.Failed as e:
            if name not in [peer.name for peer in peers.PEERS]:
                raise
            # Not every peer knows every server.
            self.leave_out(name, str(e))
            del self.times[name]


def copy_round(c, number, contenders):
    """A cluster of its own for each round: nobody finds what another has warmed or left behind."""
    bench, target = copy_cluster(c)
    if any(peer.name in contenders.runs for peer in peers.PEERS):
        tables.make_account(c, bench.source, target)
    order = list(contenders.runs)
    say(f"-- round {number} of {ROUNDS}, {ROWS:,} rows of {TABLE}")
    for name in order[number % len(order):] + order[:number % len(order)]:
        database = "target" if name == "ours" else re.sub(r"\W", "_", f"by_{name}")
        if name != "ours":
            bench.dba(f"CREATE DATABASE {database};", target)
        contenders.run(bench, name, target, database)
        if name != "ours":
            bench.dba(f"DROP DATABASE {database};", target)
    say(f"   vttablet used at most {c.memory_kb('vttablet', 'target') / 1024:.0f} MB")


def measure(with_cluster):
    contenders = Contenders()
    for number in range(1, ROUNDS + 1):
        with_cluster(lambda c: copy_round(c, number, contenders))
        if TLS:
            with_cluster(lambda c: copy_by_tls(c, contenders.times))
    times = {name: [took["s"] for took in all_] for name, all_ in contenders.times.items()}
    cores = {name: round(statistics.median(map(of_all, all_)), 2) for name, all_ in contenders.times.items()}
    medians = {name: round(statistics.median(t), 2) for name, t in times.items()}
    us = medians.pop("ours")
    best = min(took for name, took in medians.items() if name != BY_TLS)
    return {"bench": "copy", "table": TABLE, "from": SOURCE, "to": TARGET, "us": us, "best": best, "ratio": round(us / best, 3),
            "peers": medians, "core_s": cores, "core_ratio": round(cores["ours"] / cores["by hand"], 3),
            "not_there": contenders.not_there, "rounds": ROUNDS, "rows": ROWS, "unit": "s",
            "all": {k: [round(x, 2) for x in v] for k, v in times.items()}}

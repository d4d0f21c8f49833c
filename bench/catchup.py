"""How soon a stream that was stopped has caught up, beside the server's own replication of the same transactions.

What is written: `oltp_write_only` of sysbench, and at last a row of `mark`. Who has the row is at the end: it is asked for again and
again at either server.
"""
import contextlib
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time

import pymysql

from lib import combo as combos
from lib import kinds, proc
from lib import servers as server_kinds

SOURCE, TARGET = (kinds.full(os.environ.get(side) or "mariadb") for side in ("SOURCE", "TARGET"))
TRANSACTIONS = int(os.environ.get("TRANSACTIONS") or 200000)
# sysbench's --rand-type: which rows are written. special, its own default: 75 of 100 writes go to one row in a hundred.
DISTRIBUTIONS = (os.environ.get("SKEW") or "uniform,special").split(",")
SLAVE_THREADS = [int(n) for n in (os.environ.get("SLAVE_THREADS") or "1,2,4,8,16,32").split(",")]
MODES = (os.environ.get("SLAVE_MODES") or "optimistic,conservative").split(",")
ROUNDS = int(os.environ.get("CATCHUP_ROUNDS") or 1)
FOLLOW_S = int(os.environ.get("FOLLOW_S") or 15)
WRITERS, TABLES, TABLE_ROWS = 8, 4, 100000
DATABASE, WORKFLOW = "customer", "target.catchup"
NAMES = [*(f"sbtest{n}" for n in range(1, TABLES + 1)), "mark"]
PATIENCE_S = 1200
IDLE_PROBES = 200
# Of a server of the cluster, for one that is as it: all options but where it is.
OWN_PLACE = ("--no-defaults", "--datadir", "--tmpdir", "--init-file", "--port", "--socket", "--pid-file", "--server-id", "--user",
             "--bind-address")


class Place:
    """A server and a database of it: where the row of `mark` is asked for, and whose CPU counts."""

    def __init__(self, port, pid, database, user, password=""):
        self.pid, self.login = pid, {"host": "127.0.0.1", "port": port, "user": user, "password": password,
                                     "database": database, "autocommit": True}

    def sql(self, text):
        with contextlib.closing(pymysql.connect(**self.login)) as conn, conn.cursor() as cur:
            for statement in text.split(";\n"):
                cur.execute(statement)
            return cur.fetchall()

    def content(self):
        """A figure of all rows of each table: the server's own, or where the two kinds differ one that both compute alike."""
        if kinds.brand(SOURCE) == kinds.brand(TARGET):
            return [self.sql(f"CHECKSUM TABLE {name}")[0][1] for name in NAMES]
        return [self.sql(f"SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', id, k, c, pad))) FROM {name}") for name in NAMES[:-1]]


class Probe:
    """Asks a server for the newest row of `mark`."""

    def __init__(self, place):
        self.conn = pymysql.connect(**place.login)
        self.cur = self.conn.cursor()

    def wait(self, number, every_s):
        end = time.monotonic() + PATIENCE_S
        while True:
            self.cur.execute("SELECT n FROM mark")
            if self.cur.fetchall()[0][0] >= number:
                return time.monotonic()
            if time.monotonic() > end:
                raise combos.Failed(f"it has not caught up within {PATIENCE_S} s")
            time.sleep(every_s)

    def close(self):
        self.conn.close()


def sysbench(port, verb, *more):
    cmd = ["sysbench", "oltp_write_only", "--db-driver=mysql", "--mysql-host=127.0.0.1", f"--mysql-port={port}",
           "--mysql-user=bench", f"--mysql-db={DATABASE}", "--mysql-ssl=off", f"--tables={TABLES}", f"--table-size={TABLE_ROWS}",
           "--mysql-ignore-errors=1213,1020,1205,1062", *more, verb]
    done = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise combos.Failed(f"sysbench: {(done.stderr + done.stdout).strip()[-400:]}")


# ---- The server's own replication

class MariaDBReplica:
    """Words of MariaDB."""
    place, stands = "SELECT @@global.gtid_binlog_pos", "--skip-slave-start"

    @staticmethod
    def begin(source, place):
        return (f"RESET MASTER;\nSET GLOBAL gtid_slave_pos='{place}';\nSET GLOBAL replicate_do_db='{DATABASE}';\n"
                f"CHANGE MASTER TO master_host='127.0.0.1', master_port={source}, master_user='bench', master_use_gtid=slave_pos")

    @staticmethod
    def start(threads, mode):
        return (f"SET GLOBAL slave_parallel_threads={threads};\nSET GLOBAL slave_parallel_mode='{mode}';\nSTART SLAVE")


class MySQLReplica:
    """Words of MySQL; it has one mode."""
    place, stands = "SELECT @@global.gtid_executed", "--skip-replica-start"

    @staticmethod
    def begin(source, place):
        return (f"RESET BINARY LOGS AND GTIDS;\nSET GLOBAL gtid_purged='{place}';\n"
                f"CHANGE REPLICATION FILTER REPLICATE_DO_DB=({DATABASE});\n"
                f"CHANGE REPLICATION SOURCE TO source_host='127.0.0.1', source_port={source}, source_user='bench', "
                "source_auto_position=1, get_source_public_key=1")

    @staticmethod
    def start(threads, mode):
        del mode
        return f"SET GLOBAL replica_parallel_workers={threads};\nSTART REPLICA"


WORDS = MySQLReplica if kinds.brand(SOURCE) == "mysql" else MariaDBReplica
if WORDS is MySQLReplica:
    MODES = MODES[:1]


class Replication:
    """Servers with the content that the source has as this is made, one for each way of replicating what comes after it."""

    def __init__(self, c, settings):
        self.source = c.port("server", DATABASE)
        self.folder = tempfile.mkdtemp(prefix="replicas-", dir=c.folder)
        os.chmod(self.folder, 0o755)
        kind = server_kinds.KINDS[SOURCE]
        self.kind = type("Replica", (kind,), {"settings": ["--bind-address=127.0.0.1", WORDS.stands, *settings]})
        self.template = kind.template(c.folder)
        self.place = Place(self.source, None, DATABASE, "bench").sql(WORDS.place)[0][0]
        server = self.server(self.template, "start")
        try:
            self.fill(server)
        finally:
            server.stop()
        self.begun = server.datadir

    def server(self, template, name):
        home = os.path.join(self.folder, name)
        os.mkdir(home)
        os.chmod(home, 0o755)
        return self.kind(template, home, "data", 9000 + len(os.listdir(self.folder))).start()

    def fill(self, server):
        server.sql(f"CREATE DATABASE {DATABASE}")
        dump = subprocess.Popen(["mariadb-dump", "--no-defaults", "-h127.0.0.1", f"-P{self.source}", "-ubench", "--single-transaction",
                                 DATABASE, *NAMES], stdout=subprocess.PIPE)
        with dump:
            loaded = subprocess.run(["mariadb", "--no-defaults", "-S", server.socket, "-uroot", DATABASE], stdin=dump.stdout)
        if dump.returncode != 0 or loaded.returncode != 0:
            raise combos.Failed("the replica's content could not be loaded")
        self.run(server, WORDS.begin(self.source, self.place))

    @staticmethod
    def run(server, text):
        for statement in text.split(";\n"):
            server.sql(statement)

    def remove(self):
        shutil.rmtree(self.folder)

    def replicate(self, threads, mode, number, content):
        """(seconds, seconds of the server's CPU) until it has the row of `mark` with that number."""
        server = self.server(self.begun, f"{mode}-{threads}")
        try:
            here = Place(server.port, server.process.pid, DATABASE, "root")
            here.login.update(unix_socket=server.socket)
            here.content()       # its pages are in memory, as our target's are
            probe = Probe(here)
            timed = Timed({"server": here.pid})
            self.run(server, WORDS.start(threads, mode))
            took = timed.until(probe.wait(number, 0.01))
            probe.close()
            if here.content() != content:
                raise combos.Failed(f"the replica's content differs, with {threads} threads, {mode}")
            return took
        finally:
            server.remove()


class Timed:
    """From its making on: wall time, and CPU of processes."""

    def __init__(self, pids):
        self.pids, self.cpu = pids, {name: proc.cpu_seconds(pid) for name, pid in pids.items()}
        self.start = time.monotonic()

    def until(self, end):
        return {"s": round(end - self.start, 2),
                **{f"{name}_cpu_s": round(proc.cpu_seconds(pid) - self.cpu[name], 2) for name, pid in self.pids.items()}}


# ---- One cluster

class Catchup:
    def __init__(self, c, say):
        self.c, self.say, self.number = c, say, 0
        c.kinds = {DATABASE: SOURCE, "target": TARGET}
        c.up(DATABASE, "target")
        self.source_port = c.port("server", DATABASE)
        # An account of the benchmark's own: the product's passwords stay off command lines.
        make = "CREATE USER bench@'127.0.0.1'; GRANT {} TO bench@'127.0.0.1'; {}"
        c.mariadb(make.format(f"ALL ON {DATABASE}.*", "GRANT RELOAD, PROCESS, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO "
                              "bench@'127.0.0.1';"), port=self.source_port, user="vt_dba")
        c.mariadb(make.format("SELECT ON target.*", ""), port=c.port("server", "target"), user="vt_dba")
        self.source = Place(self.source_port, c.pid("server", DATABASE), DATABASE, "bench")
        self.target = Place(c.port("server", "target"), c.pid("server", "target"), "target", "bench")
        sysbench(self.source_port, "prepare")
        self.source.sql("CREATE TABLE mark (id INT PRIMARY KEY, n INT NOT NULL);\nINSERT INTO mark VALUES (1, 0)")
        c.client("MoveTables", "--no-switch", "--workflow=catchup", ",".join(f"{DATABASE}.{n}" if n == NAMES[0] else n for n in NAMES),
                 "target")

    def mark(self):
        self.number += 1
        self.source.sql(f"UPDATE mark SET n = {self.number}")
        return self.number

    def settings(self):
        """Options of the source's server but where it is."""
        with open(f"/proc/{self.source.pid}/cmdline") as f:
            options = f.read().split("\0")[1:-1]
        return [o for o in options if o.split("=")[0] not in OWN_PLACE]

    def write(self, distribution):
        sysbench(self.source_port, "run", f"--threads={WRITERS}", f"--events={TRANSACTIONS}", "--time=0", f"--rand-type={distribution}")
        return self.mark()

    def ours(self, number):
        tablet = self.c.pid("vttablet", "target")
        probe = Probe(self.target)
        timed = Timed({"server": self.target.pid, "vttablet": tablet, "source": self.source.pid})
        self.c.client("Workflow", "start", WORKFLOW)
        took = timed.until(probe.wait(number, 0.01))
        probe.close()
        took["vttablet_mb"] = round(proc.most_memory_kb(tablet) / 1024, 1)
        return took

    def one(self, distribution):
        """All contenders, from the same start to the same end."""
        self.c.client("Workflow", "stop", WORKFLOW)
        replication = Replication(self.c, self.settings())
        number = self.write(distribution)
        found = {"ours": self.ours(number)}
        content = self.source.content()
        if self.target.content() != content:
            raise combos.Failed("our target's content differs from the source's")
        self.say(f"   {distribution:<10} ours            {found['ours']}")
        for mode, threads in ((m, n) for m in MODES for n in SLAVE_THREADS if n > 1 or m == MODES[0]):
            name = f"{mode} {threads}"
            found[name] = replication.replicate(threads, mode, number, content)
            self.say(f"   {distribution:<10} {name:<15} {found[name]}")
        replication.remove()
        return found

    # ---- Following

    def probe(self, times, pause_s, every_s):
        """Milliseconds from the source's answer to a COMMIT until the target shows it."""
        waits = []
        probe = Probe(self.target)
        with contextlib.closing(pymysql.connect(**self.source.login)) as conn, conn.cursor() as cur:
            while times():
                self.number += 1
                cur.execute(f"UPDATE mark SET n = {self.number}")
                start = time.monotonic()
                waits.append((probe.wait(self.number, every_s) - start) * 1000)
                time.sleep(pause_s)
        probe.close()
        return {"median_ms": round(statistics.median(waits), 2), "p99_ms": round(sorted(waits)[int(len(waits) * 0.99)], 2),
                "worst_ms": round(max(waits), 2), "probes": len(waits)}

    def follow(self):
        left = iter(range(IDLE_PROBES))
        idle = self.probe(lambda: next(left, None) is not None, 0.02, 0)
        self.say(f"   nothing else written: at the target after {idle}")
        load = threading.Thread(target=sysbench, args=(self.source_port, "run", f"--threads={WRITERS}", f"--time={FOLLOW_S}"))
        load.start()
        lag = self.probe(load.is_alive, 0.05, 0.002)
        load.join()
        self.say(f"   {WRITERS} writers: at the target after {lag}")
        return {"idle": idle, "following": lag}


def summary(rounds):
    """Medians over rounds, and what is compared."""
    def median(name, what):
        return round(statistics.median(found[name][what] for found in rounds), 2)

    names = [name for name in rounds[0] if name != "ours"]
    best = min(names, key=lambda name: median(name, "s"))
    mine = {what: median("ours", what) for what in rounds[0]["ours"]}
    return {**mine, "best": best, "best_s": median(best, "s"), "best_server_cpu_s": median(best, "server_cpu_s"),
            "ratio": round(mine["s"] / median(best, "s"), 3),
            "cpu_ratio": round(mine["server_cpu_s"] / median(best, "server_cpu_s"), 3),
            "replication": {name: {"s": median(name, "s"), "server_cpu_s": median(name, "server_cpu_s")} for name in names}}


def in_cluster(c, say, found):
    bench = Catchup(c, say)
    for distribution in DISTRIBUTIONS:
        found.setdefault(distribution, []).append(bench.one(distribution))
    return bench.follow()


def measure(with_cluster, say):
    found, following = {}, []
    for number in range(1, ROUNDS + 1):
        say(f"-- round {number} of {ROUNDS}, {TRANSACTIONS:,} transactions")
        following.append(with_cluster(lambda c: in_cluster(c, say, found)))
    all_ = {distribution: summary(rounds) for distribution, rounds in found.items()}
    first = all_[DISTRIBUTIONS[0]]
    return {"bench": "catchup", "from": SOURCE, "to": TARGET, "us": first["s"], "best": first["best_s"], "ratio": first["ratio"],
            "unit": "s", "transactions": TRANSACTIONS, "rounds": ROUNDS, **all_, **following[-1]}

"""The most memory that vttablet takes: while large rows are copied, come through a stream and are compared, and while a transaction
of gigabytes passes through one."""
import os
import time

from lib import combo as combos
from lib import proc

SOURCE = os.environ.get("SOURCE") or "mariadb"
TARGET = os.environ.get("TARGET") or "mariadb"
TXN_MB = int(os.environ.get("TXN_MB") or 2048)
ROW_MB = int(os.environ.get("ROW_MB") or 32)
LARGE_ROWS = 8
ROW_KB = 64            # of the transaction's rows
PACKET_MB = 2 * ROW_MB + 16     # REPEAT's text and the row's event
PATIENCE_S = 900
WORKS = ("rows", "inserts", "updates", "compared", "transaction")


class Memory:
    def __init__(self, c):
        self.c = c
        c.kinds = {"customer": SOURCE, "target": TARGET}
        c.up("customer", "target")
        self.ports = {name: c.port("server", name) for name in ("customer", "target")}
        for port in self.ports.values():
            c.mariadb(f"SET GLOBAL max_allowed_packet = {PACKET_MB * 1024 * 1024};", port=port, user="vt_dba")

    def sql(self, text, keyspace="customer"):
        return self.c.mariadb(text, keyspace, port=self.ports[keyspace], user="vt_dba").strip()

    def most(self):
        return round(self.c.memory_kb("vttablet", "target") / 1024, 1)

    def anew(self):
        """A vttablet that has done nothing yet."""
        old = self.c.kill("vttablet", "target")
        self.c.wait_restarted("vttablet", old, "target")
        proc.wait_for(lambda: self.c.client("Workflow", "list", "target", check=False).returncode == 0, PATIENCE_S, "vttablet")

    def same(self, table):
        sql = f"SELECT COUNT(*), SUM(CRC32(v)) FROM {table};"
        if self.sql(sql) != self.sql(sql, "target"):
            raise combos.Failed(f"'{table}' differs")

    def transaction(self):
        """In MB, and seconds from its commit until the target has it."""
        self.anew()
        self.sql("CREATE TABLE big (id INT PRIMARY KEY, v MEDIUMBLOB) ENGINE=InnoDB;")
        self.c.client("MoveTables", "--no-switch", "customer.big", "target.big")
        rows = TXN_MB * 1024 // ROW_KB
        self.sql("INSERT INTO big WITH RECURSIVE low AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM low WHERE n < 999)"
                 f" SELECT a.n * 1000 + b.n, REPEAT(CHAR(65 + b.n % 26), {ROW_KB * 1024}) FROM low a, low b"
                 f" WHERE a.n * 1000 + b.n < {rows};")
        start = time.monotonic()
        proc.wait_for(lambda: self.sql("SELECT COUNT(*) FROM big;", "target") == str(rows), PATIENCE_S, "the transaction")
        took = time.monotonic() - start
        self.same("big")
        return {"mb": self.most(), "s": round(took, 1)}

    def large_values(self, first, verb):
        """One transaction for each row; letters by their numbers, so that each differs."""
        self.sql("".join(verb.format(id=i, value=f"REPEAT('{chr(65 + i)}', {ROW_MB * 1024 * 1024})")
                         for i in range(first, first + LARGE_ROWS)))

    def timed(self, work):
        """By a vttablet that has done nothing else: in MB and seconds."""
        self.anew()
        start = time.monotonic()
        work()
        took = time.monotonic() - start
        self.same("large")
        return {"mb": self.most(), "s": round(took, 1)}

    def followed(self, first, verb):
        """Row events of that size, until the target has them all."""
        sql = f"SELECT COALESCE(GROUP_CONCAT(id, LEFT(v, 1) ORDER BY id), '') FROM large WHERE id >= {first};"

        def work():
            self.large_values(first, verb)
            there = self.sql(sql)
            proc.wait_for(lambda: self.sql(sql, "target") == there, PATIENCE_S, "the large rows")
        return self.timed(work)

    def rows(self):
        self.sql("CREATE TABLE large (id INT PRIMARY KEY, v LONGBLOB) ENGINE=InnoDB;")
        self.large_values(0, "INSERT INTO large VALUES ({id}, {value});")
        return self.timed(lambda: self.c.client("MoveTables", "--no-switch", "customer.large", "target.large"))

    def inserts(self):
        return self.followed(LARGE_ROWS, "INSERT INTO large VALUES ({id}, {value});")

    def updates(self):
        """Both images are in the event."""
        return self.followed(0, "UPDATE large SET v = CONCAT('x', {value}) WHERE id = {id};")

    def compared(self):
        return self.timed(lambda: self.c.client("VDiff", "--wait", "target.large"))


def in_cluster(c):
    m = Memory(c)
    found = {}
    for name in WORKS:
        found[name] = getattr(m, name)()
        print(f"   {name:<12} vttablet used at most {found[name]['mb']} MB, {found[name]['s']} s", flush=True)
    return found


def measure(with_cluster):
    found = with_cluster(in_cluster)
    return {"bench": "memory", "from": SOURCE, "to": TARGET, "us": max(f["mb"] for f in found.values()), "unit": "MB",
            "transaction_mb": TXN_MB, "row_mb": ROW_MB, **found}

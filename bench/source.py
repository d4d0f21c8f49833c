"""What a whole move takes of the source's server, beside what nobody can do without: one SELECT * of the table and one dump of the binlog.

The CPU is the server's, user and system. What the same server takes at rest in the same time, with the same programs beside it, is
taken off. A move is a copy; what was written meanwhile, by a stream that was stopped, so that the writes themselves are not counted;
and a switch. The reference reads the same rows, in one statement, and the same binlog, from the move's beginning to its end, in one dump
that is told file and offset. Whoever reads these throws everything away.
"""
import contextlib
import os
import statistics
import struct
import time

import pymysql

import tables
from lib import combo as combos
from lib import kinds, proc

SOURCE, TARGET = (kinds.full(os.environ.get(side) or "mariadb") for side in ("SOURCE", "TARGET"))
ROWS = int(os.environ.get("ROWS") or 1000000)
ROUNDS = int(os.environ.get("ROUNDS") or 3)
TRANSACTIONS = int(os.environ.get("TRANSACTIONS") or 50000)
WRITERS, REST_S, PATIENCE_S = 8, 5, 600
REFERENCES = 3              # each is short beside the clock's 10 ms
WORKFLOW = "target.moved"
COM_QUERY, COM_BINLOG_DUMP = 3, 18
NON_BLOCK, OUR_ID = 1, 99
END_BYTES = 9               # an EOF packet


class SourceBench:
    def __init__(self, c, say):
        self.c, self.say = c, say
        c.kinds = {"customer": SOURCE, "target": TARGET}
        c.up("customer", "target")
        tables.fill(c, "sbtest", ROWS)
        self.ports = {name: c.port("server", name) for name in c.kinds}
        tables.make_account(c, *self.ports.values())
        self.pid = c.pid("server", "customer")
        self.sql("CREATE TABLE mark (id INT PRIMARY KEY, n INT NOT NULL)", "INSERT INTO mark VALUES (1, 0)")
        self.rate = 0.0

    def connect(self, keyspace="customer"):
        return contextlib.closing(pymysql.connect(host="127.0.0.1", port=self.ports[keyspace], user=tables.ACCOUNT, database=keyspace,
                                                  autocommit=True))

    def sql(self, *statements, keyspace="customer"):
        with self.connect(keyspace) as conn, conn.cursor() as cur:
            for statement in statements:
                cur.execute(statement)
            return cur.fetchall()

    def place(self):
        """(file, offset): the binlog's end."""
        return self.sql("SHOW BINARY LOG STATUS" if kinds.brand(SOURCE) == "mysql" else "SHOW MASTER STATUS")[0][:2]

    # ---- The server's CPU

    def rest(self):
        """Until what was begun is written out, and then how much it takes a second."""
        time.sleep(REST_S)
        start, cpu = time.monotonic(), proc.cpu_seconds(self.pid)
        time.sleep(REST_S)
        self.rate = (proc.cpu_seconds(self.pid) - cpu) / (time.monotonic() - start)

    def took(self, work):
        """Seconds of CPU, less those at rest."""
        start, cpu = time.monotonic(), proc.cpu_seconds(self.pid)
        work()
        return round(proc.cpu_seconds(self.pid) - cpu - self.rate * (time.monotonic() - start), 3)

    # ---- The move

    def wait_mark(self):
        """Writes the mark as the last of all; waits until the target has it."""
        number = self.sql("SELECT n FROM mark")[0][0]
        with self.connect("target") as conn, conn.cursor() as cur:
            def there():
                cur.execute("SELECT n FROM mark")
                return cur.fetchall()[0][0] >= number
            proc.wait_for(there, PATIENCE_S, "the stream to have caught up")

    def write(self):
        tables.sysbench(self.ports["customer"], ROWS, f"--threads={WRITERS}", f"--events={TRANSACTIONS}", "--time=0",
                        "--mysql-ignore-errors=1213,1020,1205,1062", "run")
        self.sql("UPDATE mark SET n = n + 1")

    def catch_up(self):
        self.c.client("Workflow", "start", WORKFLOW)
        self.wait_mark()

    def move(self):
        client = self.c.client
        found = {"copy": self.took(lambda: client("MoveTables", "--no-switch", "--workflow=moved", "customer.sbtest1,mark", "target"))}
        client("Workflow", "stop", WORKFLOW)
        self.write()
        found["catch_up"] = self.took(self.catch_up)
        found["switch"] = self.took(lambda: client("MoveTables", "SwitchTraffic", WORKFLOW))
        return found

    # ---- The reference

    def drain(self, command, payload, *before):
        """Reads a command's answer to its EOF packet; how many bytes they were."""
        with self.connect() as conn:
            with conn.cursor() as cur:
                for statement in before:
                    cur.execute(statement)
            conn._execute_command(command, payload)          # pylint: disable=protected-access
            total, end, sock = 0, b"", conn._sock              # pylint: disable=protected-access
            while not (len(end) == END_BYTES and end[:3] == b"\x05\x00\x00" and end[4] == 0xfe):
                bytes_ = sock.recv(1 << 20)
                if not bytes_:
                    raise combos.Failed("the source has closed the reference's connection")
                total += len(bytes_)
                end = (end + bytes_)[-END_BYTES:]
            conn._sock.close()                                 # pylint: disable=protected-access
            return total

    def select(self):
        return self.drain(COM_QUERY, b"SELECT * FROM sbtest1")

    def dump(self, place):
        name = "source" if kinds.brand(SOURCE) == "mysql" else "master"
        return self.drain(COM_BINLOG_DUMP, struct.pack("<IHI", place[1], NON_BLOCK, OUR_ID) + place[0].encode(),
                          f"SET @{name}_binlog_checksum=@@global.binlog_checksum", "SET @mariadb_slave_capability=4")

    def reference(self, place):
        found = {}
        for name, work in (("select", self.select), ("dump", lambda: self.dump(place))):
            found[name] = statistics.median(self.took(work) for _ in range(REFERENCES))
        return found

    def one(self):
        self.select()           # its pages are in memory
        self.rest()
        place = self.place()
        found = {"place_mb": round(place[1] / 1e6, 1), "rest_per_s": round(self.rate, 4), **self.move()}
        time.sleep(REST_S)
        found.update(self.reference(place))
        found["move"] = round(found["copy"] + found["catch_up"] + found["switch"], 3)
        found["least"] = round(found["select"] + found["dump"], 3)
        found["ratio"] = round(found["move"] / found["least"], 3)
        self.say("   " + "  ".join(f"{name} {value}" for name, value in found.items()))
        return found


def measure(with_cluster, say):
    rounds = [with_cluster(lambda c: SourceBench(c, say).one()) for _ in range(ROUNDS)]
    medians = {name: round(statistics.median(r[name] for r in rounds), 4) for name in rounds[0]}
    return {"bench": "source", "from": SOURCE, "to": TARGET, "us": medians["move"], "best": medians["least"], **medians,
            "unit": "s of the source server's CPU", "rows": ROWS, "transactions": TRANSACTIONS, "rounds": ROUNDS}

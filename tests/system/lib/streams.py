"""One stream between two real servers, and writers beside it."""
import random
import threading

import pymysql

from . import proc


class Pair:
    """A source and a target with their tablets, and the stream's request."""

    def __init__(self, source, target, table, workflow="new_customer/t"):
        self.source, self.target, self.table, self.workflow = source, target, table, workflow
        self.tables = [(table, table)]      # names at either end

    def request(self, attempt=0, **more):
        return {"workflow": self.workflow, "attempt": attempt, "from": {"server": self.source.address, "database": "customer"},
                "to": {"database": "new_customer"},
                "tables": [{"from": mine, "to": theirs} for mine, theirs in self.tables],
                **more}

    def start(self):
        self.target.call("stream_create", **self.request())

    def status(self):
        return self.target.call("stream_status", **self.request())

    def wait(self, *states, seconds=120):
        def there():
            status = self.status()
            assert status["state"] != "error", status["error"]
            return status if status["state"] in states else None
        return proc.wait_for(there, seconds, f"the stream to be {states}",
                             lambda: f"{self.status()} {proc.tail(self.target.log)}")

    def catch_up(self, seconds=120):
        """Waits for what is outstanding now, as whoever switches does: a freeze is asked of a stream that is nearly there.

        What clients write in the meantime is not waited for: they may leave no moment in which nothing is outstanding.
        """
        goal = self.source.server.position()

        def there():
            status = self.status()
            assert status["state"] != "error", status["error"]
            return self.source.server.has(status["position"], goal)
        proc.wait_for(there, seconds, "the stream to catch up", lambda: f"{self.status()} {proc.tail(self.target.log)}")

    def freeze(self, attempt=1):
        return self.target.call("freeze", **self.request(attempt=attempt, position=self.source.server.position()))

    def rows(self, tablet, keyspace, order):
        return tablet.server.sql(f"SELECT * FROM `{keyspace}`.`{self.table}` ORDER BY {order}")

    def check_equal(self, order="id"):
        mine, theirs = (self.rows(t, k, order) for t, k in ((self.source, "customer"), (self.target, "new_customer")))
        assert len(mine) == len(theirs)
        for a, b in zip(mine, theirs):
            assert a == b

    def definition(self, tablet, keyspace):
        text = tablet.server.sql(f"SHOW CREATE TABLE `{keyspace}`.`{self.table}`")[0][1]
        return " ".join(w for w in text.split() if not w.startswith("AUTO_INCREMENT="))


class Writer(threading.Thread):
    """Inserts, updates (of keys too) and deletes until told to stop."""

    def __init__(self, server, seed):
        super().__init__()
        self.server, self.random, self.stopped = server, random.Random(seed), threading.Event()
        self.failed = None

    def run(self):
        conn = self.server.connect("customer", autocommit=False)
        while not self.stopped.is_set():
            try:
                with conn.cursor() as cur:
                    for _ in range(self.random.randint(1, 4)):
                        self.change(cur)
                conn.commit()
            except pymysql.Error as e:
                conn.rollback()
                if e.args[0] not in (1213, 1205, 1062):
                    self.failed = e
                    return

    def change(self, cur):
        r = self.random
        key = r.randint(1, 6000)
        what = r.random()
        if what < 0.3:
            cur.execute("INSERT IGNORE INTO t (id, u, name, x) VALUES (%s, %s, %s, %s)",
                        (key, f"u{r.randint(1, 10 ** 9)}", f"n{r.random()}", r.random()))
        elif what < 0.6:
            cur.execute("UPDATE t SET name = %s, x = x + 1 WHERE id = %s", (f"m{r.random()}", key))
        elif what < 0.75:
            cur.execute("UPDATE IGNORE t SET id = %s WHERE id = %s", (r.randint(1, 6000), key))
        else:
            cur.execute("DELETE FROM t WHERE id = %s", (key,))

    def end(self):
        self.stopped.set()
        self.join()
        assert self.failed is None, self.failed


class Killer(threading.Thread):
    """Kills one connection or statement of the tablets' accounts after the other."""

    def __init__(self, servers, seed):
        super().__init__()
        self.servers, self.random, self.stopped, self.kills = servers, random.Random(seed), threading.Event(), 0

    def run(self):
        conns = [(s.connect(), s.kill_sql) for s in self.servers]
        while not self.stopped.wait(self.random.uniform(0.02, 0.2)):
            conn, words = self.random.choice(conns)
            with conn.cursor() as cur:
                cur.execute("SELECT id FROM information_schema.processlist WHERE user IN ('vt_stream', 'vt_dba')")
                ids = [row[0] for row in cur.fetchall()]
                if ids:
                    self.kill(cur, f"{self.random.choice(words)} {self.random.choice(ids)}")

    def kill(self, cur, sql):
        try:
            cur.execute(sql)
            self.kills += 1
        except pymysql.Error as e:
            assert e.args[0] == 1094        # it has ended by itself

    def end(self):
        self.stopped.set()
        self.join()


TABLE = """CREATE TABLE t (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, u VARCHAR(30) NOT NULL, name VARCHAR(50), x FLOAT,
           UNIQUE KEY u (u), KEY name (name))"""


def fill(server, rows=5000):
    server.sql(TABLE, database="customer")
    server.sql(f"INSERT INTO t SELECT seq, CONCAT('u0', seq), CONCAT('n', seq), RAND(seq) FROM seq_1_to_{rows}",
               database="customer")


def running(p, rows=200):
    """A pair whose stream of t follows."""
    fill(p.source.server, rows)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")

"""XA transactions of clients, one statement after the other."""
import random
import threading

import pymysql

from . import proc

ROLLED_BACK = 1402      # by the server: it was the victim of a deadlock


def prepare(conn, xid, *statements):
    with conn.cursor() as cur:
        for text in (f"XA START '{xid}'", *statements, f"XA END '{xid}'", f"XA PREPARE '{xid}'"):
            cur.execute(text)


def end(conn, xid, verb="COMMIT"):
    with conn.cursor() as cur:
        cur.execute(f"XA {verb} '{xid}'")


def prepared(server):
    """The xids, as text."""
    return {row[3] if isinstance(row[3], str) else row[3].decode() for row in server.sql("XA RECOVER")}


class XaWriter(threading.Thread):
    """XA transactions of statement() until told to stop: committed, rolled back, in one phase, and some late, by others."""

    def __init__(self, server, seed, statement, pause=0, database="customer"):
        super().__init__()
        self.server, self.statement, self.pause, self.database = server, statement, pause, database
        self.random, self.stopped = random.Random(seed), threading.Event()
        self.name_, self.failed, self.done, self.late = f"w{seed}", None, 0, []

    def run(self):
        while not self.stopped.is_set() and self.failed is None:
            try:
                self.session()
            except pymysql.Error as e:
                if e.args[0] not in (1213, 1205, 1062, ROLLED_BACK, 1613, 1614):
                    self.failed = e
        for xid in self.late:
            self.end_late(xid)

    def session(self):
        """Transactions of one connection, until it leaves one behind that it has prepared."""
        with self.server.connect(self.database, init_command="SET innodb_lock_wait_timeout = 1") as conn:
            while not self.stopped.is_set():
                xid = f"{self.name_}-{self.done}"
                self.done += 1
                if self.one(conn, xid):
                    return
                self.stopped.wait(self.pause)

    def one(self, conn, xid):
        r, way = self.random, self.random.random()
        with conn.cursor() as cur:
            cur.execute(f"XA START '{xid}'")
            for _ in range(r.randint(1, 4)):
                cur.execute(self.statement(r))
            cur.execute(f"XA END '{xid}'")
            if way < 0.1:
                cur.execute(f"XA COMMIT '{xid}' ONE PHASE")
                return False
            cur.execute(f"XA PREPARE '{xid}'")
            if way < 0.2:
                self.late.append(xid)
                if len(self.late) > 1:
                    self.end_late(self.late.pop(0))
                return True
            cur.execute(f"XA {'COMMIT' if way < 0.8 else 'ROLLBACK'} '{xid}'")
        return False

    def end_late(self, xid):
        with self.server.connect() as conn:
            for _ in range(1000):
                try:
                    return end(conn, xid, self.random.choice(["COMMIT", "ROLLBACK"]))
                except pymysql.Error as e:
                    if e.args[0] == ROLLED_BACK:
                        return None
                    if e.args[0] != 1397:       # its session is not quite gone
                        raise
        raise AssertionError(f"nobody can end {xid}")

    def stop(self):
        proc.wait_for(lambda: self.done > 5 or self.failed is not None, 60, "some transactions to be over")
        self.stopped.set()
        self.join()
        assert self.failed is None, self.failed

"""Clients with a transaction open nearly all the time: BEGIN; SELECT; think; UPDATE; COMMIT, each on a row of its own."""
import threading
import time

import pymysql


class Busy:
    """Every error that one of them gets is kept in errors, as text; it connects again and goes on."""

    def __init__(self, connect, table, ids, think=0.3):
        self.connect, self.table, self.think = connect, table, think
        self.errors, self.done = [], 0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._client, args=(i,)) for i in ids]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *exc):
        self.stopping.set()
        for t in self.threads:
            t.join(300)
        return False

    def _transaction(self, cur, row):
        cur.execute("BEGIN")
        cur.execute(f"SELECT * FROM {self.table} WHERE id = %s", (row,))
        assert cur.fetchall(), "the row is gone"
        time.sleep(self.think)
        cur.execute(f"UPDATE {self.table} SET v = v + 1 WHERE id = %s", (row,))
        assert cur.rowcount == 1, "the row is gone"
        cur.execute("COMMIT")
        self.done += 1

    def _client(self, row):
        while not self.stopping.is_set():
            try:
                conn = self.connect()
                with conn.cursor() as cur:
                    while not self.stopping.is_set():
                        self._transaction(cur, row)
                conn.close()
            except (pymysql.Error, AssertionError) as e:
                self.errors.append(f"{time.strftime('%H:%M:%S')} row {row}: {e}")

"""A client of vtgate that goes on beside what a test does, until it is told to end."""
import threading

import pymysql


class Background(threading.Thread):
    """A subclass says in one(cur) what it does again and again, and counts in done what was acknowledged."""

    pause_s = 0         # after each

    def __init__(self, combo, database="customer", autocommit=True):
        super().__init__(daemon=True)
        self.conn = pymysql.connect(host="127.0.0.1", port=combo.gate_port, user="app", database=database, autocommit=autocommit)
        self.ended, self.done, self.failed = threading.Event(), 0, None

    def one(self, cur):
        raise NotImplementedError

    def run(self):
        try:
            with self.conn.cursor() as cur:
                while not self.ended.wait(self.pause_s):
                    self.one(cur)
        except Exception as e:      # told by end()
            self.failed = e
        self.conn.close()

    def end(self):
        """How often it was done; fails with whatever it met."""
        self.ended.set()
        self.join(300)
        assert self.failed is None and not self.is_alive(), self.failed
        return self.done

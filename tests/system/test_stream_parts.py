"""A large run is written by several sessions, each with a transaction of its own: what is there whatever happens between them."""
import random
import threading
import time

import pymysql
import pytest

from lib import proc
from lib.streams import Killer

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

ROWS = 12000
# Rows of the first may be in any part, those of the second are in one.
TABLES = {"t": "KEY u (u)", "whole": "UNIQUE KEY u (u)"}


def fill(server):
    for name, index in TABLES.items():
        server.sql(f"CREATE TABLE customer.{name} (id INT PRIMARY KEY, u VARCHAR(30) NOT NULL, {index})")
        server.sql(f"INSERT INTO customer.{name} SELECT seq, CONCAT('u', seq) FROM customer.seq_1_to_{ROWS}")


def change_much(source):
    """Transactions that are behind one another in the queue, and together more than one session writes at once. Unique values move."""
    with source.connect("customer", autocommit=False) as conn, conn.cursor() as cur:
        for first in range(1, ROWS, 400):
            for name in TABLES:
                cur.execute(f"UPDATE {name} SET u = CONCAT('moves ', id) WHERE id BETWEEN {first} AND {first + 299}")
                cur.execute(f"UPDATE {name} SET u = CONCAT('u', {2 * first + 299} - id) WHERE id BETWEEN {first} AND {first + 299}")
                cur.execute(f"DELETE FROM {name} WHERE id BETWEEN {first + 300} AND {first + 349}")
                cur.execute(f"INSERT INTO {name} SELECT id + 100000, CONCAT(u, ' too') FROM {name} "
                            f"WHERE id BETWEEN {first} AND {first + 49}")
            conn.commit()


def parts(p):
    """Those that are ahead of the position applied."""
    return p.target.server.sql("SELECT COUNT(*) FROM _switchyard.run_part JOIN _switchyard.stream USING (workflow, round) WHERE "
                               "until_file > applied_file OR until_file = applied_file AND until_offset > applied_offset")[0][0]


@pytest.fixture
def behind(pair):
    """A stream that follows, whose tablet stands still while much is changed."""
    p = pair("t")
    p.tables = [(name, name) for name in TABLES]
    fill(p.source.server)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    p.catch_up()
    p.target.kill()
    change_much(p.source.server)
    return p


def check(p):
    for p.table in TABLES:
        p.check_equal()


def test_several_sessions_write_a_large_run(behind):
    behind.target.start()
    behind.catch_up()
    assert behind.target.server.sql("SELECT COUNT(*) > 0 FROM _switchyard.run_part") == ((1,),)
    assert parts(behind) == 0
    behind.freeze()
    check(behind)


@pytest.mark.parametrize("nth", [1, 2])
def test_a_tablet_that_is_killed_between_their_commits_writes_nothing_twice(behind, nth):
    behind.target.die_at("stream.part.committed", kill=f"kill@{nth}")
    assert parts(behind) > 0
    behind.target.die_at("stream.exact.before")
    assert parts(behind) > 0
    behind.target.start()
    behind.catch_up()
    assert parts(behind) == 0
    behind.freeze()
    check(behind)


def test_a_connection_that_is_lost_between_their_commits_is_no_end(behind):
    behind.target.start(faults="stream.part.committed=error@2")
    behind.catch_up()
    behind.freeze()
    check(behind)


def test_what_others_want_of_the_target_waits_for_the_parts(behind):
    """A comparison begins when the target is the source at a place."""
    behind.target.die_at("stream.part.committed")
    assert parts(behind) > 0
    behind.target.start(faults="stream.exact.before=sleep:300")
    behind.catch_up()
    assert parts(behind) == 0
    check(behind)


class Busy(threading.Thread):
    """Transactions of a hundred rows, of both tables, as long as it is let."""

    def __init__(self, server, seed):
        super().__init__()
        self.server, self.random, self.stopped, self.failed = server, random.Random(seed), threading.Event(), None

    def run(self):
        conn = self.server.connect("customer", autocommit=False)
        while not self.stopped.is_set():
            try:
                with conn.cursor() as cur:
                    for name in TABLES:
                        self.change(cur, name)
                conn.commit()
            except pymysql.Error as e:
                conn.rollback()
                if e.args[0] not in (1213, 1205, 1062):
                    self.failed = e
                    return

    def change(self, cur, name):
        first, what = self.random.randint(1, ROWS), self.random.random()
        rows = f"BETWEEN {first} AND {first + 99}"
        if what < 0.6:
            cur.execute(f"UPDATE {name} SET u = CONCAT('b', id, '-', {self.random.randint(1, 10 ** 9)}) WHERE id {rows}")
        elif what < 0.8:
            cur.execute(f"DELETE FROM {name} WHERE id {rows}")
        else:
            cur.execute(f"INSERT IGNORE INTO {name} SELECT id - 50, CONCAT('i', id, '-', {self.random.randint(1, 10 ** 9)}) "
                        f"FROM {name} WHERE id {rows} AND id > 50")

    def end(self):
        self.stopped.set()
        self.join()
        assert self.failed is None, self.failed


def test_killed_connections_and_tablets_lose_nothing(pair):
    """Each run waits a little, so that the next one is large."""
    seed = random.randrange(10 ** 6)
    print("seed", seed)        # shown when it fails
    r = random.Random(seed)
    p = pair("t")
    p.tables = [(name, name) for name in TABLES]
    fill(p.source.server)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    writers = [Busy(p.source.server, 10 * seed + i) for i in range(3)]
    killer = Killer([p.target.server], seed)
    for t in (*writers, killer):
        t.start()
    for _ in range(5):
        p.target.kill()
        p.target.start(faults="stream.exact.before=sleep:200")
        time.sleep(r.uniform(0.5, 3))
    killer.end()
    for w in writers:
        w.end()
    p.target.kill()
    change_much(p.source.server)        # large by itself, however slowly the writers were let
    p.target.start()
    p.wait("running")
    p.catch_up()
    assert p.target.server.sql("SELECT COUNT(*) > 0 FROM _switchyard.run_part") == ((1,),)
    p.freeze()
    check(p)
    assert killer.kills > 0

"""The applier's transaction at the target is undone by the server, amid statements that were sent ahead."""
import threading

import pytest

from lib import proc
from lib.mariadb import INNODB_TRX_EVERY

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

HEAVY_ROWS = 1000       # of two transactions in a deadlock the server undoes the one that has changed less


def lock_waits(server):
    return server.sql("SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")[0][0]


@pytest.fixture
def running(pair):
    p = pair("first")
    p.tables = [(name, name) for name in ("first", "second", "third")]
    for name, _ in p.tables:
        p.source.server.sql(f"CREATE TABLE customer.{name} (id INT PRIMARY KEY, v INT)")
        p.source.server.sql(f"INSERT INTO customer.{name} VALUES (1, 1)")
    p.target.server.sql("CREATE DATABASE elsewhere")
    p.target.server.sql("CREATE TABLE elsewhere.heavy (id INT PRIMARY KEY)")
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    return p


def test_the_victim_of_a_deadlock_leaves_nothing_behind(running):
    p, target = running, running.target.server
    conn, rival = p.source.server.connect("customer"), target.connect("new_customer", autocommit=False)
    with conn.cursor() as source, rival.cursor() as cur:
        cur.execute(target.own_words(f"INSERT INTO elsewhere.heavy SELECT seq FROM elsewhere.seq_1_to_{HEAVY_ROWS}"))
        cur.execute("UPDATE second SET v = 7 WHERE id = 1")
        source.execute("BEGIN")
        source.execute("UPDATE first SET v = 2 WHERE id = 1")
        source.execute("UPDATE second SET v = 2 WHERE id = 1")
        source.execute("INSERT INTO third VALUES (2, 2)")
        source.execute("COMMIT")
        proc.wait_for(lambda: lock_waits(target) == 1, 30, "the applier to wait for the row", every=INNODB_TRX_EVERY)
        done = threading.Thread(target=lambda: cur.execute("UPDATE first SET v = 7 WHERE id = 1"))
        done.start(), done.join(30)
        assert not done.is_alive()      # the applier was the one to be undone
        assert target.sql("SELECT v FROM new_customer.first") == ((1,),)
        assert target.sql("SELECT COUNT(*) FROM new_customer.third") == ((1,),)
        rival.rollback()
    p.catch_up()
    for name, _ in p.tables:
        rows = f"SELECT * FROM {{}}.{name} ORDER BY id"
        assert target.sql(rows.format("new_customer")) == p.source.server.sql(rows.format("customer"))

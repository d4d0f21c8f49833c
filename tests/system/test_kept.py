"""What tests stand on: the server that they use one after the other, where what a test may leave is gone, and what it may not is told;
the processes that they run in."""
import os
import subprocess
import sys

import pytest

from lib import proc
from lib.kept import Kept


@pytest.fixture
def kept(servers):
    k = Kept(servers("s"))
    yield k
    k.conn.close()


def test_whatever_a_test_makes_is_gone(kept):
    conn = kept.server.connect()
    with conn.cursor() as cur:
        for sql in ("CREATE DATABASE `a b`", "CREATE TABLE `a b`.t (id INT PRIMARY KEY)", "CREATE USER joe@'127.0.0.1'",
                    "SET GLOBAL init_connect = 'SET @a = ''b'''", "SET GLOBAL max_allowed_packet = 4096",
                    "SET GLOBAL sql_mode = 'ANSI_QUOTES'", "SET GLOBAL enforce_storage_engine = 'MyISAM'",
                    "XA START 'x', 'y'", "INSERT INTO `a b`.t VALUES (1)", "XA END 'x', 'y'", "XA PREPARE 'x', 'y'"):
            cur.execute(sql)
    holder = kept.server.connect()
    with holder.cursor() as cur:
        cur.execute("BEGIN")
        cur.execute("SELECT * FROM `a b`.t")
    kept.clean()
    assert kept.server.sql("SHOW DATABASES LIKE 'a b'") == kept.server.sql("XA RECOVER") == ()
    assert kept.server.sql("SELECT User FROM mysql.global_priv WHERE User = 'joe'") == ()
    assert kept.server.sql("SELECT @@global.init_connect, @@global.max_allowed_packet, @@global.enforce_storage_engine") == \
        (("", 16777216, None),)
    assert kept.server.sql("SELECT @@global.gtid_binlog_state") == (("",),)
    assert kept.is_usable()


@pytest.mark.parametrize("sql, left", [
    ("GRANT SELECT ON *.* TO 'mariadb.sys'@localhost", "accounts"),
    ("CREATE EVENT mysql.e ON SCHEDULE EVERY 1 DAY DO SELECT 1", "events"),
])
def test_what_cannot_be_taken_away_is_told(kept, sql, left):
    kept.server.sql(sql)
    with pytest.raises(AssertionError, match=f"leaves at the server.*'{left}'"):
        kept.clean()


def test_a_server_that_was_started_again_is_not_kept(kept):
    kept.server.kill()
    assert not kept.is_usable()
    kept.server.start()
    assert not kept.is_usable()


# In a worker: its main thread takes its time between one task and the next.
SLOW_WORKER = """
import time
import execnet.gateway_base as base
perform = base.WorkerPool._perform_spawn
def slow(pool, reply):
    perform(pool, reply)
    time.sleep(1)
base.WorkerPool._perform_spawn = slow
"""


def test_a_worker_runs_its_tests_in_its_main_thread_however_slow_it_is(folder):
    """Only there a signal can be taken, which ends what tests have started."""
    with open(os.path.join(folder, "sitecustomize.py"), "w", encoding="utf-8") as f:
        f.write(SLOW_WORKER)
    some = os.path.join(proc.TREE, "tests", "system", "test_kill_matrix.py") + "::test_shares_of_all_numbers_are_the_matrix"
    done = subprocess.run([sys.executable, "-m", "pytest", "-v", "-n", "1", "-p", "no:cacheprovider", some], cwd=proc.TREE, capture_output=True,
                          text=True, env={**os.environ, "PYTHONPATH": folder}, stdin=subprocess.DEVNULL, timeout=60 * proc.PATIENCE)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr

"""DDL of a table that moves: run at the target at its exact place, stepped over, or stopped at; once, whatever is killed."""
import random
import re
import threading

import pymysql
import pytest

from lib import kinds, proc
from lib.streams import Writer, fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


def mysql():
    return kinds.wanted()[0].startswith("mysql")


def begin(pair, on_ddl, rows=2000, faults=""):
    p = pair("t")
    fill(p.source.server, rows)
    p.on_ddl = on_ddl
    ask = p.request
    p.request = lambda attempt=0, **more: ask(attempt, on_ddl=p.on_ddl, **more)
    p.source.start(), p.target.start(faults=faults)
    p.start()
    return p


def settled(p, count, seconds=60):
    """Waits until so many statements are at their ends; all, the newest first."""
    def there():
        status = p.status()
        assert status["state"] != "error", status["error"]
        done = [d for d in status["ddl"] if d["state"] not in ("met", "running")]
        return done if len(done) == count and status["state"] == "running" else None
    return proc.wait_for(there, seconds, f"{count} statements to be done", lambda: f"{p.status()} {proc.tail(p.target.log)}")


def stopped(p, seconds=60):
    return proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, seconds, "the stream to stop",
                         lambda: f"{p.status()} {proc.tail(p.target.log)}")


def ended(p, order="id"):
    """Frozen, both sides are the same, rows and definition."""
    p.catch_up()
    p.freeze()
    p.check_equal(order)
    assert p.definition(p.source, "customer") == p.definition(p.target, "new_customer")


class Wide(Writer):
    """Writes whatever columns the table has just now."""

    def change(self, cur):
        r = self.random
        key = r.randint(1, 4000)
        what = r.random()
        if what < 0.4:
            cur.execute("INSERT IGNORE INTO t (id, u) VALUES (%s, %s)", (key, f"u{r.randint(1, 10 ** 9)}"))
        elif what < 0.8:
            cur.execute("UPDATE IGNORE t SET u = %s WHERE id = %s", (f"w{r.randint(1, 10 ** 9)}", key))
        else:
            cur.execute("DELETE FROM t WHERE id = %s", (key,))

    def run(self):
        """A statement that DDL overtakes is made again."""
        while not self.stopped.is_set():
            self.failed = None
            super().run()
            if self.failed is None or self.failed.args[0] not in (1412, 1054, 1213, 1205):
                return


MATRIX = {
    "add": "ALTER TABLE t ADD COLUMN a INT NOT NULL DEFAULT 7",
    "add first": "ALTER TABLE customer.t ADD COLUMN a VARCHAR(10) DEFAULT 'x' FIRST, ADD b DATE",
    "drop": "ALTER TABLE t DROP COLUMN x",
    "modify": "ALTER TABLE `t` MODIFY name VARCHAR(200) CHARACTER SET latin1",
    "order": "ALTER TABLE t MODIFY x DOUBLE AFTER id",
    "rename column": "ALTER TABLE t RENAME COLUMN name TO called",
    "add index": "CREATE INDEX by_x ON t (x, name)",
    "unnamed index": "ALTER TABLE t ADD INDEX (x)",
    "drop index": "DROP INDEX name ON t",
    "unique": "ALTER TABLE t ADD UNIQUE KEY both_of (id, u)",
    "default": "ALTER TABLE t ALTER COLUMN name SET DEFAULT 'nobody'",
    "charset": "ALTER TABLE t CONVERT TO CHARACTER SET latin1",
    "virtual": "ALTER TABLE t ADD g DOUBLE AS (x * 2) VIRTUAL",
    "stored": "ALTER TABLE t ADD g VARCHAR(40) AS (CONCAT(u, '!')) STORED",
    "key": "ALTER TABLE t MODIFY id INT NOT NULL, DROP PRIMARY KEY, ADD PRIMARY KEY (u, id)",
    "no key": "ALTER TABLE t MODIFY id INT NOT NULL, DROP PRIMARY KEY, DROP INDEX u",
    "now": "ALTER TABLE t ADD at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP",
    "check": "ALTER TABLE t ADD CONSTRAINT positive CHECK (x IS NULL OR x > -9)",
    "comment": "ALTER TABLE t COMMENT 'moved', ROW_FORMAT=DYNAMIC",
    "rebuild": "ALTER TABLE t FORCE",
    "partitions": "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, u), DROP INDEX u PARTITION BY HASH (id) PARTITIONS 3",
    "truncate": "TRUNCATE TABLE t",
    "next": "ALTER TABLE t AUTO_INCREMENT=90000",
}


@pytest.mark.parametrize("what", MATRIX)
def test_ddl_under_writers_while_following(pair, what):
    p = begin(pair, "EXEC")
    p.wait("running")
    writers = [Wide(p.source.server, seed) for seed in (1, 2)]
    for w in writers:
        w.start()
    p.source.server.sql(MATRIX[what], database="customer")
    done = settled(p, 1)
    for w in writers:
        w.end()
    assert done[0]["state"] == "executed" and done[0]["statement"] == MATRIX[what] and done[0]["table"] == "t"
    ended(p, "id, u")


# ---- Once, whatever dies

KILLS = ["stream.ddl.met", "stream.ddl.before", "stream.ddl.after"]
TWICE = {
    # What a second run would leave in another way, or be refused.
    "add": "ALTER TABLE t ADD COLUMN a INT NOT NULL DEFAULT 7",
    "unnamed index": "ALTER TABLE t ADD INDEX (x)",
    "truncate": "TRUNCATE TABLE t",
    "drop": "ALTER TABLE t DROP COLUMN x",
}


@pytest.mark.parametrize("point", KILLS)
@pytest.mark.parametrize("what", TWICE)
def test_a_kill_around_ddl_runs_it_once(pair, what, point):
    p = begin(pair, "EXEC", faults=f"{point}=kill")
    p.wait("running")
    writer = Wide(p.source.server, 3)
    writer.start()
    p.source.server.sql(TWICE[what], database="customer")
    proc.wait_for(lambda: p.target.process.poll() is not None, 60, "the tablet to die", lambda: proc.tail(p.target.log))
    p.target.start()
    assert [d["state"] for d in settled(p, 1)] == ["executed"]
    writer.end()
    ended(p)


@pytest.mark.parametrize("victim", ["source", "target"])
def test_servers_that_die_while_ddl_runs(pair, victim):
    p = begin(pair, "EXEC", rows=150000)
    p.wait("running")
    p.source.server.sql("ALTER TABLE t ADD COLUMN a INT NOT NULL DEFAULT 7, ADD INDEX (a, name), ALGORITHM=COPY", database="customer")
    proc.wait_for(lambda: any(d["state"] == "running" for d in p.status()["ddl"]) or "a" in columns(p), 60, "the statement to run")
    server = getattr(p, victim).server
    server.kill()
    server.start()
    settled(p, 1)
    p.source.server.sql("INSERT INTO t (id, u, a) VALUES (900000, 'late', 5)", database="customer")
    ended(p)


def columns(p):
    return [r[0] for r in p.target.server.sql("SELECT column_name FROM information_schema.columns "
                                              "WHERE table_schema = 'new_customer' AND table_name = 't'")]


def test_a_tablet_that_dies_leaves_its_ddl_running(pair):
    """Its statement goes on at the server: the successor waits for that, and does not run it again."""
    p = begin(pair, "EXEC", rows=100000)
    p.wait("running")
    # Somebody at the target keeps it waiting at its end.
    reader = p.target.server.connect("new_customer", autocommit=False)
    with reader.cursor() as cur:
        cur.execute("SELECT COUNT(*) FROM t")
        p.source.server.sql("ALTER TABLE t ADD INDEX (x)", database="customer")
        proc.wait_for(lambda: any("ADD INDEX" in (r[-1] or "") for r in processes(p)), 60, "the statement to run at the target")
        p.target.kill()
        p.target.start()
        assert p.status()["state"] != "error"
    reader.rollback()
    reader.close()
    settled(p, 1)
    ended(p)


def processes(p):
    return [tuple(t.decode() if isinstance(t, bytes) else t for t in r)
            for r in p.target.server.sql("SELECT id, user, info FROM information_schema.processlist WHERE id <> CONNECTION_ID()")]


def test_two_statements_with_rows_of_each_time_between(pair):
    """A stream that is behind reads rows by the definition of their time, over restarts too."""
    p = begin(pair, "EXEC", faults="stream.run.before=sleep:300")
    p.wait("running")
    s = p.source.server
    for i, ddl in enumerate(["ALTER TABLE t CONVERT TO CHARACTER SET latin1", "ALTER TABLE t ADD a INT NOT NULL DEFAULT 1 FIRST",
                             "ALTER TABLE t MODIFY name VARCHAR(80) CHARACTER SET utf8mb4", "ALTER TABLE t DROP COLUMN a"]):
        for k in range(3):
            s.sql(f"INSERT INTO t (id, u, name) VALUES ({10000 + 10 * i + k}, 'm\u00fc{i}{k}', '\u00e9t\u00e9 {i}{k}')", database="customer")
        s.sql(ddl, database="customer")
        if i == 1:
            p.target.kill()
            p.target.start()
    settled(p, 4)
    ended(p)


# ---- What the session was

def test_ddl_runs_in_the_session_of_the_source(pair):
    p = begin(pair, "EXEC")
    p.wait("running")
    conn = p.source.server.connect("mysql")
    with conn.cursor() as cur:
        cur.execute("SET sql_mode='ANSI_QUOTES', time_zone='-07:30', collation_connection=latin1_german1_ci, "
                    "character_set_client=latin1, foreign_key_checks=0")
        cur.execute('ALTER TABLE "customer"."t" ADD "a" VARCHAR(9) DEFAULT \'\xe9"\' COLLATE utf8mb4_bin, ADD b TIMESTAMP NULL '
                    "DEFAULT '2026-03-01 12:00:00', ADD zero DATE DEFAULT '0000-00-00'".encode("latin1"))
        cur.execute('ALTER TABLE "customer"."t" MODIFY b DATETIME NULL')
    conn.close()
    settled(p, 2)
    ended(p)


# ---- Modes

def test_stop_waits_for_a_word(pair):
    p = begin(pair, "STOP")
    p.wait("running")
    p.source.server.sql("UPDATE t SET name = 'before' WHERE id = 1", database="customer")
    p.source.server.sql("ALTER TABLE t ADD a INT", database="customer")
    p.source.server.sql("UPDATE t SET name = 'behind', a = 3 WHERE id = 1", database="customer")
    status = stopped(p)
    assert "the source ran a statement on table 'customer.t', which moves: ALTER TABLE t ADD a INT" in status["error"]
    assert "--on-ddl EXEC" in status["hint"] and [d["state"] for d in status["ddl"]] == ["met"]
    assert p.target.server.sql("SELECT name FROM new_customer.t WHERE id = 1") == (("before",),)
    p.start()                   # not without a word
    assert "ADD a INT" in stopped(p)["error"]
    p.on_ddl = "EXEC"
    p.start()
    assert [d["state"] for d in settled(p, 1)] == ["executed"]
    ended(p)


def test_ignored_ddl_is_stepped_over_where_rows_fit(pair):
    p = begin(pair, "IGNORE")
    p.wait("running")
    writer = Wide(p.source.server, 5)
    writer.start()
    p.source.server.sql("ALTER TABLE t ADD INDEX by_x (x), ALTER COLUMN name SET DEFAULT 'n'", database="customer")
    assert [d["state"] for d in settled(p, 1)] == ["ignored"]
    writer.end()
    p.catch_up()
    # A switch to a table that is defined otherwise is refused.
    with pytest.raises(Exception, match="not defined as its source"):
        p.freeze()
    p.target.server.sql("ALTER TABLE t ADD INDEX by_x (x), ALTER COLUMN name SET DEFAULT 'n'", database="new_customer")
    p.target.kill()
    p.target.start()
    p.wait("running")
    p.freeze(attempt=3)
    p.check_equal()


@pytest.mark.parametrize("ddl", ["ALTER TABLE t ADD a INT", "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4",
                                 "ALTER TABLE t MODIFY name VARCHAR(50) FIRST", "DROP TABLE t", "RENAME TABLE t TO other"])
def test_ignored_ddl_stops_where_rows_do_not_fit(pair, ddl):
    p = begin(pair, "IGNORE")
    p.wait("running")
    p.source.server.sql(ddl, database="customer")
    if "t" in [r[0] for r in p.source.server.sql("SHOW TABLES", database="customer")]:
        p.source.server.sql("UPDATE t SET x = 1 WHERE id < 10", database="customer")
    status = stopped(p)
    assert (ddl if ddl.startswith("ALTER") else ddl.split()[0]) in status["error"]
    if not ddl.startswith("ALTER"):
        return
    p.target.server.sql(ddl, database="new_customer")       # as the hint says
    p.start()
    assert [d["state"] for d in settled(p, 1)] == ["ignored"]
    ended(p)


@pytest.mark.parametrize("ddl", ["TRUNCATE TABLE t", "ALTER TABLE t DROP COLUMN x, ADD COLUMN x FLOAT"])
def test_what_changes_rows_is_not_stepped_over(pair, ddl):
    """Columns are the same afterwards, and rows would not be."""
    p = begin(pair, "IGNORE")
    p.wait("running")
    p.source.server.sql(ddl, database="customer")
    status = stopped(p)
    assert ddl in status["error"] and "it may change rows" in status["error"] and "--on-ddl EXEC" in status["hint"]
    p.start()                   # nothing was done at the target
    assert "it may change rows" in stopped(p)["error"]
    p.on_ddl = "EXEC"
    p.start()
    assert [d["state"] for d in settled(p, 1)] == ["executed"]
    ended(p)


def test_an_error_of_what_changes_rows_is_not_ignored(pair):
    p = begin(pair, "EXEC_IGNORE")
    p.wait("running")
    p.target.server.sql("ALTER TABLE t ADD CONSTRAINT refuses CHECK (x IS NOT NULL)", database="new_customer")
    p.source.server.sql("ALTER TABLE t DROP COLUMN x, ADD COLUMN x FLOAT", database="customer")
    assert "the target says: " in stopped(p)["error"]


def test_an_error_of_the_target_stops_or_is_ignored(pair):
    p = begin(pair, "EXEC")
    p.wait("running")
    p.target.server.sql("ALTER TABLE t ADD INDEX by_x (name)", database="new_customer")
    p.source.server.sql("ALTER TABLE t ADD INDEX by_x (x)", database="customer")
    status = stopped(p)
    assert "the target says: " in status["error"] and "by_x" in status["error"]
    p.on_ddl = "EXEC_IGNORE"
    p.start()
    done = settled(p, 1)
    assert done[0]["state"] == "failed" and "by_x" in done[0]["error"]
    p.source.server.sql("UPDATE t SET name = 'on' WHERE id < 9", database="customer")
    p.catch_up()
    p.check_equal()


def test_what_somebody_has_done_at_the_target_already(pair):
    p = begin(pair, "EXEC")
    p.wait("running")
    for server, keyspace in ((p.target.server, "new_customer"), (p.source.server, "customer")):
        server.sql("ALTER TABLE t ADD INDEX by_x (x)", database=keyspace)
    assert settled(p, 1)[0]["state"] == "executed"
    ended(p)

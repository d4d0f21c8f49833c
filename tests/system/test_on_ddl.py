"""DDL of a table that moves: run at the target at its exact place, stepped over, or stopped at; once, whatever is killed."""
import random
import re
import threading
import time

import pymysql
import pytest

from lib import cases, kinds, proc, tablets
from lib.streams import Writer, fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


MIXED = len(set(map(kinds.brand, kinds.wanted()))) > 1


def mysql():
    return kinds.wanted()[0].startswith("mysql")


def begin(pair, on_ddl, rows=2000, faults="", held=False, runs=True):
    """runs: the test sees it run at the target."""
    if MIXED and runs and on_ddl.startswith("EXEC"):
        pytest.skip("nothing of one flavour is run at the other")
    p = pair("t")
    fill(p.source.server, rows)
    p.on_ddl = on_ddl
    p.limits = {}
    ask = p.request
    p.request = lambda attempt=0, **more: ask(attempt, on_ddl=p.on_ddl, limits=p.limits, **more)
    if held:
        p.source.server.sql("CREATE TABLE held (i INT NOT NULL PRIMARY KEY)", database="customer")
        p.limits = {"query": HELD, "rows": 1000}
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


def ended(p, attempt=1):
    """Frozen, both sides are the same, definition and rows."""
    p.catch_up()
    p.freeze(attempt)
    if not MIXED:       # whose texts are not the same; a freeze has compared what both flavours call it
        assert p.definition(p.source, "customer") == p.definition(p.target, "new_customer")
    p.check_equal(", ".join(columns(p)))        # by all of them: DDL may have dropped the key


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


OFTEN = ["add", "drop", "modify", "rename column", "unnamed index", "stored", "key", "no key", "partitions", "truncate"]


@pytest.mark.parametrize("what", cases.some(MATRIX, OFTEN))
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
    ended(p)


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
@pytest.mark.parametrize("what", cases.some(TWICE, ["add", "truncate"]))
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


@pytest.mark.parametrize("victim", cases.some(["source", "target"], ["target"]))
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
                                              "WHERE table_schema = 'new_customer' AND table_name = 't' ORDER BY ordinal_position")]


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


# ---- While rows are copied

ANEW = {
    "add": ["ALTER TABLE t ADD COLUMN a INT NOT NULL DEFAULT 7 FIRST"],
    "drop": ["ALTER TABLE t DROP COLUMN name"],
    "charset": ["ALTER TABLE t CONVERT TO CHARACTER SET latin1"],
    "numbered": ["ALTER TABLE t MODIFY id INT NOT NULL, ADD COLUMN no INT NOT NULL AUTO_INCREMENT UNIQUE"],
    "no key": ["ALTER TABLE t MODIFY id INT NOT NULL, DROP PRIMARY KEY, DROP INDEX u"],
    "index": ["CREATE INDEX by_x ON t (x, name)"],
    "truncate": ["TRUNCATE TABLE t"],
    # What comes in between is read by no definition at all.
    "again": ["ALTER TABLE t ADD COLUMN a INT FIRST", "ALTER TABLE t ADD COLUMN b DATE FIRST, DROP COLUMN a",
              "ALTER TABLE t DROP COLUMN b, MODIFY x DOUBLE AFTER id"],
    "swap": ["CREATE TABLE _t_new LIKE t", "ALTER TABLE _t_new ADD COLUMN a INT NOT NULL DEFAULT 3 FIRST, ENGINE=InnoDB",
             "INSERT INTO _t_new (id, u, name, x) SELECT id, CONCAT('s', id), name, x FROM t WHERE id % 2 = 0",
             "RENAME TABLE t TO _t_old, _t_new TO t"],
}


HELD = "SELECT COUNT(*) FROM customer.held"


def while_copying(pair, on_ddl, faults="", held=True):
    """A stream that has copied some rows, and copies no more until released()."""
    p = begin(pair, on_ddl, rows=6000, faults=faults, held=True, runs=False)
    proc.wait_for(lambda: p.status()["rows_copied"] > 0, 60, "some rows to be copied", lambda: f"{p.status()} {proc.tail(p.target.log)}")
    if held:
        p.source.server.sql("INSERT INTO held VALUES (1)", database="customer")
        proc.wait_for(lambda: "gives 1" in p.status()["throttled"], 60, "the copy to wait", p.status)
    assert p.status()["state"] == "copying"
    return p


def released(p):
    p.source.server.sql("DELETE FROM held", database="customer")
    p.wait("running")


@pytest.mark.parametrize("what", cases.some(ANEW, ["add", "no key", "swap", "truncate"]))
def test_ddl_while_rows_are_copied_begins_that_table_anew(pair, what):
    p = while_copying(pair, "EXEC")
    writers = [Wide(p.source.server, seed) for seed in (1, 2)]
    for w in writers:
        w.start()
    for ddl in ANEW[what]:
        p.source.server.sql(ddl, database="customer")
    released(p)
    for w in writers:
        w.end()
    done = p.status()["ddl"]
    assert done and {d["state"] for d in done} == {"copied"}
    ended(p)


@pytest.mark.parametrize("point", ["stream.ddl.met", "stream.ddl.dropped", "stream.ddl.anew"])
def test_a_kill_around_a_copy_that_begins_anew(pair, point):
    p = while_copying(pair, "EXEC", faults=f"{point}=kill")
    writer = Wide(p.source.server, 3)
    writer.start()
    p.source.server.sql("ALTER TABLE t DROP COLUMN x, ADD COLUMN x DATE", database="customer")
    proc.wait_for(lambda: p.target.process.poll() is not None, 60, "the tablet to die", lambda: proc.tail(p.target.log))
    p.source.server.sql("ALTER TABLE t ADD COLUMN b DATE FIRST", database="customer")
    p.target.start()
    released(p)
    writer.end()
    assert {d["state"] for d in p.status()["ddl"]} == {"copied"}
    ended(p)


def test_what_has_begun_to_be_copied_anew_is_not_stepped_over(pair):
    """The table at the target is gone by then, and its columns would fit."""
    p = while_copying(pair, "EXEC", faults="stream.ddl.anew=kill")
    p.source.server.sql("CREATE INDEX by_x ON t (x)", database="customer")
    proc.wait_for(lambda: p.target.process.poll() is not None, 60, "the tablet to die", lambda: proc.tail(p.target.log))
    p.on_ddl = "IGNORE"
    p.target.start()
    p.start()
    released(p)
    ended(p)


def test_stop_while_rows_are_copied(pair):
    """By the statement's name, though it is a chunk that notices first."""
    p = while_copying(pair, "STOP", held=False)
    p.source.server.sql("ALTER TABLE t DROP COLUMN name", database="customer")
    status = stopped(p)
    assert "which moves: ALTER TABLE t DROP COLUMN name" in status["error"]
    assert ("then move anew" if MIXED else "copies the table anew") in status["hint"]
    p.on_ddl = "EXEC"
    p.start()
    p.wait("running")
    assert [d["state"] for d in p.status()["ddl"]] == ["copied"]
    ended(p)


def test_what_goes_away_while_rows_are_copied(pair):
    p = while_copying(pair, "EXEC")
    p.source.server.sql("RENAME TABLE t TO other", database="customer")
    status = stopped(p)
    assert "RENAME TABLE t TO other" in status["error"] and "there is no such table any more" in status["error"]
    assert "Workflow delete" in status["hint"]


def test_a_key_to_a_table_that_stays_while_rows_are_copied(pair):
    p = while_copying(pair, "EXEC")
    p.source.server.sql("CREATE TABLE stays (id INT NOT NULL PRIMARY KEY)", database="customer")
    p.source.server.sql("INSERT INTO stays SELECT id FROM t", database="customer")
    p.source.server.sql("ALTER TABLE t ADD CONSTRAINT leads_out FOREIGN KEY (id) REFERENCES stays (id)", database="customer")
    status = stopped(p)
    assert "its foreign key 'leads_out' refers to table 'customer.stays'" in status["error"]


def test_an_index_is_stepped_over_while_rows_are_copied(pair):
    p = while_copying(pair, "IGNORE")
    p.source.server.sql("CREATE INDEX by_x ON t (x)", database="customer")
    released(p)
    assert [d["state"] for d in p.status()["ddl"]] == ["ignored"]
    ended(p)        # indexes are built as the source has them by then


WHILE_INDEXED = ["ALTER TABLE t ADD COLUMN a INT NOT NULL DEFAULT 7", "ALTER TABLE t DROP COLUMN x", "DROP INDEX name ON t",
                 "ALTER TABLE t ADD INDEX (x)", "ALTER TABLE t DROP INDEX name, ADD INDEX name (name, x)"]
BESIDE = [(ddl, fault) for ddl in WHILE_INDEXED for fault in ("", *(f"{point}=kill" for point in KILLS))]


@pytest.mark.parametrize("ddl, fault", cases.some(BESIDE, [(WHILE_INDEXED[2], "stream.ddl.met=kill")]))
def test_ddl_while_indexes_are_built(pair, ddl, fault):
    """Whether the build has its end before the statement or is begun again behind it."""
    p = begin(pair, "EXEC", rows=150000, faults=fault)
    proc.wait_for(lambda: p.status()["state"] in ("indexing", "running"), 60, "the copy to end",
                  lambda: f"{p.status()} {proc.tail(p.target.log)}")
    p.source.server.sql(ddl, database="customer")
    if fault:
        p.target.process.wait(60)
        p.target.start()
    assert [d["state"] for d in settled(p, 1)] == ["executed"]
    ended(p)


# ---- Around a freeze

def frozen(p):
    """As whoever switches does it: again, under the next number, while the stream is at a statement."""
    for attempt in range(1, 99, 2):
        try:
            p.freeze(attempt)
            return attempt
        except tablets.Refused:
            assert p.status()["state"] != "error", p.status()
            time.sleep(0.2)
    raise AssertionError(p.status())


def test_ddl_just_before_a_freeze_and_just_behind_it(pair):
    p = begin(pair, "EXEC", faults="stream.run.before=sleep:100")
    p.wait("running")
    s = p.source.server
    for sql in ("UPDATE t SET name = 'before' WHERE id < 50", "ALTER TABLE t ADD COLUMN a INT NOT NULL DEFAULT 7",
                "UPDATE t SET a = id WHERE id < 20"):
        s.sql(sql, database="customer")
    attempt = frozen(p)         # at a place behind the statement: so it was done
    p.check_equal()
    assert p.definition(p.source, "customer") == p.definition(p.target, "new_customer")
    s.sql("ALTER TABLE t DROP COLUMN a", database="customer")
    s.sql("UPDATE t SET name = 'behind' WHERE id < 30", database="customer")
    time.sleep(1)
    assert p.status()["state"] == "frozen" and "a" in columns(p)
    p.target.call("thaw", **p.request(attempt=attempt + 1))
    settled(p, 2)
    ended(p, attempt=attempt + 2)


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
    assert ("then move anew" if MIXED else "--on-ddl EXEC") in status["hint"] and [d["state"] for d in status["ddl"]] == ["met"]
    assert p.target.server.sql("SELECT name FROM new_customer.t WHERE id = 1") == (("before",),)
    p.start()                   # not without a word
    assert "ADD a INT" in stopped(p)["error"]
    run_at_the_target(p, "ADD a INT")


def run_at_the_target(p, statement):
    """By that word: once, or not at all where the target is of another flavour."""
    p.on_ddl = "EXEC"
    p.start()
    if not MIXED:
        assert [d["state"] for d in settled(p, 1)] == ["executed"]
        ended(p)
        return
    status = proc.wait_for(lambda: (s := stopped(p)) and "different flavours" in s["error"] and s, 60, "the stream to stop by it", p.status)
    assert statement in status["error"] and status["hint"] == "vtctlclient Workflow delete new_customer/t, then move anew"
    assert [d["state"] for d in status["ddl"]] == ["met"] and columns(p) == ["id", "u", "name", "x"]


SWAPS = {
    # As the tools send them: gh-ost at 145799ee and pt-online-schema-change 3.2.1.
    "gh-ost": ("_t_gho", "rename /* gh-ost */ table `customer`.`t` to `customer`.`_t_del`, `customer`.`_t_gho` to `customer`.`t`"),
    "pt-online-schema-change": ("_t_new", "RENAME TABLE `customer`.`t` TO `customer`.`_t_old`, `customer`.`_t_new` TO `customer`.`t`"),
}


@pytest.mark.parametrize("on_ddl", ["STOP", "EXEC"])
@pytest.mark.parametrize("tool", SWAPS)
def test_the_swap_of_a_tool_stops_by_its_name(pair, tool, on_ddl):
    p = begin(pair, on_ddl, runs=False)
    p.wait("running")
    name, swap = SWAPS[tool]
    p.source.server.sql(f"CREATE TABLE {name} LIKE t", database="customer")
    p.source.server.sql(swap, database="customer")
    status = stopped(p)
    assert swap in status["error"] and f"puts the table '{name}' in its place, as {tool} does" in status["error"]
    assert status["hint"] == "vtctlclient Workflow delete new_customer/t, then move anew"


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


@pytest.mark.parametrize("ddl", ["ALTER TABLE t ADD a INT", "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
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
    assert ddl in status["error"] and "it may change rows" in status["error"]
    assert ("then move anew" if MIXED else "--on-ddl EXEC") in status["hint"]
    p.start()                   # nothing was done at the target
    assert "it may change rows" in stopped(p)["error"]
    run_at_the_target(p, ddl)


def test_an_error_of_what_changes_rows_is_not_ignored(pair):
    p = begin(pair, "EXEC_IGNORE")
    p.wait("running")
    p.target.server.sql("ALTER TABLE t ADD INDEX by_x (name)", database="new_customer")
    p.source.server.sql("ALTER TABLE t DROP COLUMN x, ADD COLUMN x FLOAT, ADD INDEX by_x (x)", database="customer")
    assert "the target says: " in stopped(p)["error"]


def test_an_error_is_not_taken_for_done_where_rows_may_have_changed(pair):
    """Both definitions are the same in the end; the rows are not."""
    p = begin(pair, "EXEC")
    p.wait("running")
    p.target.server.sql("ALTER TABLE t ADD INDEX by_x (name)", database="new_customer")
    p.source.server.sql("ALTER TABLE t DROP COLUMN x, ADD COLUMN x FLOAT, ADD INDEX by_x (name)", database="customer")
    status = stopped(p)
    assert "the target says: " in status["error"] and "by_x" in status["error"] and "move anew" in status["hint"]
    p.start()
    assert "the target says: " in stopped(p)["error"]
    p.target.server.sql("ALTER TABLE t DROP INDEX by_x", database="new_customer")
    p.start()
    assert settled(p, 1)[0]["state"] == "executed"
    ended(p)


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

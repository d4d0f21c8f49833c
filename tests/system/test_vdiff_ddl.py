"""Comparisons and proofs of a table that is altered at the source meanwhile, and by the move at the target (--on-ddl)."""
import pytest

from lib import proc, vdiffs
from test_continuous import Proof
from test_on_ddl import Wide, settled
from test_vdiff import TABLE_OPTIONS, T, rows_sql, run, t_rows

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

ROWS = 2000
LOOKS = ("--chunk-rows", "100")
ADD = "ALTER TABLE t ADD COLUMN a INT NOT NULL DEFAULT 7"
INDEX = "ALTER TABLE t ADD INDEX by_x (x)"
# The fifth look waits until more is stored than the beginning, the sixth until the pass of the stream ends. The seventh is the
# first one behind the DDL.
HALTS = "vdiff.look.before=sleep:1500@5,vdiff.look.before=sleep:60000@6"
WAITS = "vdiff.look.before=sleep:3000@7"


def up(pair, on_ddl, faults=""):
    """A stream that is in step, and does that with DDL."""
    p = pair("t")
    run(p.source.server, "customer", f"CREATE TABLE t ({T}) {TABLE_OPTIONS}", *rows_sql("t", t_rows(ROWS)))
    ask = p.request
    p.request = lambda attempt=0, **more: ask(attempt, on_ddl=on_ddl, **more)
    p.source.start(), p.target.start(options=LOOKS, faults=faults)
    p.start()
    p.wait("running")
    return p, Proof(p)


def at_source(p, *statements):
    run(p.source.server, "customer", *statements)


def at_target(p, *statements):
    run(p.target.server, "new_customer", *statements)


def half_way(v, **options):
    """A comparison that waits, with some rows stored."""
    which = v.create(**options)
    proc.wait_for(lambda: v.show(which)["tables"][0]["compared"] > 0, 60, "rows to be stored", lambda: str(v.show(which)))
    return which


def end_of(v, which):
    done = v.wait(which, "completed", "error")
    assert done["state"] == "completed", done
    return done["tables"][0]


def test_a_comparison_begins_the_table_anew(pair):
    """What was counted before is not counted again, and of rows that had been compared the new column is compared too."""
    p, v = up(pair, "EXEC", faults=f"{HALTS},{WAITS}")
    at_target(p, "UPDATE t SET name = 'Other' WHERE id = 1")
    which = half_way(v)
    assert vdiffs.counts(v.show(which)["tables"][0]) == {"mismatched": 1}
    at_source(p, ADD)
    settled(p, 1)
    at_target(p, "UPDATE t SET a = 8 WHERE id = 2")
    done = end_of(v, which)
    assert done["compared"] == ROWS and vdiffs.counts(done) == {"mismatched": 2}
    assert [d["Target"]["Row"]["id"] for d in vdiffs.samples(done, "mismatched")] == ["1", "2"]


@pytest.mark.parametrize("point", ["stream.ddl.met", "stream.ddl.before", "stream.ddl.after"])
def test_a_kill_around_the_ddl_counts_no_row_twice(pair, point):
    p, v = up(pair, "EXEC", faults=f"{HALTS},{point}=kill")
    at_target(p, "UPDATE t SET name = 'Other' WHERE id = 1")
    which = half_way(v)
    at_source(p, ADD)
    proc.wait_for(lambda: p.target.process.poll() is not None, 60, "the tablet to die", lambda: proc.tail(p.target.log))
    p.target.start(options=LOOKS)
    settled(p, 1)
    done = end_of(v, which)
    assert done["compared"] == ROWS and vdiffs.counts(done) == {"mismatched": 1}


ALTERED = {
    "add": ADD,
    "drop": "ALTER TABLE t DROP COLUMN x",
    "key": "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (u, id), ADD KEY (id), DROP INDEX u",
}


@pytest.mark.parametrize("what", ALTERED)
def test_ddl_that_the_stream_has_not_met_yet_is_waited_for(pair, what):
    """The source is read behind the statement, while the applier has yet to write what is before it."""
    p, v = up(pair, "EXEC", faults="vdiff.source.before=sleep:2000@1,stream.run.before=sleep:6000")
    which = v.create()
    v.wait(which, "started")
    at_source(p, "DO SLEEP(0.7)", "UPDATE t SET name = 'new' WHERE id = 5", ALTERED[what])
    done = end_of(v, which)
    assert done["compared"] == ROWS and vdiffs.counts(done) == {}
    settled(p, 1)


def test_ddl_that_is_in_no_binlog_ends_it(pair):
    p, v = up(pair, "EXEC")
    at_source(p, "SET sql_log_bin = 0", ADD)
    which = v.create()
    assert "the definition of table 'customer.t' has changed" in v.wait(which, "completed", "error")["error"]


def test_nothing_is_found_across_ddl_under_writers(pair):
    p, v = up(pair, "EXEC")
    writers = [Wide(p.source.server, seed) for seed in (1, 2)]
    for w in writers:
        w.start()
    for i, sql in enumerate((ADD, INDEX, "ALTER TABLE t DROP COLUMN x, MODIFY name VARCHAR(200)", "TRUNCATE TABLE t"), 1):
        which = v.create()
        at_source(p, sql)
        settled(p, i)
        assert set(vdiffs.counts(end_of(v, which))) <= {"unsettled"}, sql
    for w in writers:
        w.end()
    p.catch_up()
    assert vdiffs.counts(v.run()) == {}


def test_ddl_that_is_stepped_over_begins_it_anew_too(pair):
    p, v = up(pair, "IGNORE", faults=HALTS)
    which = half_way(v)
    at_source(p, INDEX)
    assert [d["state"] for d in settled(p, 1)] == ["ignored"]
    done = end_of(v, which)
    assert done["compared"] == ROWS and vdiffs.counts(done) == {}


def test_a_proof_ends_and_another_one_begins(pair):
    p, v = up(pair, "EXEC")
    v.begin()
    at_source(p, ADD)
    settled(p, 1)
    v.ended("ALTER TABLE")
    writer = Wide(p.source.server, 1)
    writer.start()
    v.begin()
    v.until(lambda s: s["changes"] > 500, "changes to be proven")
    writer.end()
    v.is_clean()
    at_target(p, "UPDATE t SET a = 8 WHERE id = (SELECT * FROM (SELECT MIN(id) FROM t) AS first)")
    v.differs(["t"], mismatched=1)


def test_a_proof_that_makes_its_baseline_ends(pair):
    p, v = up(pair, "EXEC", faults=HALTS)
    v.which = half_way(v, continuous=True)
    at_source(p, ADD)
    settled(p, 1)
    v.ended("ALTER TABLE")
    assert vdiffs.counts(end_of(v, v.which)) == {}


def test_ddl_that_is_stepped_over_ends_no_proof(pair):
    p, v = up(pair, "IGNORE")
    v.begin()
    at_source(p, INDEX)
    settled(p, 1)
    at_source(p, "UPDATE t SET name = 'new' WHERE id < 100")
    v.is_clean()
    at_target(p, "DELETE FROM t WHERE id = 5")
    v.differs(["t"], extra_source=1)

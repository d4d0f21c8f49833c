"""A continuous proof: from a comparison on, each transaction of the target comes to what the source has said of it, or is told."""
import re

import pytest

from lib import kinds, proc, streams, typed, types, vdiffs
from lib.tablets import Refused
from test_histories import History, seeds
from test_vdiff import COLUMNS, FIRST, PLANTED, T, TABLE_OPTIONS, Hot, rows_sql, run, t_rows, wide_rows

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


class Proof(vdiffs.Vdiffs):
    """Of the pair's stream."""

    def begin(self, **options):
        """One whose baseline is there."""
        self.which = self.create(continuous=True, **options)
        done = self.wait(self.which, "completed", "error")
        assert done["proof"]["state"] == "proving", (done["error"], done["proof"]["error"], *[(t["name"], vdiffs.counts(t), t["mismatched_rows"][:600]) for t in done["tables"] if vdiffs.counts(t)])
        return self

    def begin_beside_writers(self):
        """Rows that changed each time they were looked at are no baseline, and no difference: it is asked for again."""
        for _ in range(10):
            self.pair.wait("running")
            self.which = self.create(continuous=True)
            done = self.wait(self.which, "completed", "error")
            if done["proof"]["state"] == "proving":
                return self
            assert all(set(vdiffs.counts(t)) <= {"unsettled"} for t in done["tables"]), done
        return self.begin()

    def now(self):
        return self.show(self.which)["proof"]

    def until(self, holds, what, seconds=60):
        """The comparison, once its proof is so."""
        def there():
            seen = self.show(self.which)
            return seen if holds(seen["proof"]) else None
        return proc.wait_for(there, seconds, what, lambda: f"{self.show(self.which)} {proc.tail(self.pair.target.log)}")

    def judged(self):
        """All that the target's binlog has by now."""
        file, place = self.place()

        def there(p):
            assert p["state"] == "proving", p
            return p["target"] and (p["target"].split(":")[0], int(p["target"].split(":")[1])) >= (file, place)
        return self.until(there, "all to be judged")

    def place(self):
        return self.pair.target.server.place()

    def is_clean(self):
        self.pair.catch_up()
        seen = self.judged()
        assert (seen["proof"]["state"], seen["proof"]["differing"], seen["proof"]["findings"]) == ("proving", [], 0), seen
        assert all(vdiffs.counts(t) == {} for t in seen["tables"])
        return seen["proof"]

    def differs(self, tables, **counts):
        """Those tables alone, by so many rows."""
        def so(seen):
            found = {t["name"]: vdiffs.counts(t) for t in seen["tables"]}
            return seen["proof"]["differing"] == tables and (not counts or found == {t: counts if t in tables else {} for t in found})
        return proc.wait_for(lambda: (lambda s: s if so(s) else None)(self.show(self.which)), 60, f"{tables} to differ by {counts}",
                             lambda: f"{self.show(self.which)} {proc.tail(self.pair.target.log)}")

    def ended(self, why):
        seen = self.until(lambda p: p["state"] == "ended", "the proof to end")
        assert re.search(why, seen["proof"]["error"]), seen
        return seen


def up(pair, tables, **more):
    p = pair("t")
    p.tables = [(name, name) for name in tables]
    for name, (columns, rows) in tables.items():
        run(p.source.server, "customer", f"CREATE TABLE {name} ({columns}) {TABLE_OPTIONS}", *rows_sql(name, rows))
    p.source.start()
    p.target.start(**more)
    p.start()
    p.wait("running")
    return p, Proof(p)


def at_target(p, *statements):
    run(p.target.server, "new_customer", *statements)


def at_source(p, *statements):
    run(p.source.server, "customer", *statements)


# ---- No phantoms

def test_nothing_is_found_under_writers_and_hot_rows(pair):
    p, v = up(pair, {"t": (T, t_rows(5000))}, options=("--chunk-rows", "500"))
    writers = [streams.Writer(p.source.server, seed) for seed in (1, 2, 3)]
    for w in writers:
        w.start()
    with Hot(p.source.server, "UPDATE t SET x = x + 1 WHERE id = 1", "INSERT INTO t VALUES (7000, 'hot', 'n', 0) ON DUPLICATE KEY UPDATE x = x + 1"):
        v.begin_beside_writers()
        v.until(lambda s: s["changes"] > 2000, "changes to be proven")
    for w in writers:
        w.end()
    seen = v.is_clean()
    assert seen["transactions"] > 0 and 0 <= seen["lag_ms"] < 5000


def test_nothing_is_found_whatever_the_values_are(pair):
    """Each type that is carried, in each kind of statement, by binlogs of either flavour."""
    source, target = kinds.wanted()
    # What comes out as another value than it was differs from the beginning (docs/types.md).
    rows = [r for r in typed.rows_of(source, target) if not isinstance(r.outcome(source, target), types.Translated)
            and "SYSTEM VERSIONING" not in r.more + r.options + r.column]
    p = pair("t0")
    tables = typed.tables_of(rows)
    p.tables = [(t.name, t.name) for t in tables]
    conn = typed.loosely(p.source.server, "customer")
    with conn.cursor() as cur:
        for t in tables:
            cur.execute(t.definition())
    conn.close()
    writer = typed.Writer(p.source.server, tables)
    writer.insert(1000)
    p.source.start()
    p.target.start()
    p.start()
    p.wait("running")
    v = Proof(p).begin()
    writer.all_kinds(2000)
    seen = v.is_clean()
    assert seen["changes"] > sum(t.count() for t in tables)


def test_a_large_transaction_and_one_that_was_prepared(pair):
    p, v = up(pair, {"t": ("id INT PRIMARY KEY, v LONGTEXT", [(i, "'a'") for i in range(200)])})
    v.begin()
    at_source(p, "UPDATE t SET v = REPEAT(id, 200000)", "XA START 'x'", "UPDATE t SET v = 'xa' WHERE id < 5", "XA END 'x'", "XA PREPARE 'x'",
              "XA COMMIT 'x'", "BEGIN", "UPDATE t SET v = 'b'", "DELETE FROM t WHERE id > 100", "ROLLBACK", "UPDATE t SET id = id + 1000")
    seen = v.is_clean()
    assert seen["changes"] >= 400


def test_nothing_is_found_in_tables_without_a_key(pair):
    p, v = up(pair, {"t": ("a INT, b VARCHAR(20)", [(i % 5, "'x'") for i in range(100)])})
    v.begin()
    at_source(p, "UPDATE t SET b = 'y' WHERE a = 2 LIMIT 7", "INSERT INTO t SELECT * FROM t", "DELETE FROM t WHERE a = 3 LIMIT 5")
    v.is_clean()
    at_target(p, "DELETE FROM t WHERE a = 1 LIMIT 1")
    seen = v.differs(["t"])
    assert '"a":"1"' in seen["proof"]["finding"]
    at_target(p, "INSERT INTO t VALUES (1, 'x')")
    v.differs([])


def history_without_actions(pair):
    """Of foreign keys: what these change is in no binlog."""
    while True:
        h = History(pair, seeds(1)[0])
        if not re.search("ON (DELETE|UPDATE) (CASCADE|SET)", " ".join(t.definition() for t in h.tables)):
            return h


def live(pair):
    h = history_without_actions(pair("h0"))
    try:
        h.begin()
        h.pair.wait("running")
        v = Proof(h.pair).begin_beside_writers()
        for _ in range(h.r.randint(1, 3)):
            h.trouble()
            h.pair.wait("running")
        h.check(h.pair.catch_up)
        v.is_clean()
    finally:
        h.end_clients()


def test_nothing_is_found_in_a_random_history(pair):
    live(pair)


@pytest.mark.long
@pytest.mark.parametrize("number", range(30))
def test_nothing_is_found_in_many_histories(pair, number):
    live(pair)


# ---- What is written by another

def test_each_kind_of_difference_is_told_with_its_key_and_nothing_else(pair):
    p, v = up(pair, {"t": (COLUMNS, [])})
    wide_rows(p)
    v.begin(samples=1000)
    v.is_clean()
    at_target(p, *[f"REPLACE INTO t (id, {c}) VALUES ({FIRST + i}, {becomes})" for i, (c, _, becomes) in enumerate(PLANTED)],
              "DELETE FROM t WHERE id = 50", "DELETE FROM t WHERE id = 1002", "INSERT INTO t (id) VALUES (0), (51), (2000)",
              "UPDATE t SET s = 'row 10', x = NULL WHERE id = 1")
    done = v.differs(["t"], mismatched=len(PLANTED) + 1, extra_source=2, extra_target=3)
    expected = {str(FIRST + i): {"id", c} for i, (c, _, _) in enumerate(PLANTED)} | {"1": {"id", "s"}}
    table = done["tables"][0]
    assert {f["Source"]["Row"]["id"]: set(f["Source"]["Row"]) for f in vdiffs.samples(table, "mismatched")} == expected
    assert {f["Row"]["id"] for f in vdiffs.samples(table, "extra_source")} == {"50", "1002"}
    assert {f["Row"]["id"] for f in vdiffs.samples(table, "extra_target")} == {"0", "51", "2000"}
    assert done["proof"]["findings"] == len(PLANTED) + 4
    assert "was changed by another than the stream" in done["proof"]["finding"] and '"id":"1"' in done["proof"]["finding"]


def test_each_planted_row_is_told_at_once_and_is_equal_again_when_it_is_mended(pair):
    """One after the other: by the next change of the source, by hand, and by a comparison that repairs."""
    p, v = up(pair, {"t": (T, t_rows(300)), "u": (T, t_rows(300))})
    v.begin()
    at_target(p, "UPDATE t SET name = 'N5' WHERE id = 5")
    v.differs(["t"], mismatched=1)
    at_target(p, "DELETE FROM t WHERE id = 6")
    v.differs(["t"], mismatched=1, extra_source=1)
    at_source(p, "UPDATE t SET name = 'other' WHERE id = 5")
    v.differs(["t"])
    at_target(p, "INSERT INTO t VALUES (6, 'u06', 'n6', 6e0 / 7)")
    seen = v.differs([], )
    assert seen["proof"]["findings"] >= 2
    at_target(p, "UPDATE u SET name = 'N7' WHERE id IN (7, 8, 9)", "DELETE FROM t WHERE id = 1")
    proc.wait_for(lambda: set(v.now()["differing"]) == {"t", "u"}, 60, "both tables to differ")
    other = v.wait(v.create(repair=True), "completed")
    assert sum(t["repaired"] for t in other["tables"]) == 4
    v.differs([])
    assert all(vdiffs.counts(t) == {} for t in v.judged()["tables"])
    p.freeze()
    p.check_equal()


def test_it_repairs_by_itself_where_that_was_asked_for(pair):
    p, v = up(pair, {"t": (T, t_rows(300))})
    v.begin(repair=True)
    at_target(p, "UPDATE t SET name = 'N5' WHERE id = 5", "DELETE FROM t WHERE id = 6")
    v.until(lambda s: s["findings"] >= 1 and s["differing"] == [], "what was planted to be repaired")
    proc.wait_for(lambda: v.judged()["proof"]["findings"] >= 2 and v.now()["differing"] == [], 60, "all of it")
    p.freeze()
    p.check_equal()


def test_what_a_trigger_makes_of_the_streams_rows_is_told(pair):
    """The stream writes what it should, and another row stands there: of one table, and of another."""
    p, v = up(pair, {"t": (T, t_rows(300)), "u": (T, t_rows(3))})
    p.target.server.sql("SET GLOBAL log_bin_trust_function_creators=1")
    # Made before the baseline: DDL ends a proof.
    at_target(p, "CREATE TRIGGER loses BEFORE UPDATE ON t FOR EACH ROW SET NEW.name = IF(NEW.id = 7, UPPER(NEW.name), NEW.name)",
              "CREATE TRIGGER adds AFTER DELETE ON t FOR EACH ROW INSERT INTO u VALUES (OLD.id + 1000, OLD.u, 'made', 0)")
    v.begin()
    at_source(p, "UPDATE t SET name = 'new' WHERE id < 7")
    v.is_clean()
    at_source(p, "UPDATE t SET name = 'newer' WHERE id BETWEEN 5 AND 20")
    done = v.differs(["t"], mismatched=1)
    [sample] = vdiffs.samples(done["tables"][0], "mismatched")
    assert sample["Source"]["Row"] == {"id": "7", "name": "newer"} and sample["Target"]["Row"]["name"] == "NEWER"
    assert "was given other rows than the source has written" in done["proof"]["finding"]
    at_source(p, "DELETE FROM t WHERE id = 200")
    done = proc.wait_for(lambda: (lambda s: s if set(s["proof"]["differing"]) == {"t", "u"} and s["tables"][1]["extra_target"] else None)(v.judged()),
                         60, "the added row")
    assert [f["Row"]["id"] for f in vdiffs.samples(done["tables"][1], "extra_target")] == ["1200"]


# ---- The baseline

def test_there_is_no_baseline_where_rows_differ(pair):
    p, v = up(pair, {"t": (T, t_rows(300))})
    at_target(p, "UPDATE t SET name = 'N5' WHERE id = 5")
    v.which = v.create(continuous=True)
    v.wait(v.which, "completed")
    v.ended("1 row differed")
    v.wait(v.create(repair=True), "completed")
    v.begin()
    v.is_clean()


def test_there_is_no_baseline_where_somebody_writes_while_rows_are_compared(pair):
    """Also when it is as it was by the time when the row is read, and when the comparison ends."""
    p, v = up(pair, {"t": (T, t_rows(300))}, faults="vdiff.look.before=sleep:3000")
    v.which = v.create(continuous=True)
    v.until(lambda s: s["state"] == "baseline", "the proof to begin")
    at_target(p, "UPDATE t SET name = 'N5' WHERE id = 5", "UPDATE t SET name = 'n5' WHERE id = 5")
    v.ended("while rows were compared table 'new_customer.t' was changed by another")
    v.wait(v.which, "completed")
    v.begin()


def test_what_was_not_judged_yet_when_all_rows_were_compared_is_no_baseline(pair):
    p, v = up(pair, {"t": (T, t_rows(300))}, faults="proof.read.before=sleep:5000,vdiff.look.before=sleep:1500")
    v.which = v.create(continuous=True)
    v.until(lambda s: s["state"] == "baseline", "the proof to begin")
    at_target(p, "UPDATE t SET name = 'N5' WHERE id = 5", "UPDATE t SET name = 'n5' WHERE id = 5")
    v.ended("while rows were compared")


def test_a_proof_begins_while_the_row_of_none_is_read(pair):
    """What was read of before must not end what has begun meanwhile."""
    p, v = up(pair, {"t": (T, t_rows(300))}, faults="proof.load.after=sleep:4000@2")
    v.wait(v.create(), "completed")     # an order, upon which the row is read, and is none
    v.which = v.create(continuous=True)
    v.until(lambda s: s["state"] == "baseline", "the proof to begin")
    v.wait(v.which, "completed")
    at_source(p, "UPDATE t SET name = 'x'")
    v.is_clean()


def test_what_the_stream_applies_while_rows_are_compared_is_in_the_sums(pair):
    p, v = up(pair, {"t": (T, t_rows(300))}, faults="vdiff.look.before=sleep:2000,stream.run.before=sleep:300")
    writer = streams.Writer(p.source.server, 1)
    writer.start()
    v.begin()
    writer.end()
    v.is_clean()


def test_stopped_resumed_deleted_and_begun_anew(pair):
    p, v = up(pair, {"t": (T, t_rows(300))}, faults="vdiff.look.before=sleep:2000@1")
    v.which = v.create(continuous=True)
    v.until(lambda s: s["state"] == "baseline", "the proof to begin")
    v.call("stop", v.which)
    v.wait(v.which, "stopped")
    at_source(p, "UPDATE t SET name = 'x' WHERE id < 50")
    v.call("resume", v.which)
    v.wait(v.which, "completed")
    v.is_clean()
    first = v.which
    v.begin()
    assert v.show(first)["proof"]["state"] == "none"
    at_source(p, "UPDATE t SET name = 'y' WHERE id < 50")
    v.is_clean()
    v.call("stop", v.which)
    v.ended("stopped by VDiff stop")
    at_source(p, "UPDATE t SET name = 'z' WHERE id < 50")
    p.catch_up()
    at_target(p, "UPDATE t SET name = 'planted' WHERE id = 60")
    v.begin_refused = v.create(continuous=True)
    assert v.wait(v.begin_refused, "completed")["proof"]["state"] == "ended"
    at_source(p, "UPDATE t SET name = 'planted' WHERE id = 60")
    p.catch_up()
    v.begin()
    v.call("delete", v.which)
    assert p.target.server.sql("SELECT COUNT(*) FROM _switchyard.proof") == ((0,),)


def test_what_cannot_be_proven_is_refused_by_name(pair):
    p, v = up(pair, {"p": ("id INT PRIMARY KEY", [(1,)]), "c": ("id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE", [])})
    for option in ({"limit": 5}, {"tables": ["p"]}):
        with pytest.raises(Refused, match="begins with all rows of all tables"):
            v.create(continuous=True, **option)
    done = v.wait(v.create(continuous=True), "error")
    assert "table 'new_customer.c' cannot be proven continuously: foreign keys change its rows in no binlog" in done["error"]


# ---- What breaks it

def test_ddl_at_the_target_ends_it(pair):
    p, v = up(pair, {"t": (T, t_rows(300))})
    v.begin()
    at_target(p, "ALTER TABLE t COMMENT='x'")
    v.ended("ALTER TABLE t")
    at_source(p, "UPDATE t SET name = 'x'")
    p.catch_up()


def test_images_that_are_not_whole_end_it(pair):
    p, v = up(pair, {"t": (T, t_rows(300))})
    v.begin()
    at_target(p, "SET SESSION binlog_row_image='MINIMAL'", "UPDATE t SET name = 'x' WHERE id = 5")
    v.ended("table 'new_customer.t'")


def test_a_purged_binlog_ends_it(pair):
    p, v = up(pair, {"t": (T, t_rows(300))})
    v.begin()
    p.target.kill()
    server = p.target.server
    server.sql("FLUSH BINARY LOGS")
    at_target(p, "UPDATE t SET name = 'unseen' WHERE id = 5")
    server.sql("FLUSH BINARY LOGS")
    server.sql(f"PURGE BINARY LOGS TO '{v.place()[0]}'")
    p.target.start()
    v.ended("the target's binlog")


# ---- Kills

POINTS = ["proof.begin.after", "proof.judge.before", "proof.saved", "stream.exact.before", "stream.exact.after", "vdiff.saved"]


@pytest.mark.parametrize("point", POINTS)
def test_killed_and_started_again(pair, point):
    """The same transactions are judged to the same end, and each once: also what somebody has written meanwhile."""
    p, v = up(pair, {"t": (T, t_rows(2000))}, faults=f"{point}=kill")
    writer = streams.Writer(p.source.server, 1)
    v.which = v.create(continuous=True)
    writer.start()
    proc.wait_for(lambda: p.target.process.poll() is not None, 60, f"the tablet to die at {point}")
    at_target(p, "INSERT INTO t VALUES (9000, 'z', 'z', 0)", "DELETE FROM t WHERE id = 9000")
    p.target.start()
    seen = v.until(lambda s: s["state"] in ("proving", "ended"), "the proof to go on")
    if seen["proof"]["state"] == "ended":
        assert "while rows were compared" in seen["proof"]["error"]
        v.begin()
    v.judged()          # what was written while the tablet was dead may be a finding too
    before = v.now()["findings"]
    p.target.kill()
    at_target(p, "INSERT INTO t VALUES (9001, 'zz', 'z', 0)")
    p.target.start()
    v.differs(["t"], extra_target=1)
    assert v.now()["findings"] == before + 1
    at_target(p, "DELETE FROM t WHERE id = 9001")
    writer.end()
    p.catch_up()
    v.judged()
    v.differs([])
    p.freeze()
    p.check_equal()


@pytest.mark.parametrize("which", ["source", "target"])
def test_a_server_that_is_killed(pair, which):
    p, v = up(pair, {"t": (T, t_rows(2000))})
    v.begin()
    for _ in range(3):
        at_source(p, "UPDATE t SET x = x + 1", "DELETE FROM t LIMIT 10")
        server = getattr(p, which).server
        server.kill()
        server.start()
    v.is_clean()


# ---- A switch

def test_a_freeze_that_is_given_up_goes_on_being_proven(pair):
    p, v = up(pair, {"t": (T, t_rows(300))})
    v.begin()
    at_source(p, "UPDATE t SET name = 'x'")
    p.catch_up()
    p.freeze(attempt=1)
    p.target.call("thaw", **p.request(attempt=2))
    p.wait("running")
    at_source(p, "UPDATE t SET name = 'y'")
    v.is_clean()
    at_target(p, "DELETE FROM t WHERE id = 1")
    v.differs(["t"], extra_source=1)


def test_triggers_that_a_switch_makes_are_not_taken_for_somebody_elses(pair):
    """No place is stored while the stream is frozen: who goes on from there would not know that it is. The transaction that freezes it has rows."""
    # The first change is held for as long as it takes to ask for the freeze, on a busy machine too.
    p, v = up(pair, {"t": (T, t_rows(300))}, faults="stream.run.before=sleep:4000")
    p.target.server.sql("SET GLOBAL log_bin_trust_function_creators=1")
    v.begin()
    at_source(p, "UPDATE t SET name = 'x'", "DO SLEEP(0.5)", "UPDATE t SET name = 'xx'")
    p.freeze(attempt=1)
    at_target(p, "CREATE TRIGGER made BEFORE INSERT ON t FOR EACH ROW SET NEW.name = 'made'", "DROP TRIGGER made")
    p.target.kill()
    p.target.start(faults="proof.saved=kill")
    p.target.call("thaw", **p.request(attempt=2))
    proc.wait_for(lambda: p.target.process.poll() is not None, 60, "the tablet to die")
    p.target.start()
    at_source(p, "UPDATE t SET name = 'y'")
    v.is_clean()


def test_xa_of_another_ends_it(pair):
    p, v = up(pair, {"t": (T, t_rows(300))})
    v.begin()
    at_target(p, "XA START 'x'", "UPDATE t SET name = 'xa' WHERE id = 5", "XA END 'x'", "XA PREPARE 'x'")
    v.ended("XA PREPARE of changes of a moved table")
    at_target(p, "XA ROLLBACK 'x'")

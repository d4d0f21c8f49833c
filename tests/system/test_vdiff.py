"""VDiff: whatever is not the same at both ends is found, and nothing that is; under load, stopped, killed."""
import threading
import uuid

import pymysql
import pytest

from lib import kinds, proc, streams, vdiffs
from lib.tablets import Refused

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

TABLE_OPTIONS = "DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
LOOSE = "SET sql_mode='ALLOW_INVALID_DATES', time_zone='+00:00'"

COLUMNS = """id INT NOT NULL PRIMARY KEY, n INT, big BIGINT UNSIGNED, s VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
    c CHAR(10) CHARACTER SET latin1 COLLATE latin1_swedish_ci, x VARBINARY(10), b BINARY(5), f FLOAT, g DOUBLE, m DECIMAL(20,6), d DATE,
    dt DATETIME(6), ts TIMESTAMP(3) NULL, tm TIME(2), y YEAR, e ENUM('a','b','B2'), st SET('x','y','z'), bt BIT(9), j JSON,
    l LONGTEXT, lb BLOB, p POINT"""

# A column, what it holds at both ends, and what somebody makes of it at the target.
PLANTED = [
    ("n", "1", "2"), ("n", "NULL", "0"), ("n", "0", "NULL"), ("big", "18446744073709551615", "18446744073709551614"),
    ("s", "'hello'", "'hellp'"), ("s", "'hello'", "'Hello'"), ("s", "'hello'", "'hello '"), ("s", "'eee'", "'eée'"),
    ("s", "''", "NULL"), ("s", "NULL", "''"), ("s", "'NULL'", "NULL"), ("s", "'a,b'", "'a, b'"), ("s", "''", "' '"),
    ("c", "'abc'", "'ABC'"), ("c", "_latin1 x'e4'", "'a'"),
    ("x", "'a'", "'A'"), ("x", "'a'", "x'6100'"), ("x", "''", "x'00'"), ("x", "x'ff'", "x'fe'"), ("x", "x'00'", "NULL"),
    ("b", "'a'", "'a    '"), ("b", "''", "NULL"), ("b", "x'0000000001'", "x'0000000000'"),
    ("f", "0.1e0", "0.10000001e0"), ("f", "NULL", "0e0"), ("f", "1e38", "1.0000001e38"),
    ("g", "0.1e0", "0.10000000000000002e0"), ("g", "5e-324", "0e0"),
    ("m", "1", "1.000001"), ("m", "-1", "1"), ("m", "0", "NULL"),
    ("d", "'2020-01-31'", "'2020-01-30'"), ("d", "'0000-00-00'", "NULL"), ("d", "'2020-02-31'", "'2020-03-02'"),
    ("dt", "'2020-01-31 10:00:00'", "'2020-01-31 10:00:00.000001'"), ("dt", "'0000-00-00'", "'2020-00-00'"),
    ("ts", "'2020-01-31 10:00:00'", "'2020-01-31 10:00:00.001'"), ("ts", "'2020-01-31 10:00:00'", "'2020-01-31 11:00:00'"),
    ("tm", "'-00:00:01'", "'00:00:01'"), ("tm", "'00:00:00'", "'00:00:00.01'"), ("y", "0", "2000"), ("y", "2000", "NULL"),
    ("e", "'a'", "'b'"), ("e", "'b'", "'B2'"), ("e", "'b'", "0"), ("e", "0", "NULL"),
    ("st", "'x,y'", "'x,z'"), ("st", "''", "NULL"), ("bt", "1", "257"), ("bt", "0", "NULL"),
    ("j", "'{\"a\": [1, 2]}'", "'{\"a\": [2, 1]}'"), ("j", "'{\"a\": null}'", "'{}'"), ("j", "'[1]'", "'[1.0]'"),
    ("j", "'\"a\"'", "'\"A\"'"), ("j", "'null'", "NULL"),
    ("l", "REPEAT('long', 50000)", "CONCAT(REPEAT('long', 49999), 'lonG')"), ("l", "'a\\n'", "'a\\r\\n'"),
    ("lb", "REPEAT(x'00', 60000)", "REPEAT(x'00', 59999)"), ("lb", "''", "NULL"),
    ("p", "ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(2 1)')"), ("p", "ST_GeomFromText('POINT(0 0)')", "NULL"),
]
# MariaDB stores 0.
if all(kinds.brand(k) == "mysql" for k in kinds.wanted()):
    PLANTED += [("f", "0e0", "-0e0"), ("g", "-0e0", "0e0")]
FIRST = 100     # the first planted row's id; those below and above are the same at both ends


def run(server, database, *statements):
    conn = server.connect(database, init_command=LOOSE)
    with conn.cursor() as cur:
        for sql in statements:
            cur.execute(sql)
    conn.close()


def rows_sql(table, rows):
    """INSERTs of a few hundred rows each; values as SQL."""
    for i in range(0, len(rows), 500):
        yield f"INSERT INTO {table} VALUES " + ", ".join("(" + ", ".join(map(str, r)) + ")" for r in rows[i:i + 500])


def up(pair, tables, options=(), faults=""):
    """A stream that is in step, of tables that are there: {name: (columns, rows)}."""
    p = pair("t")
    p.tables = [(name, name) for name in tables]
    for name, (columns, rows) in tables.items():
        run(p.source.server, "customer", f"CREATE TABLE {name} ({columns}) {TABLE_OPTIONS}", *rows_sql(name, rows))
    p.source.start()
    p.target.start(options=options, faults=faults)
    p.start()
    p.wait("running")
    return p, vdiffs.Vdiffs(p)


def wide_rows(p):
    """One row for each planted difference, and others around them."""
    statements = [f"INSERT INTO t (id, {c}) VALUES ({FIRST + i}, {was})" for i, (c, was, _) in enumerate(PLANTED)]
    statements += [f"INSERT INTO t (id, s, b, j) VALUES ({i}, 'row {i}', 'b', '[{i}]')" for i in (1, 2, 50, 1000, 1001, 1002)]
    run(p.source.server, "customer", *statements)
    p.catch_up()


def test_each_kind_of_difference_is_found_and_nothing_else(pair):
    p, v = up(pair, {"t": (COLUMNS, [])})
    wide_rows(p)
    assert vdiffs.counts(v.run()) == {}
    run(p.target.server, "new_customer",
        # anew: an UPDATE from 0 to -0 changes nothing, servers think
        *[f"REPLACE INTO t (id, {c}) VALUES ({FIRST + i}, {becomes})" for i, (c, _, becomes) in enumerate(PLANTED)],
        "DELETE FROM t WHERE id = 50", "DELETE FROM t WHERE id = 1002", "INSERT INTO t (id) VALUES (0), (51), (2000)",
        # 'x0','y' and 'x','0y' are the same text without anything between
        "UPDATE t SET s = 'row 10', x = NULL WHERE id = 1")
    done = v.run(samples=1000)
    expected = {str(FIRST + i): {"id", c} for i, (c, _, _) in enumerate(PLANTED)} | {"1": {"id", "s"}}
    found = vdiffs.samples(done, "mismatched")
    assert {f["Source"]["Row"]["id"]: set(f["Source"]["Row"]) for f in found} == expected
    assert all(set(f["Source"]["Row"]) == set(f["Target"]["Row"]) for f in found)
    shown_alike = {f["Source"]["Row"]["id"] for f in found if f["Source"]["Row"] == f["Target"]["Row"]}
    assert shown_alike == {str(FIRST + i) for i, (_, was, _) in enumerate(PLANTED) if "REPEAT" in was}
    assert [f["Row"]["id"] for f in vdiffs.samples(done, "extra_source")] == ["50", "1002"]
    assert [f["Row"]["id"] for f in vdiffs.samples(done, "extra_target")] == ["0", "51", "2000"]
    assert vdiffs.counts(done) == {"mismatched": len(expected), "extra_source": 2, "extra_target": 3}
    assert done["compared"] == len(PLANTED) + 6 + 3


def test_samples_are_few_and_short(pair):
    p, v = up(pair, {"t": ("id INT PRIMARY KEY, s TEXT CHARACTER SET utf8mb4, x BLOB", [(i, f"'{i}'", "''") for i in range(50)])})
    run(p.target.server, "new_customer", "UPDATE t SET s = REPEAT('€', 100), x = x'c328'")
    done = v.run(samples=3, truncate_at=10)
    assert vdiffs.counts(done) == {"mismatched": 50}
    assert vdiffs.samples(done, "mismatched")[1:] == [
        {"Source": {"Row": {"id": str(i), "s": str(i), "x": "0x"}, "Query": ""},
         "Target": {"Row": {"id": str(i), "s": "€€€...[TRUNCATED]", "x": "0xc328"}, "Query": ""}} for i in (1, 2)]
    assert vdiffs.counts(v.run(samples=0)) == {"mismatched": 50}


KEYS = {
    "ci": ("k VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, v INT",
           [(f"'{w}'", 1) for w in ("alice", "Bob", "carol ", "dave", "é", "zoe")]),
    "bin": ("k VARBINARY(20) PRIMARY KEY, v INT", [(f"x'{i:02x}00'", i) for i in range(0, 256, 5)]),
    "fix": ("k BINARY(3) PRIMARY KEY, v INT", [(f"x'{i:02x}'", i) for i in range(0, 256, 5)]),
    "two": ("a INT, b VARCHAR(10) CHARACTER SET latin1, v INT, PRIMARY KEY (a, b)",
            [(i, f"'{w}'", i) for i in range(-3, 4) for w in ("", "x", "y")]),
    "en": ("k ENUM('z','y','x') PRIMARY KEY, v INT", [("'z'", 1), ("'x'", 2)]),
    "da": ("k DATE PRIMARY KEY, v INT", [("'0000-00-00'", 0), ("'2020-01-31'", 1), ("'2020-02-31'", 2)]),
    "de": ("k DECIMAL(10,3) PRIMARY KEY, v INT", [("-1.5", 1), ("0", 2), ("1.5", 3), ("10", 4)]),
    "un": ("k BIGINT UNSIGNED NOT NULL, v INT, UNIQUE KEY k (k)", [("0", 1), ("9223372036854775808", 2), ("18446744073709551615", 3)]),
}


def by_table(v, **options):
    done = v.wait(v.create(**options), "completed", "error")
    assert done["state"] == "completed", done
    return {t["name"]: t for t in done["tables"]}


def test_rows_are_told_apart_by_every_kind_of_key(pair):
    p, v = up(pair, KEYS)
    assert {n: vdiffs.counts(t) for n, t in by_table(v).items()} == {n: {} for n in KEYS}
    assert {n: t["compared"] for n, t in by_table(v).items()} == {n: len(rows) for n, (_, rows) in KEYS.items()}
    run(p.target.server, "new_customer",
        "UPDATE ci SET k = 'ALICE' WHERE k = 'alice'", "UPDATE ci SET k = 'bob' WHERE k = 'Bob'", "UPDATE ci SET k = 'e' WHERE k = 'é'",
        "DELETE FROM ci WHERE k = 'zoe'", "UPDATE ci SET v = 2 WHERE k = 'dave'", "UPDATE ci SET k = 'carol' WHERE k = 'carol'",
        "UPDATE bin SET k = x'0500ff' WHERE k = x'0500'", "DELETE FROM fix WHERE v = 250", "DELETE FROM fix WHERE v = 0",
        "UPDATE two SET b = 'z' WHERE a = 0 AND b = 'x'", "INSERT INTO two VALUES (-9, '', 0), (9, '', 0)",
        "UPDATE en SET k = 'y' WHERE v = 1", "UPDATE da SET k = '2020-03-02' WHERE v = 2", "UPDATE de SET k = -1.501 WHERE v = 1",
        "UPDATE un SET v = 9 WHERE v > 1")
    done = by_table(v)
    moved = {"extra_source": 1, "extra_target": 1}
    assert {n: vdiffs.counts(t) for n, t in done.items()} == {
        "ci": {"mismatched": 5, "extra_source": 1}, "bin": moved, "fix": {"extra_source": 2}, "two": {"extra_source": 1, "extra_target": 3},
        "en": moved, "da": moved, "de": moved, "un": {"mismatched": 2}}
    spelled = {(f["Source"]["Row"]["k"], f["Target"]["Row"]["k"]) for f in vdiffs.samples(done["ci"], "mismatched")}
    assert spelled == {("alice", "ALICE"), ("Bob", "bob"), ("é", "e"), ("dave", "dave"), ("carol ", "carol")}
    # With no row looked for under another spelling each is one at either end.
    assert vdiffs.counts(by_table(v, max_extra=0, tables=["ci"])["ci"]) == {"mismatched": 1, "extra_source": 5, "extra_target": 4}


def test_far_more_rows_at_one_end(pair):
    """In the middle, at the beginning, at the end; and all of a table, at either end."""
    plain = "id INT PRIMARY KEY, v VARCHAR(900)"
    p, v = up(pair, {"mid": (plain, [(i, "'a'") for i in range(0, 40000, 100)]), "gone": (plain, [(i, "'b'") for i in range(3000)]),
                     "none": (plain, [])}, options=("--chunk-rows", "100"))
    run(p.target.server, "new_customer", *rows_sql("mid", [(i, "'x'") for i in range(5001, 9000) if i % 100]),
        *rows_sql("mid", [(-i, "REPEAT('x', 900)") for i in range(1, 3000)]), "INSERT INTO mid VALUES (99999, '')", "DELETE FROM gone",
        *rows_sql("none", [(i, "''") for i in range(2500)]))
    done = by_table(v)
    assert {n: vdiffs.counts(t) for n, t in done.items()} == {"mid": {"extra_target": 3960 + 2999 + 1}, "gone": {"extra_source": 3000},
                                                              "none": {"extra_target": 2500}}
    assert done["mid"]["matching"] == 400


def test_rows_that_were_being_read_for_a_look_that_is_not_made(pair):
    """The target's rows make the look smaller while the next one's are on their way from the source."""
    p, v = up(pair, {"big": ("id INT PRIMARY KEY, v VARCHAR(2000)", [(i, "REPEAT('s', 2000)") for i in range(1000, 9000)])})
    run(p.target.server, "new_customer", *rows_sql("big", [(i, "REPEAT('t', 500)") for i in range(9000, 14000)]),
        *rows_sql("big", [(-i, "''") for i in range(1, 30000)]))
    which = v.create()
    proc.wait_for(lambda: v.show(which)["state"] == "completed" or "again in" in proc.tail(p.target.log, 100), 60, "the comparison")
    done = v.show(which)
    assert {t["name"]: vdiffs.counts(t) for t in done["tables"]} == {"big": {"extra_target": 5000 + 29999}}


def hammer(server, stopped, sql):
    """One row, as often as it goes."""
    conn = server.connect("customer", autocommit=True)
    with conn.cursor() as cur:
        while not stopped.is_set():
            cur.execute(sql)
    conn.close()


class Hot:
    """Clients that change single rows as fast as they can."""

    def __init__(self, server, *statements):
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=hammer, args=(server, self.stopped, s)) for s in statements]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for t in self.threads:
            t.join()


T = "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, u VARCHAR(30) NOT NULL, name VARCHAR(50), x FLOAT, UNIQUE KEY u (u), KEY name (name)"


# The fifth look waits until more is stored than the beginning, the sixth as long as a test needs.
HALTS = "vdiff.look.before=sleep:1500@5,vdiff.look.before=sleep:6000@6"


def t_rows(count):
    return [(i, f"'u0{i}'", f"'n{i}'", i / 7) for i in range(1, count + 1)]


def test_no_phantom_while_rows_change_and_what_is_planted_is_found(pair):
    """Writers change and move keys; rows of their own change all the time; what nobody touches differs at two places."""
    p, v = up(pair, {"t": (T, t_rows(5000) + [(i, f"'u0{i}'", "'still'", 0) for i in range(7001, 7004)])}, options=("--chunk-rows", "500"))
    run(p.target.server, "new_customer", "UPDATE t SET name = 'Still' WHERE id = 7002", "DELETE FROM t WHERE id = 7003")
    writers = [streams.Writer(p.source.server, seed) for seed in range(3)]
    for w in writers:
        w.start()
    with Hot(p.source.server, "UPDATE t SET x = x + 1 WHERE id = 7001",
             "INSERT INTO t VALUES (7000, 'hot', 'n', 0) ON DUPLICATE KEY UPDATE x = x + 1"):
        for _ in range(6):
            found = vdiffs.counts(v.run())
            assert found.pop("unsettled", 0) <= 2
            assert found == {"mismatched": 1, "extra_source": 1}
    for w in writers:
        w.end()
    p.catch_up()
    assert vdiffs.counts(v.run()) == {"mismatched": 1, "extra_source": 1}


def test_a_row_that_changed_meanwhile_is_no_difference(pair):
    p, v = up(pair, {"t": (T, t_rows(300))}, faults="vdiff.source.read=sleep:3000")
    which = v.create()
    v.wait(which, "started")
    run(p.source.server, "customer", "DO SLEEP(1)", "UPDATE t SET name = 'new' WHERE id = 5", "DELETE FROM t WHERE id = 6",
        "UPDATE t SET id = 1000 WHERE id = 7", "INSERT INTO t VALUES (1001, 'u', 'n', 0)", "UPDATE t SET u = 'U08' WHERE id = 8")
    p.catch_up()
    run(p.target.server, "new_customer", "UPDATE t SET name = 'New' WHERE id = 5")
    done = v.wait(which, "completed")["tables"][0]
    assert vdiffs.counts(done) == {"mismatched": 1}
    assert done["compared"] == 300


def test_what_the_stream_has_not_brought_yet_is_no_difference(pair):
    """The source is read when it has changes that the applier has, and does not write for some seconds."""
    p, v = up(pair, {"t": (T, t_rows(300))}, faults="vdiff.source.before=sleep:2000,stream.run.before=sleep:6000")
    which = v.create()
    v.wait(which, "started")
    run(p.source.server, "customer", "DO SLEEP(0.7)", "UPDATE t SET name = 'new' WHERE id = 5", "DELETE FROM t WHERE id = 6")
    done = v.wait(which, "completed")["tables"][0]
    assert vdiffs.counts(done) == {} and done["compared"] == 299


def test_more_rows_change_than_are_kept_in_mind(pair):
    """23,000 keys of 700 bytes are more than a window keeps."""
    columns = "k VARBINARY(700) PRIMARY KEY, v INT"
    rows = [(f"RPAD('{i:06}', 700, 'k')", 0) for i in range(25000)]
    p, v = up(pair, {"t": (columns, rows)}, options=("--chunk-rows", "500"), faults="vdiff.source.read=sleep:8000@2")
    which = v.create()
    v.wait(which, "started")
    run(p.source.server, "customer", "DO SLEEP(0.5)", "UPDATE t SET v = 1 WHERE k < '0010'", "UPDATE t SET v = 1")
    done = v.wait(which, "completed")["tables"][0]
    assert vdiffs.counts(done) == {} and done["compared"] == 25000


def repair(v, **options):
    done = v.run(repair=True, **options)
    assert vdiffs.counts(v.run()) == {}
    return done


def test_each_kind_of_difference_is_repaired(pair):
    p, v = up(pair, {"t": (COLUMNS, [])})
    wide_rows(p)
    run(p.target.server, "new_customer",
        *[f"REPLACE INTO t (id, {c}) VALUES ({FIRST + i}, {becomes})" for i, (c, _, becomes) in enumerate(PLANTED)],
        "DELETE FROM t WHERE id IN (50, 1002)", "INSERT INTO t (id) VALUES (0), (51), (2000)")
    done = repair(v)
    assert vdiffs.counts(done) == {"mismatched": len(PLANTED), "extra_source": 2, "extra_target": 3}
    assert done["repaired"] == len(PLANTED) + 5
    # The stream finds what it expects at every row.
    run(p.source.server, "customer", "UPDATE t SET n = 77", "DELETE FROM t WHERE id > 500")
    p.catch_up()
    p.freeze()
    p.check_equal()


def test_keys_and_unique_values_are_repaired(pair):
    """Other spellings of a key, unique values that were swapped, and all of a table."""
    p, v = up(pair, {"ci": KEYS["ci"], "t": (T, t_rows(300)), "gone": KEYS["two"]})
    run(p.target.server, "new_customer", "UPDATE ci SET k = 'ALICE' WHERE k = 'alice'", "UPDATE ci SET k = 'e' WHERE k = 'é'",
        "UPDATE t SET u = 'swap' WHERE id = 2", "UPDATE t SET u = 'u02' WHERE id = 299", "UPDATE t SET u = 'u0299' WHERE id = 2",
        "UPDATE t SET u = 'later' WHERE id = 7", "UPDATE t SET u = 'u07' WHERE id = 200", "DELETE FROM gone")
    done = by_table(v, repair=True)
    assert {n: t["repaired"] for n, t in done.items()} == {"ci": 2, "t": 4, "gone": 21}
    assert {n: vdiffs.counts(t) for n, t in by_table(v).items()} == {n: {} for n in done}


def test_a_row_is_repaired_while_clients_change_it(pair):
    """The change comes between what was read and what is written: the applier stands still, and writes it on top."""
    p, v = up(pair, {"t": (T, t_rows(300))}, faults="vdiff.repair.before=sleep:3000")
    run(p.target.server, "new_customer", "UPDATE t SET name = 'X' WHERE id IN (5, 8)", "DELETE FROM t WHERE id = 6",
        "INSERT INTO t VALUES (900, 'u9', 'n', 0)")
    which = v.create(repair=True)
    v.wait(which, "started")
    run(p.source.server, "customer", "DO SLEEP(1)", "UPDATE t SET x = 77 WHERE id = 5", "DELETE FROM t WHERE id = 6",
        "INSERT INTO t VALUES (900, 'u10', 'n', 0)", "UPDATE t SET id = 800 WHERE id = 8")
    done = v.wait(which, "completed")["tables"][0]
    assert done["repaired"] == 4
    p.catch_up()
    assert vdiffs.counts(v.run()) == {}
    p.freeze()
    p.check_equal()


def test_repaired_under_load(pair):
    p, v = up(pair, {"t": (T, t_rows(5000) + [(i, f"'u0{i}'", "'still'", 0) for i in range(7001, 7200)])}, options=("--chunk-rows", "500"))
    writers = [streams.Writer(p.source.server, seed) for seed in range(3)]
    for w in writers:
        w.start()
    for _ in range(4):
        run(p.target.server, "new_customer", "UPDATE t SET name = 'Still' WHERE id > 7000 AND id % 3 = 0", "DELETE FROM t WHERE id = 7001",
            "INSERT INTO t VALUES (7500, 'by hand', '', 0)")
        done = v.run(repair=True)
        assert vdiffs.counts(done) == {"mismatched": 66, "extra_source": 1, "extra_target": 1} and done["repaired"] == 68
    for w in writers:
        w.end()
    p.catch_up()
    assert vdiffs.counts(v.run()) == {}
    p.freeze()
    p.check_equal()


def test_stop_resume_and_delete(pair):
    p, v = up(pair, {"t": (T, t_rows(3000))}, options=("--chunk-rows", "100"), faults=HALTS)
    run(p.target.server, "new_customer", "UPDATE t SET name = 'x' WHERE id IN (5, 2999)")
    which = v.create()
    with pytest.raises(Refused, match="there is a vdiff .* already"):
        v.call("create", which)
    proc.wait_for(lambda: v.show(which)["tables"][0]["compared"] > 0, 30, "some rows to be compared")
    v.call("stop", which)
    v.call("stop", which)
    stopped = v.show(which)
    assert stopped["state"] == "stopped" and not stopped["completed_us"]
    later = v.create(tables=["t"], limit=200)
    assert v.wait(later, "completed")["tables"][0]["compared"] == 200
    part = v.show(which)["tables"][0]
    assert part["compared"] == 600 and vdiffs.counts(part) == {"mismatched": 1}
    v.call("resume", which)
    v.call("resume", which)
    done = v.wait(which, "completed")["tables"][0]
    assert done["compared"] == 3000 and vdiffs.counts(done) == {"mismatched": 2}
    assert len(vdiffs.samples(done, "mismatched")) == 2
    # What comes behind the last key later is compared by the next resume, and nothing else again.
    run(p.source.server, "customer", *rows_sql("t", [(4000, "'u'", "'n'", 1), (4001, "'w'", "'n'", 1)]))
    p.catch_up()
    run(p.target.server, "new_customer", "UPDATE t SET name = 'N' WHERE id = 4001")
    v.call("resume", which)
    done = v.wait(which, "completed")["tables"][0]
    assert done["compared"] == 3002 and vdiffs.counts(done) == {"mismatched": 3}
    assert [d["uuid"] for d in v.call("show", "all")["vdiffs"]] == [later, which]
    assert v.show()["uuid"] == later
    v.call("delete", later)
    v.call("delete", later)
    assert v.show()["uuid"] == which
    v.call("delete", "all")
    assert v.call("show")["vdiffs"] == []
    for method in "stop", "resume":
        with pytest.raises(Refused, match="there is no vdiff"):
            v.call(method, which)
    with pytest.raises(Refused, match="has no table 'nope'.*names as they are at the target"):
        v.create(tables=["nope"])


def test_one_that_is_stopped_or_deleted_goes_on_no_more(pair):
    p, v = up(pair, {"t": (T, t_rows(3000))}, options=("--chunk-rows", "10"),
              faults="vdiff.look.before=sleep:1000@2,vdiff.look.before=sleep:1000@6")
    for action in "stop", "delete":
        which = v.create()
        v.wait(which, "started")
        v.call(action, which)
        assert v.wait(v.create(limit=10), "completed")["tables"][0]["compared"] == 10, action


def test_killed_amid_it_goes_on_and_counts_each_row_once(pair):
    p, v = up(pair, {"t": (T, t_rows(4000))}, options=("--chunk-rows", "50"), faults=HALTS)
    run(p.target.server, "new_customer", "UPDATE t SET name = 'x' WHERE id IN (1, 3999)", "DELETE FROM t WHERE id = 2000")
    which, seen = v.create(), []
    for _ in range(2):
        before = seen[-1] if seen else 0
        proc.wait_for(lambda: v.show(which)["tables"][0]["compared"] > before, 30, "more rows to be compared")
        seen.append(v.show(which)["tables"][0]["compared"])
        p.target.kill()
        p.target.start(options=("--chunk-rows", "50"), faults=HALTS)
    assert seen == [250, 500]
    done = v.wait(which, "completed")["tables"][0]
    assert done["compared"] == 4000 and vdiffs.counts(done) == {"mismatched": 2, "extra_source": 1}


def test_killed_with_rows_that_were_not_settled_yet(pair):
    """A row that has changed while it was read is not counted before it was looked at again: what is stored has it."""
    faults = f"{HALTS},vdiff.source.read=sleep:1000@5"
    p, v = up(pair, {"t": (T, t_rows(1000))}, options=("--chunk-rows", "50"), faults=faults)
    with Hot(p.source.server, "UPDATE t SET x = x + 1 WHERE id = 220"):
        which = v.create()
        proc.wait_for(lambda: v.show(which)["tables"][0]["compared"] > 0, 60, "rows to be stored")
        p.target.kill()
    p.target.start(options=("--chunk-rows", "50"))
    done = v.wait(which, "completed")["tables"][0]
    assert done["compared"] == 1000 and vdiffs.counts(done).get("unsettled", 0) <= 1


def test_servers_that_go_away_are_waited_for(pair):
    p, v = up(pair, {"t": (T, t_rows(2000))}, options=("--chunk-rows", "50"),
              faults="vdiff.look.before=sleep:2000@5,vdiff.look.before=sleep:4000@15")
    which = v.create()
    for tablet in p.source, p.target:
        v.wait(which, "started")
        tablet.server.stop()
        tablet.server.start()
    done = v.wait(which, "completed")["tables"][0]
    assert done["compared"] == 2000 and vdiffs.counts(done) == {}


def test_before_the_stream_is_in_step_it_waits(pair):
    p = pair("t")
    run(p.source.server, "customer", f"CREATE TABLE t ({T})", *rows_sql("t", t_rows(2000)))
    p.source.start()
    p.target.start(options=("--chunk-rows", "100"), faults="stream.chunk.before=sleep:100")
    p.start()
    v = vdiffs.Vdiffs(p)
    which = v.create()
    assert p.status()["state"] in ("starting", "copying") and v.show(which)["state"] == "pending"
    done = v.wait(which, "completed")["tables"][0]
    assert done["compared"] == 2000 and vdiffs.counts(done) == {}


def test_rows_of_a_workflow_go_with_it(pair):
    p, v = up(pair, {"t": (T, t_rows(10))})
    v.run()
    p.target.call("stream_delete", **p.request(attempt=2, drop=True))
    assert p.target.server.sql("SELECT (SELECT COUNT(*) FROM _switchyard.vdiff), (SELECT COUNT(*) FROM _switchyard.vdiff_table)") == ((0, 0),)


JSON_PAIRS = [("'{\"b\": 1, \"a\": [1,2 ,3]}'", True), ("'{\"k\":\"\\\\u00e9\\\\n\"}'", True), ("'[1e2, 0.10, -0.5E-3, 12345678901]'", True),
              ("'{\"x\":1,\"x\":2}'", True), ("' {\"\":{\"d\":[{}, [ ]]}} '", True), ("'null'", True), ("'\"a\\\\/b\"'", True)]


@pytest.mark.parametrize("source, target", [("mariadb-10.11", "mysql-9.7"), ("mysql-9.7", "mariadb-10.11")])
def test_between_flavours_what_means_the_same_is_the_same(pair_of, source, target):
    """What the copy carries: JSON that one flavour keeps as text, numbers that each prints its way; and it finds what is planted."""
    columns = "id INT NOT NULL PRIMARY KEY, j JSON, f FLOAT, g DOUBLE, s VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, " \
              "b BINARY(4), e ENUM('a','b'), bt BIT(3), dt DATETIME(3), m DECIMAL(10,2)"
    rows = [(i, j, "1e20", "1.7976931348623157e308", "'ä '", "'b'", "'b'", 5, "'2020-01-31 10:00:00.5'", "-1.5")
            for i, (j, _) in enumerate(JSON_PAIRS)] + [(100, "NULL", "-0e0", "-0e0", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL"),
                                                       (101, "'[1]'", "0.1", "0.1", "''", "''", "1", "0", "'1000-01-01'", "0")]
    p, v = up(lambda table: pair_of(source, target, table), {"t": (columns, rows)})
    done = v.run()
    assert vdiffs.counts(done) == {}, vdiffs.samples(done, "mismatched")
    assert done["compared"] == len(rows)
    run(p.target.server, "new_customer", "UPDATE t SET j = NULL, f = NULL WHERE id > 99",
        "UPDATE t SET j = '[1.0]', f = 0.1 WHERE id = 101", "UPDATE t SET f = 1e-45 WHERE id = 100",
        "UPDATE t SET s = 'Ä ' WHERE id = 0", "UPDATE t SET j = '{\"x\": 1}' WHERE id = 3")
    done = v.run()
    found = {f["Target"]["Row"]["id"]: set(f["Target"]["Row"]) - {"id"} for f in vdiffs.samples(done, "mismatched")}
    assert found == {"101": {"j"}, "100": {"f"}, "0": {"s"}, "3": {"j"}}

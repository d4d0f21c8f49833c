"""Tables of each kind, moved as one set while they are written, and back."""
import time

import pytest

from lib import proc, table_kinds, vdiffs
from lib.rounds import Rounds
from lib.streams import Pair
from lib.tablets import Refused

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


def ask(p, **options):
    """What whoever makes a move asks both tablets."""
    told = p.source.call("check_from", **p.request(), **options)["tables"]
    p.target.call("check_to", **p.request(), definitions=[t["definition"] for t in told])
    return told


def under_writes(server, database, all_, until):
    writers = [table_kinds.Writer(server, all_, database, seed) for seed in (1, 2)]
    for w in writers:
        w.start()
    try:
        until()
        time.sleep(1)
    finally:
        for w in writers:
            w.stopped.set()
    for w in writers:
        w.end()


def arrive(p):
    p.start()
    p.wait("running")


def check_equal(p, all_):
    for table in all_:
        mine, theirs = (table_kinds.image(t.server, d, table) for t, d in ((p.source, "customer"), (p.target, "new_customer")))
        assert mine == theirs, table.name
        assert mine[0]


STRICT = {"p_bare", "apart", "tenants", "kept", "kept_named", "kept_parts"}         # which VDiff does not compare yet


def compare(p, all_):
    v = vdiffs.Vdiffs(p)
    done = v.wait(v.create(tables=[t.name for t in all_ if t.name not in STRICT]), "completed", "error")
    assert done["state"] == "completed" and all(vdiffs.counts(t) == {} for t in done["tables"]), done


def mend_rooms(p):
    """What VDiff repairs are rows that no REPLACE may write."""
    p.target.server.sql("UPDATE new_customer.rooms SET room = room + 1000 WHERE id < 20")
    p.target.server.sql("DELETE FROM new_customer.rooms WHERE id BETWEEN 30 AND 40")
    v = vdiffs.Vdiffs(p)
    assert v.run(tables=["rooms"], repair=True)["repaired"] > 0
    assert vdiffs.counts(v.run(tables=["rooms"])) == {}


def begin(p, all_):
    p.tables = [(t.name, t.name) for t in all_]
    table_kinds.fill(p.source.server, all_, "customer")


def refused(p, **options):
    with pytest.raises(Refused) as e:
        ask(p, **options)
    return e.value


def refuse_broad(p):
    """InnoDB has not as many columns as MyISAM may have."""
    p.source.server.sql("CREATE TABLE broad (id INT PRIMARY KEY, " + ", ".join(f"c{i} TINYINT" for i in range(2000)) + ") ENGINE=MyISAM", database="customer")
    p.tables = [("broad", "broad")]
    told = refused(p, to_innodb=True)
    assert "table 'customer.broad': the table cannot be made at the target: " in told.text and "Too many columns" in told.text, told


def convert(p):
    """A set of engines without transactions, which goes there alone."""
    refuse_broad(p)
    all_ = list(table_kinds.converted(p.source.server.flavour))
    begin(p, all_)
    told = refused(p)
    assert "is kept by the engine MyISAM" in told.text and "--engine InnoDB" in told.hint
    told = refused(p, to_innodb=True, way_back=True)
    assert "there is no way back to it" in told.text and "--no-enable-reverse-replication" in told.hint
    assert all("its copy by InnoDB" in t["converted"] for t in ask(p, to_innodb=True))
    under_writes(p.source.server, "customer", all_, lambda: arrive(p))
    p.catch_up()
    for table in all_:
        mine, theirs = (table_kinds.image(t.server, d, table) for t, d in ((p.source, "customer"), (p.target, "new_customer")))
        assert mine[0] == theirs[0] and mine[0], table.name
        assert "MyISAM" not in theirs[1].replace("ENGINE=MyISAM'", "").replace("ENGINE = MyISAM'", "") and "Aria" not in theirs[1]
        assert "='ENGINE" in theirs[1] or "='ENGINE" not in mine[1]     # a comment stays what it is
    v = vdiffs.Vdiffs(p)
    under_writes(p.source.server, "customer", all_, lambda: [v.run(tables=[t.name]) for t in all_[:1]])
    p.catch_up()
    assert vdiffs.counts(v.run(tables=["my"])) == {}


def there_and_back(p):
    all_ = list(table_kinds.table_kinds(p.source.server.flavour))
    begin(p, all_)
    ask(p)
    under_writes(p.source.server, "customer", all_, lambda: arrive(p))
    p.catch_up()
    check_equal(p, all_)
    compare(p, all_)
    if any(t.name == "rooms" for t in all_):
        mend_rooms(p)
    rounds = Rounds(p)
    rounds.switch()
    under_writes(p.target.server, "new_customer", all_, lambda: None)
    rounds.catch_up()
    check_equal(p, all_)
    p.target.server.sql("ALTER TABLE new_customer.p_range TRUNCATE PARTITION a")        # DDL, as any
    rounds.closed("p_range")


@pytest.mark.parametrize("kind", ["mariadb-10.11", "mysql-9.7"])
def test_each_moves_under_writes_and_comes_back(pair_of, kind):
    p = pair_of(kind, kind, "t")
    p.source.start()
    p.target.start(options=("--chunk-rows", "40"))
    convert(Pair(p.source, p.target, "my", "new_customer/converted"))
    there_and_back(p)


def test_a_fence_on_tables_with_and_without_transactions(pair_of):
    """MySQL locks no two of them in one statement (1785)."""
    p = pair_of("mysql-9.7", "mysql-9.7", "t")
    p.tables = [(name, name) for name in ("a", "m", "b", "n")]
    for name, _ in p.tables:
        engine = "MyISAM" if name in "mn" else "InnoDB"
        p.source.server.sql(f"CREATE TABLE {name} (id INT PRIMARY KEY, v INT) ENGINE={engine}", database="customer")
    p.source.start()
    p.source.call("fence_install", **p.request(attempt=1, side="from"))
    guards = "SELECT event_object_table, COUNT(*) FROM information_schema.triggers WHERE trigger_schema = 'customer' GROUP BY 1"
    assert dict(p.source.server.sql(guards)) == dict.fromkeys("abmn", 3)
    p.source.server.sql("INSERT INTO m VALUES (1, 1)", database="customer")
    p.source.call("fence_remove", **p.request(attempt=1, side="from"))
    assert not p.source.server.sql(guards)


def test_history_of_a_transaction_beyond_memory(pair_of):
    """It comes in parts, and one may begin with what the UPDATE before it has left. A kill amid the copy begins that again, and
    DELETE HISTORY is not followed."""
    p = pair_of("mariadb-10.11", "mariadb-10.11", "t")
    kept = table_kinds.TableKind("t", "id INT PRIMARY KEY, v VARCHAR(9000)", None, "WITH SYSTEM VERSIONING", read="*, row_start, row_end")
    p.source.server.sql(kept.definition(), database="customer")
    p.source.server.sql("INSERT INTO t SELECT seq, REPEAT('a', 8000) FROM seq_1_to_3000", database="customer")
    p.source.server.sql("UPDATE t SET v = 'b' WHERE id % 3 = 0", database="customer")
    p.source.start()
    p.target.start(faults="copy.strict.batch=kill@5")
    p.start()
    proc.wait_for(lambda: p.target.process.poll() is not None, 60, "the tablet to be killed")
    p.target.start()
    p.wait("running")
    p.source.server.sql("UPDATE t SET v = REPEAT('b', 8000 + id % 7)", database="customer")
    p.catch_up()
    check_equal(p, [kept])
    p.source.server.sql("DELETE HISTORY FROM t", database="customer")
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 60, "the stream to stop")
    assert "rows of the history of table 'customer.t' were deleted" in status["error"]

"""Tables of each kind, moved as one set while they are written, and back."""
import time

import pytest

from lib import proc, table_kinds, vdiffs
from lib.rounds import Rounds

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


def ask(p):
    """What whoever makes a move asks both tablets."""
    told = p.source.call("check_from", **p.request())
    p.target.call("check_to", **p.request(), definitions=[t["definition"] for t in told["tables"]])


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


def mend_rooms(p):
    """What VDiff repairs are rows that no REPLACE may write."""
    p.target.server.sql("UPDATE new_customer.rooms SET room = room + 1000 WHERE id < 20")
    p.target.server.sql("DELETE FROM new_customer.rooms WHERE id BETWEEN 30 AND 40")
    v = vdiffs.Vdiffs(p)
    assert v.run(tables=["rooms"], repair=True)["repaired"] > 0
    assert vdiffs.counts(v.run(tables=["rooms"])) == {}


def begin(p):
    all_ = list(table_kinds.table_kinds(p.source.server.flavour))
    p.tables = [(s.name, s.name) for s in all_]
    table_kinds.fill(p.source.server, all_, "customer")
    p.source.start()
    p.target.start(options=("--chunk-rows", "40"))
    ask(p)
    return all_


@pytest.mark.parametrize("kind", ["mariadb-10.11", "mysql-9.7"])
def test_each_moves_under_writes_and_comes_back(pair_of, kind):
    p = pair_of(kind, kind, "t")
    all_ = begin(p)
    under_writes(p.source.server, "customer", all_, lambda: arrive(p))
    p.catch_up()
    check_equal(p, all_)
    if any(s.name == "rooms" for s in all_):
        mend_rooms(p)
    rounds = Rounds(p)
    rounds.switch()
    under_writes(p.target.server, "new_customer", all_, lambda: None)
    rounds.catch_up()
    check_equal(p, all_)

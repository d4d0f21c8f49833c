"""Every type's values are the same bytes at the other end, by the copy and by events, and what cannot be there is refused by name."""
import re

import pytest

from lib import cases, proc, servers, tablets, typed, types
from lib.rounds import Rounds

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

PAIRS = [(a, b) for a in servers.KINDS for b in servers.KINDS]


def images(server, database, tables):
    conn = typed.loosely(server, database)
    return {t.name: t.image(conn) for t in tables}


def translate(image, row, outcome):
    if isinstance(outcome, types.Translated):
        for key, column in image:
            if column == row.name():
                image[key, column] = outcome.shown.get(image[key, column], image[key, column])


def check_equal(p, tables):
    wanted, theirs = images(p.source.server, "customer", tables), images(p.target.server, "new_customer", tables)
    for t in tables:
        for r in t.rows:
            translate(wanted[t.name], r, r.outcome(p.source.server.flavour, p.target.server.flavour))
    differ = [(column, key, wanted[t][key, column], theirs[t].get((key, column), "no row")) for t in wanted
              for key, column in wanted[t] if wanted[t][key, column] != theirs[t].get((key, column), "no row")]
    assert not differ, differ[:20]
    assert wanted == theirs and all(wanted.values())


def ask(p, names):
    """What whoever makes a move asks both tablets."""
    tables = [{"from": n, "to": n} for n in names]
    common = typed.brand(p.source.server.flavour) != typed.brand(p.target.server.flavour)
    told = p.source.call("check_from", **{**p.request(), "tables": tables, "common": common})
    p.target.call("check_to", **{**p.request(), "tables": tables, "common": common,
                                 "definitions": [t["definition"] for t in told["tables"]]})


def copied_some(p):
    status = p.status()
    assert status["state"] != "error", status["error"]
    return status["rows_copied"] > 0


def whole_life(p, writer):
    """A copy that is cut off, a stream that is cut off, and writes all the time."""
    writer.insert(1000)
    p.start()
    proc.wait_for(lambda: copied_some(p), 60, "the first chunk")
    writer.all_kinds(2000)
    p.target.kill()
    writer.all_kinds(3000)
    p.target.start()
    p.wait("running")
    writer.all_kinds(4000)
    p.target.kill()
    writer.all_kinds(5000)
    p.target.start()
    p.catch_up()
    p.freeze()


def check_values(p, source, target, kind=typed.Table):
    tables = typed.tables_of(typed.rows_of(source, target), kind)
    writer = typed.Writer(p.source.server, tables)
    for t in tables:
        writer.run(t.definition())
    p.tables = [(t.name, t.name) for t in tables]
    ask(p, [t.name for t in tables])
    whole_life(p, writer)
    check_equal(p, tables)
    print(f"{source} to {target}: {sum(len(t.rows) for t in tables)} columns, {sum(len(r.values) for t in tables for r in t.rows)} values")


def refusal(p, table):
    """(its sentence, the ALTER of its hint)"""
    try:
        ask(p, [table])
    except tablets.Refused as e:
        alter = re.match("(ALTER TABLE .*) at the source", e.hint)
        return (e.text if e.hint else f"no hint: {e.text}"), alter and alter[1]
    return "not refused", None


def is_mended(p, cur, alter):
    """Is it taken after what the hint says?"""
    if not alter:
        return False
    for one in alter.split("; "):
        cur.execute(one)
    return refusal(p, "t")[0] == "not refused"


def check_refusals(p, source, target):
    conn = typed.loosely(p.source.server, "customer")
    wrong = []
    for row in typed.rows_of(source, target, types.Refused):
        with conn.cursor() as cur:
            cur.execute(typed.Table("t", [row]).definition())
            outcome, (told, alter) = row.outcome(source, target), refusal(p, "t")
            if outcome.words not in told or outcome.mended != is_mended(p, cur, alter):
                wrong.append((row.name(), told, alter))
            cur.execute("DROP TABLE t")
    assert not wrong, "\n".join(map(str, wrong))
    assert p.target.server.sql("SHOW TABLES FROM new_customer") == ()


STOPS = [(a, b, r, v) for a, b in PAIRS for r in typed.rows_of(a, b, types.Stops) for v in r.values]


# Of each type and reason.
REASONS = {(r.name(), r.outcome(a, b).words): (a, b, r, v) for a, b, r, v in STOPS}


@pytest.mark.parametrize("source, target, row, value", cases.some(STOPS, REASONS.values()))
def test_a_value_that_cannot_be_there_stops_the_copy(pair_of, source, target, row, value):
    p = pair_of(source, target, "t")
    p.source.server.sql(typed.Table("t", [row]).definition(), database="customer")
    p.source.server.sql(f"INSERT INTO t VALUES (1, NULL), (2, {value})", database="customer")
    p.source.start()
    p.target.start()
    ask(p, ["t"])
    p.start()
    status = proc.wait_for(lambda: p.status() if p.status()["state"] == "error" else None, 60, "the stream to stop")
    assert "column 'v' of table 'customer.t' holds" in status["error"] and row.outcome(source, target).words in status["error"]


# Each kind of server at each end, with those of test_values_come_back.
OFTEN = [("mariadb-10.11", "mysql-9.7"), ("mysql-9.7", "mariadb-11.8")]


@pytest.mark.parametrize("source, target", cases.some(PAIRS, OFTEN))
def test_values_of_all_types_are_the_same(pair_of, source, target):
    p = pair_of(source, target, "t")
    p.source.start()
    p.target.start(faults="stream.chunk.before=sleep:100", options=("--chunk-rows", "5"))
    check_refusals(p, source, target)
    check_values(p, source, target)


@pytest.mark.parametrize("source, target", cases.some(PAIRS, [("mysql-9.7", "mariadb-10.11")]))
def test_they_are_the_same_where_warnings_are_counted(pair_of, source, target):
    p = pair_of(source, target, "t")
    p.source.start()
    p.target.start(faults="stream.chunk.before=sleep:100", options=("--chunk-rows", "5"))
    check_values(p, source, target, typed.Lenient)


@pytest.mark.parametrize("source, target", cases.some([("mariadb-10.11", "mariadb-11.8"), ("mariadb-11.8", "mysql-9.7"), ("mysql-9.7", "mysql-9.7")],
                                                      [("mariadb-10.11", "mariadb-11.8"), ("mariadb-11.8", "mysql-9.7")]))
def test_values_come_back_as_they_went(pair_of, source, target):
    """The other end's binlog has its own forms of what it was given, and its own generated columns."""
    p = pair_of(source, target, "t")
    p.source.start()
    p.target.start()
    tables = typed.tables_of(typed.there_and_back(source, target))
    p.tables = [(t.name, t.name) for t in tables]
    writer = typed.Writer(p.source.server, tables)
    for t in tables:
        writer.run(t.definition())
    writer.insert(1000)
    p.start()
    p.wait("running")
    rounds = Rounds(p)
    rounds.switch()
    writer = typed.Writer(p.target.server, tables, "new_customer")
    writer.all_kinds(2000)
    rounds.catch_up()
    wanted, found = images(p.target.server, "new_customer", tables), images(p.source.server, "customer", tables)
    assert found == wanted and all(len(i) > 0 for i in found.values())


@pytest.mark.long
def test_values_are_the_same_by_statements_alone(pair_of):
    """Where LOAD DATA is not allowed, and the server knows no bulk execution."""
    kind = next(k for k in servers.KINDS if typed.brand(k) == "mysql")
    p = pair_of(kind, kind, "t")
    p.source.start()
    p.target.server.sql("SET GLOBAL local_infile = OFF")
    p.target.start(faults="stream.chunk.before=sleep:100", options=("--chunk-rows", "5"))
    check_values(p, kind, kind)

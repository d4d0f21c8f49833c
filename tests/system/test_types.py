"""Every type's values are the same bytes at the other end, by the copy and by events, and what cannot be there is refused by name."""
import pytest

from lib import proc, servers, tablets, types

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

PAIRS = [(a, b) for a in servers.KINDS for b in servers.KINDS]
TOGETHER = 16           # columns of a table: what fits into its page, whatever they are


def brand(flavour):
    return flavour.split("-")[0]


def rows_of(source, target, carried):
    return [r for r in types.ROWS if r.at_server(source) and
            carried != isinstance(r.outcome(source, target), types.Refused)]


class Table:
    """Some rows of the table of types, as columns."""

    def __init__(self, name, rows):
        self.name, self.rows = name, rows
        self.columns = ["v"] if len(rows) == 1 else [f"c{i}" for i in range(len(rows))]

    def definition(self):
        columns = ", ".join(f"{c} {r.declaration(c)}" for c, r in zip(self.columns, self.rows))
        return f"CREATE TABLE {self.name} (id INT PRIMARY KEY, {columns}{self.rows[0].more}) " \
               f"CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci {self.rows[0].options}"

    def values(self, key, number):
        """Of the row of that key, by a number: each column goes through its values, and NULL."""
        for r in self.rows:
            all_ = [*r.values, *([] if r.values and "NOT NULL" in r.column else ["NULL"])]
            value = all_[number % len(all_)]
            yield f"CONCAT({value}, {key})" if "UNIQUE" in r.more else value

    def count(self):
        return 1 + max(len(r.values) for r in self.rows)

    def image(self, conn):
        """{(id, column): bytes}"""
        reads = ", ".join(r.read.format(c) for c, r in zip(self.columns, self.rows))
        with conn.cursor() as cur:
            cur.execute(f"SELECT id, {reads} FROM {self.name} ORDER BY id")
            return {(row[0], r.name()): str(v) for row in cur.fetchall() for r, v in zip(self.rows, row[1:])}     # -0.0 too


def tables_of(rows):
    together = [r for r in rows if not r.is_alone()]
    return [Table(f"t{i}", together[i:i + TOGETHER]) for i in range(0, len(together), TOGETHER)] + \
        [Table(f"a{i}", [r]) for i, r in enumerate(rows) if r.is_alone()]


def loosely(server, database):
    """A connection that may store anything."""
    return server.connect(database, init_command="SET sql_mode='ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone='+00:00'")


class Writer:
    """Its statements are one row each."""

    def __init__(self, server, tables):
        self.conn, self.tables = loosely(server, "customer"), tables

    def run(self, sql):
        with self.conn.cursor() as cur:
            cur.execute(sql)

    def insert(self, first):
        for t in self.tables:
            for i in range(t.count()):
                self.run(f"INSERT INTO {t.name} (id, {', '.join(t.columns)}) VALUES ({first + i}, "
                         f"{', '.join(t.values(first + i, i))})")

    def update(self, first, turn):
        """Each row gets the values of another one."""
        for t in self.tables:
            for i in range(t.count()):
                pairs = ", ".join(f"{c}={v}" for c, v in zip(t.columns, t.values(first + i, i + turn)))
                self.run(f"UPDATE {t.name} SET {pairs} WHERE id={first + i}")

    def all_kinds(self, first):
        """Of statements; about the rows that were there before, and new ones."""
        self.update(first - 1000, 1)
        self.insert(first)
        self.update(first, 2)
        for t in self.tables:
            self.run(f"DELETE FROM {t.name} WHERE id % 7 = 3")


def images(server, database, tables):
    conn = loosely(server, database)
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
    common = brand(p.source.server.flavour) != brand(p.target.server.flavour)
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


def check_values(p, source, target):
    tables = tables_of(rows_of(source, target, True))
    writer = Writer(p.source.server, tables)
    for t in tables:
        writer.run(t.definition())
    p.tables = [(t.name, t.name) for t in tables]
    ask(p, [t.name for t in tables])
    whole_life(p, writer)
    check_equal(p, tables)
    print(f"{source} to {target}: {sum(len(t.rows) for t in tables)} columns, {sum(len(r.values) for t in tables for r in t.rows)} values")


def refusal(p, table):
    """Its sentence, or why it is none."""
    try:
        ask(p, [table])
    except tablets.Refused as e:
        return e.text if e.hint else f"no hint: {e.text}"
    return "not refused"


def check_refusals(p, source, target):
    conn = loosely(p.source.server, "customer")
    told = {}
    for row in rows_of(source, target, False):
        with conn.cursor() as cur:
            cur.execute(Table("t", [row]).definition())
            told[row.name()] = refusal(p, "t")
            cur.execute("DROP TABLE t")
    wrong = [(row.name(), told[row.name()]) for row in rows_of(source, target, False)
             if row.outcome(source, target).words not in told[row.name()]]
    assert not wrong, wrong
    assert p.target.server.sql("SHOW TABLES FROM new_customer") == ()


@pytest.mark.parametrize("source, target", PAIRS)
def test_values_of_all_types_are_the_same(pair_of, source, target):
    p = pair_of(source, target, "t")
    p.source.start()
    p.target.start(faults="stream.chunk.before=sleep:100", options=("--chunk-rows", "5"))
    check_refusals(p, source, target)
    check_values(p, source, target)

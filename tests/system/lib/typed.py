"""Tables of all types (types.py), what is in them by its bytes, and who writes it."""
from . import types

TOGETHER = 16           # columns of a table: what fits into its page, whatever they are


def brand(flavour):
    return flavour.split("-")[0]


def rows_of(source, target, outcome=None):
    """What is carried; or what becomes that."""
    wanted = (lambda o: not isinstance(o, (types.Refused, types.Stops))) if outcome is None else (lambda o: isinstance(o, outcome))
    return [r for r in types.ROWS if r.at_server(source) and wanted(r.outcome(source, target))]


def there_and_back(source, target):
    """What is the same in both directions."""
    back = rows_of(target, source)
    return [r for r in rows_of(source, target) if r in back and types.SAME == r.outcome(source, target) == r.outcome(target, source)]


class Table:
    """Some rows of the table of types, as columns."""

    def __init__(self, name, rows):
        self.name, self.rows = name, rows
        self.columns = ["v"] if len(rows) == 1 else [f"c{i}" for i in range(len(rows))]

    def definition(self):
        columns = ", ".join(f"{c} {r.declaration(c)}" for c, r in zip(self.columns, self.rows))
        return f"CREATE TABLE {self.name} (id INT PRIMARY KEY, {columns}{self.rows[0].more}) " \
               f"CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci {self.rows[0].options}"

    def written(self):
        """The columns that a statement says."""
        return [c for c, r in zip(self.columns, self.rows) if r.is_written()]

    def values(self, key, number):
        """Of the row of that key, by a number: each column goes through its values, and NULL."""
        for r in self.rows:
            if not r.is_written():
                continue
            all_ = [*r.values, *([] if r.values and "NOT NULL" in r.column else ["NULL"])]
            value = all_[number % len(all_)]
            yield f"CONCAT({value}, {key})" if "UNIQUE" in r.more and value != "UUID()" else value

    def count(self):
        return 1 + max(len(r.values) for r in self.rows)

    def image(self, conn):
        """{(id, column): bytes}"""
        reads = ", ".join(r.read.format(c) for c, r in zip(self.columns, self.rows))
        with conn.cursor() as cur:
            cur.execute(f"SELECT id, {reads} FROM {self.name} ORDER BY id")
            return {(row[0], r.name()): str(v) for row in cur.fetchall() for r, v in zip(self.rows, row[1:])}     # -0.0 too


class Lenient(Table):
    """Each row has the value 0 of an ENUM, which no strict statement can write: the warnings of one that does are counted."""

    def definition(self):
        first, rest = super().definition().split(", ", 1)
        return f"{first}, zero ENUM('a'), {rest}"

    def written(self):
        return ["zero", *super().written()]

    def values(self, key, number):
        yield "0"
        yield from super().values(key, number)


def tables_of(rows, kind=Table):
    together = [r for r in rows if not r.is_alone()]
    return [kind(f"t{i}", together[i:i + TOGETHER]) for i in range(0, len(together), TOGETHER)] + \
        [kind(f"a{i}", [r]) for i, r in enumerate(rows) if r.is_alone()]


def loosely(server, database):
    """A connection that may store anything."""
    return server.connect(database, init_command="SET sql_mode='ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone='+00:00'")


class Writer:
    """Its statements are one row each."""

    def __init__(self, server, tables, database="customer"):
        self.conn, self.tables = loosely(server, database), tables

    def run(self, sql):
        with self.conn.cursor() as cur:
            cur.execute(sql)

    def insert(self, first):
        for t in self.tables:
            for i in range(t.count()):
                self.run(f"INSERT INTO {t.name} ({', '.join(['id', *t.written()])}) VALUES "
                         f"({', '.join([str(first + i), *t.values(first + i, i)])})")

    def update(self, first, turn):
        """Each row gets the values of another one."""
        for t in self.tables:
            for i in range(t.count()):
                pairs = ", ".join(f"{c}={v}" for c, v in zip(t.written(), t.values(first + i, i + turn)))
                self.run(f"UPDATE {t.name} SET {pairs or 'id=id'} WHERE id={first + i}")

    def all_kinds(self, first):
        """Of statements; about the rows that were there before, and new ones."""
        self.update(first - 1000, 1)
        self.insert(first)
        self.update(first, 2)
        for t in self.tables:
            self.run(f"DELETE FROM {t.name} WHERE id % 7 = 3")

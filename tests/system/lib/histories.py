"""A random schema, and clients that do whatever it allows. One seed makes both; what a server makes of clients at once is its own affair."""
import random
import threading
import time

import pymysql

from . import typed

ROWS = 120              # of a table at first
# What a client may be told who writes at random: deadlock, lock wait, duplicate, foreign keys, a value of the wrong kind, a fence.
BORNE = {1213, 1205, 1062, 1451, 1452, 1020, 1048, 1264, 1292, 1366, 1406, 1690, 4025, 3819, 1761, 1290, 6575, 1296, 3008}


def literals(make, count=40):
    return [make(i) for i in range(count)]


# Columns that a key may be made of: a declaration, and its values. Few of them, so that keys come back and change hands.
KEYS = [
    ("INT NOT NULL", literals(lambda i: str(i * 7 - 90))),
    ("BIGINT UNSIGNED NOT NULL", literals(lambda i: str(2 ** 63 + i))),
    ("VARCHAR(12) COLLATE utf8mb4_general_ci NOT NULL", literals(lambda i: "'" + "aAbBäÄß "[i % 8] + "x" * (i // 8) + "'")),
    ("VARCHAR(12) COLLATE utf8mb4_bin NOT NULL", literals(lambda i: "'" + "aAbBäÄß "[i % 8] + "x" * (i // 8) + "'")),
    ("CHAR(6) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL", literals(lambda i: f"'c{i}'")),
    ("VARBINARY(9) NOT NULL", literals(lambda i: f"x'{'00' * (i % 5)}{i:02x}'")),
    ("BINARY(3) NOT NULL", literals(lambda i: f"x'{i:02x}00'")),
    ("ENUM('z','m','','a','q','b') NOT NULL", literals(lambda i: str(i % 7), 7)),
    ("SET('z','m','a','q') NOT NULL", literals(str, 16)),
    ("DATE NOT NULL", literals(lambda i: f"'2020-02-{i % 31 + 1:02}'", 31)),
    ("DATETIME(3) NOT NULL", literals(lambda i: f"'2021-03-28 02:30:{i:02}.125'")),
    ("TIMESTAMP(2) NOT NULL DEFAULT '2020-01-01'", literals(lambda i: f"'2021-10-31 02:30:{i:02}.5'")),
    ("TIME(1) NOT NULL", literals(lambda i: f"'-00:00:{i:02}.5'")),
    ("DECIMAL(20,3) NOT NULL", literals(lambda i: f"{i - 20}.125")),
    ("BIT(33) NOT NULL", literals(lambda i: str(2 ** 32 + i))),
    ("YEAR NOT NULL", literals(lambda i: str(1990 + i))),
]
# And those that tell no row from another: as the only key, with NULL, a part of it.
ODD = ["none", "FLOAT", "nullable", "prefix"]


ACTIONS = ["", "", "ON DELETE CASCADE", "ON DELETE SET NULL", "ON UPDATE CASCADE", "ON DELETE CASCADE ON UPDATE CASCADE",
           "ON DELETE SET NULL ON UPDATE SET NULL"]


class Column:
    def __init__(self, name, declaration, values, read="HEX({})"):
        self.name, self.declaration, self.values, self.read = name, declaration, values, read

    def value(self, r):
        return r.choice(self.values)


class Table:
    """Columns of a key, a column u that may be unique, n that chooses rows, p that refers to another table, and some of any type."""

    def __init__(self, r, number, types, parents):
        self.name, self.clauses, self.parent = f"h{number}", [], None
        self.strict = False                                         # changes are applied one by one, each with a search
        self.columns = [Column("n", "INT NOT NULL", [str(i) for i in range(12)])]
        self.add_key(r)
        self.add_unique(r)
        self.add_parent(r, parents)
        for i, row in enumerate(r.sample(types, r.randint(0, 5))):
            values = [*row.values, *([] if "NOT NULL" in row.column else ["NULL"])]
            # A server may take a value for a generated column, and throw it away; MySQL takes none.
            self.columns.append(Column(f"c{i}", row.declaration(f"c{i}"), values if row.is_written() else None, row.read))
        self.add_indexes(r)

    def add_key(self, r):
        what = r.random()
        if what < 0.25:                                             # others may refer to it
            self.columns.append(Column("id", "BIGINT NOT NULL AUTO_INCREMENT", [str(i) for i in range(1, 400)] + ["0"]))
            self.clauses.append("PRIMARY KEY (id)")
        elif what < 0.8:
            chosen = r.sample(KEYS, r.choice([1, 1, 2, 3]))
            for i, (declaration, values) in enumerate(chosen):
                self.columns.append(Column(f"k{i}", declaration, values))
            kind = r.choice(["PRIMARY KEY", "PRIMARY KEY", "UNIQUE KEY first_"])
            self.clauses.append(f"{kind} ({', '.join(f'k{i}' for i in range(len(chosen)))})")
        else:
            self.strict = True
            self.add_odd_key(r.choice(ODD))

    def add_odd_key(self, odd):
        if odd == "FLOAT":
            self.columns.append(Column("k0", "FLOAT NOT NULL", literals(lambda i: f"0.1 * {i}"), "{} * 1e0"))
            self.clauses.append("PRIMARY KEY (k0)")
        elif odd == "nullable":
            self.columns.append(Column("k0", "INT NULL", ["NULL"] + literals(str)))
            self.clauses.append("UNIQUE KEY first_ (k0)")
        elif odd == "prefix":
            self.columns.append(Column("k0", "VARCHAR(30) NOT NULL", literals(lambda i: f"'{i:03}{'x' * (i % 4)}'")))
            self.clauses.append("PRIMARY KEY (k0(3))")

    def add_unique(self, r):
        self.swaps = r.random() < 0.6
        if self.swaps:
            self.columns.append(Column("u", "INT NULL", ["NULL"] + literals(str, 200)))
            self.clauses.append("UNIQUE KEY u (u)")
        if self.swaps and r.random() < 0.4:
            self.columns.append(Column("g", f"INT GENERATED ALWAYS AS (u * 3) {r.choice(['STORED', 'VIRTUAL'])}", None, "CONCAT({})"))
            self.clauses.append(f"{r.choice(['UNIQUE KEY', 'KEY'])} g (g)")

    def add_parent(self, r, parents):
        itself = [self] if self.can_be_referred_to() else []
        if parents + itself and r.random() < 0.6:
            self.parent = r.choice(parents + itself).name
            self.columns.append(Column("p", "BIGINT NULL", ["NULL", *(str(i) for i in range(1, 400))]))
            action = r.choice(ACTIONS)
            self.strict = self.strict or action != ""
            self.clauses += ["KEY p (p)", f"CONSTRAINT fk_{self.name} FOREIGN KEY (p) REFERENCES {self.parent} (id) {action}"]

    def add_indexes(self, r):
        self.clauses.append("KEY n (n)")
        if r.random() < 0.3:
            keyed = [c.name for c in self.columns if not c.name.startswith("c")]        # those of any type may be too long
            self.clauses.append(f"KEY more ({', '.join(r.sample(keyed, min(2, len(keyed))))})")

    def can_be_referred_to(self):
        return any(c.name == "id" for c in self.columns)

    def definition(self):
        columns = [f"{c.name} {c.declaration}" for c in self.columns]
        return f"CREATE TABLE {self.name} ({', '.join(columns + self.clauses)}) CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"

    def written(self):
        return [c for c in self.columns if c.values is not None]

    def image(self, conn, database):
        reads = ", ".join(c.read.format(c.name) for c in self.columns)
        with conn.cursor() as cur:
            cur.execute(f"SELECT {reads} FROM {database}.{self.name}")
            return sorted(cur.fetchall(), key=repr)


def schema(r, types):
    tables = []
    for i in range(r.randint(1, 5)):
        tables.append(Table(r, i, types, [t for t in tables if t.can_be_referred_to()]))
    return tables


class Statements:
    """What one client says next."""

    def __init__(self, r, tables):
        self.r, self.tables = r, tables
        # Three clients that change all rows as fast as they can are faster than who follows them, above all row by row.
        strict = any(t.strict for t in tables)
        self.most, self.pauses = (" LIMIT 20", [0.005, 0.01, 0.03]) if strict else (" LIMIT 60", [0.002, 0.005, 0.02])

    def pairs(self, columns):
        return ", ".join(f"{c.name} = {c.value(self.r)}" for c in columns)

    def some(self, table):
        columns = table.written()
        return self.pairs(self.r.sample(columns, self.r.randint(1, min(3, len(columns)))))

    def where(self):
        return f"n = {self.r.randint(0, 11)} LIMIT {self.r.choice([1, 1, 2, 5, 30])}"

    def insert(self, t):
        verb = self.r.choice(["INSERT IGNORE", "INSERT", "REPLACE"]) if t.parent is None else "INSERT"
        names = ", ".join(c.name for c in t.written())
        rows = ", ".join(f"({', '.join(c.value(self.r) for c in t.written())})" for _ in range(self.r.choice([1, 1, 1, 4, 20])))
        more = f" ON DUPLICATE KEY UPDATE {self.some(t)}" if verb == "INSERT" and self.r.random() < 0.5 else ""
        return [f"{verb} INTO {t.name} ({names}) VALUES {rows}{more}"]

    def update(self, t):
        return [f"UPDATE {self.r.choice(['', 'IGNORE '])}{t.name} SET {self.some(t)} WHERE {self.where()}"]

    def delete(self, t):
        return [f"DELETE FROM {t.name} WHERE {self.where()}"]

    def swap(self, t):
        if not t.swaps:
            return self.update(t)
        a, b = self.r.sample(range(200), 2)
        return [f"UPDATE {t.name} SET u = {new} WHERE u = {old}" for old, new in ((a, -1), (b, a), (-1, b))]

    def savepoint(self, t):
        return ["SAVEPOINT s", *self.insert(t), *self.update(t), self.r.choice(["ROLLBACK TO s", "RELEASE SAVEPOINT s"])]

    def all_rows(self, t):
        return [f"UPDATE IGNORE {t.name} SET n = (n + 1) % 12{self.most}"]

    def transaction(self):
        kinds = [self.insert] * 5 + [self.update] * 5 + [self.delete] * 3 + [self.swap] * 2 + [self.savepoint, self.all_rows]
        said = []
        for _ in range(self.r.choice([1, 1, 2, 4, 8])):
            said += self.r.choice(kinds)(self.r.choice(self.tables))
        return said


class Client(threading.Thread):
    """Goes where the tables are served (served(): a server and its database), until told to end."""

    def __init__(self, served, seed, tables):
        super().__init__()
        self.random, self.served, self.stopped = random.Random(seed), served, threading.Event()
        self.statements = Statements(self.random, tables)
        self.failed, self.done, self.conn = None, 0, None

    def run(self):
        while not self.stopped.is_set():
            try:
                self.transaction()
            except pymysql.Error as e:
                if not self.may_be(e):
                    self.failed = e
                    return
        self.leave()

    def transaction(self):
        if self.conn is None:
            self.conn = typed.loosely(*self.served())
        with self.conn.cursor() as cur:
            cur.execute("BEGIN")
            for sql in self.statements.transaction():
                try:
                    cur.execute(sql)
                except pymysql.Error as e:
                    if e.args[0] not in BORNE or e.args[0] in (1213, 1205, 1290):
                        raise
            cur.execute("ROLLBACK" if self.random.random() < 0.1 else "COMMIT")
        self.done += 1
        time.sleep(self.random.choice(self.statements.pauses))

    def may_be(self, e):
        """A server that is gone is up again soon; a fence says that the tables are elsewhere now."""
        self.leave()
        time.sleep(0.05)
        return e.args[0] in BORNE or e.args[0] in (2003, 2006, 2013, 1053, 0)

    def leave(self):
        if self.conn is not None:
            self.conn.close() if self.conn.open else None
        self.conn = None

    def end(self):
        self.stopped.set()
        self.join()
        if self.failed is not None:
            raise self.failed

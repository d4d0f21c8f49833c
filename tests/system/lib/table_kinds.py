"""Kinds of tables beside the plain one, and who writes them: each has the column id, and others by what it is there for."""
import itertools
import random
import threading

import pymysql

from . import kinds

WIDE = 1017                     # columns: InnoDB has no more


class TableKind:
    """values(r) gives {column: SQL literal} of a row, whose id is known; more: each some statements of its own kind, of an id."""

    def __init__(self, name, columns, values, options="", more=(), read="*"):
        self.name, self.columns, self.values, self.options, self.more, self.read = name, columns, values, options, more, read

    def definition(self):
        return f"CREATE TABLE {self.name} ({self.columns}) {self.options}"


def word(r):
    return f"'w{r.randrange(10 ** 6)}'"


def plain(r):
    return {"v": word(r)}


def dated(r):
    return {"v": word(r), "d": f"'{r.randint(2019, 2026)}-0{r.randint(1, 9)}-11'"}


def coded(r):
    return {"v": word(r), "c": str(r.randint(1, 6))}


def partitioned():
    keyed = "id INT AUTO_INCREMENT, v VARCHAR(20), PRIMARY KEY (id), KEY v (v)"
    by_date = "id INT, d DATE, v VARCHAR(20), PRIMARY KEY (id, d), UNIQUE KEY u (d, id, v)"
    by_code = "id INT, c INT, v VARCHAR(20), PRIMARY KEY (id, c)"
    years = ", ".join(f"PARTITION p{y} VALUES LESS THAN ({y})" for y in range(2019, 2026))
    yield TableKind("p_range", keyed, plain, "PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (100), PARTITION b VALUES LESS THAN (300) COMMENT = 'it''s', "
                    "PARTITION c VALUES LESS THAN MAXVALUE)")
    yield TableKind("p_year", by_date, dated, f"PARTITION BY RANGE (YEAR(d)) ({years}, PARTITION rest VALUES LESS THAN MAXVALUE)")
    yield TableKind("p_columns", by_date, dated, "PARTITION BY RANGE COLUMNS (d, id) (PARTITION a VALUES LESS THAN ('2021-01-01', 100), "
                    "PARTITION b VALUES LESS THAN (MAXVALUE, MAXVALUE))")
    yield TableKind("p_list", by_code, coded, "PARTITION BY LIST (c) (PARTITION a VALUES IN (1, 2), PARTITION b VALUES IN (3, 4), PARTITION d VALUES IN (5, 6))")
    yield TableKind("p_words", "id INT, w VARCHAR(5) COLLATE utf8mb4_general_ci, v VARCHAR(20), PRIMARY KEY (id, w)",
                    lambda r: {"v": word(r), "w": r.choice(["'a'", "'B'", "'b'", "'it''s'"])},
                    "PARTITION BY LIST COLUMNS (w) (PARTITION a VALUES IN ('A', 'it''s'), PARTITION b VALUES IN ('b'))")
    yield TableKind("p_hash", keyed, plain, "PARTITION BY LINEAR HASH (id) PARTITIONS 5")
    yield TableKind("p_key", keyed, plain, "PARTITION BY KEY (id) PARTITIONS 3")
    yield TableKind("p_sub", by_date, dated, f"PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 ({years}, "
                    "PARTITION rest VALUES LESS THAN MAXVALUE)")


def with_indexes():
    yield TableKind("words", "id INT PRIMARY KEY, v TEXT, w VARCHAR(50), FULLTEXT KEY f (v, w), KEY (w)", lambda r: {"v": word(r), "w": word(r)})
    yield TableKind("places", "id INT PRIMARY KEY, g POINT NOT NULL, v INT, SPATIAL KEY s (g), KEY (v)",
                    lambda r: {"g": f"ST_GeomFromText('POINT({r.randint(0, 99)} 1.5)')", "v": str(r.randint(0, 9))})
    yield TableKind("packed", "id INT PRIMARY KEY, v TEXT, KEY k (v(10))", lambda r: {"v": f"REPEAT('ab', {r.randint(0, 900)})"},
                    "ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4")


def large():
    yield TableKind("wide", "id INT PRIMARY KEY, " + ", ".join(f"c{i} SMALLINT" for i in range(1, WIDE)),
                    lambda r: {f"c{r.randrange(1, WIDE)}": str(r.randint(0, 9)) for _ in range(5)})
    yield TableKind("bytes_", "id INT PRIMARY KEY, " + ", ".join(f"v{i} VARBINARY(2100) NOT NULL" for i in range(31)) + " , w VARBINARY(80) NOT NULL",
                    lambda r: {**{f"v{i}": f"REPEAT('x', {r.choice((0, 2100))})" for i in range(31)}, "w": "''"}, "CHARSET=latin1")


def period(r):
    year = r.randint(2000, 2020)
    return {"s": f"'{year}-02-03'", "e": f"'{year + 3}-02-03'", "v": word(r)}


_rooms = itertools.count()


def in_rooms(r):
    """Each two rows that follow one another are one behind the other in a room of theirs."""
    number = next(_rooms)
    year = 2000 + number % 2
    return {"room": str(number // 2), "s": f"'{year}-01-01'", "e": f"'{year + 1}-01-01'"}


# Of the rows of a room the first takes the place of the other one, which takes its.
EXCHANGE = ("SET @room = (SELECT room FROM {t} WHERE id={id})", "UPDATE {t} SET s='2010-01-01', e='2011-01-01' WHERE room=@room AND s='2000-01-01'",
            "UPDATE {t} SET s='2000-01-01', e='2001-01-01' WHERE room=@room AND s='2001-01-01'",
            "UPDATE {t} SET s='2001-01-01', e='2002-01-01' WHERE room=@room AND s='2010-01-01'")
PORTION = "FOR PORTION OF p FROM '2004-01-01' TO '2006-06-01'"


def periods():
    timed = "s DATE NOT NULL, e DATE NOT NULL, PERIOD FOR p (s, e)"
    portion = [("UPDATE {t} " + PORTION + " SET v='portion' WHERE id={id}",), ("DELETE FROM {t} " + PORTION + " WHERE id={id}",)]
    yield TableKind("lasting", f"id INT PRIMARY KEY, v VARCHAR(20), {timed}", period)
    yield TableKind("apart", f"id INT, v VARCHAR(20), {timed}, UNIQUE KEY u (id, p WITHOUT OVERLAPS)", period, more=portion)
    yield TableKind("tenants", f"id INT, v VARCHAR(20), {timed}, PRIMARY KEY (id, p WITHOUT OVERLAPS)", period, more=portion)
    yield TableKind("parts", f"id INT, v VARCHAR(20), {timed}, PRIMARY KEY (id, e)", period, more=portion)
    yield TableKind("rooms", f"id INT PRIMARY KEY, room INT, {timed}, UNIQUE KEY u (room, p WITHOUT OVERLAPS)", in_rooms, more=[EXCHANGE])


# Several changes of a row in one statement and one transaction, history that a client writes, and what leaves none.
HISTORY = [("REPLACE INTO {t} SET id={id}, v='replaced'", "INSERT INTO {t} SET id={id}, v='x' ON DUPLICATE KEY UPDATE v='twice'"),
           ("UPDATE {t} SET v='many' WHERE id BETWEEN {id} AND {id} + 3", "UPDATE {t} SET v='many' WHERE id={id}", "DELETE FROM {t} WHERE id={id}"),
           ("SET timestamp=1700000000", "UPDATE {t} SET v='then' WHERE id={id}", "SET timestamp=DEFAULT"),
           ("UPDATE {t} SET w=w+1 WHERE id={id}",)]


def versioned():
    columns = "id INT PRIMARY KEY, v VARCHAR(20), w INT DEFAULT 0 WITHOUT SYSTEM VERSIONING"
    named = "s TIMESTAMP(6) GENERATED ALWAYS AS ROW START INVISIBLE, e TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR SYSTEM_TIME (s, e)"
    written = ("SET system_versioning_insert_history=1", "INSERT INTO {t} (id, v, row_start, row_end) VALUES ({id} + 5000, 'then', '2001-01-01', '2002-01-01')",
               "SET system_versioning_insert_history=0")
    yield TableKind("kept", f"{columns}, UNIQUE KEY u (v, id)", plain, "WITH SYSTEM VERSIONING", [*HISTORY, written], "*, row_start, row_end")
    yield TableKind("kept_named", f"{columns}, {named}, KEY v (v)", plain, "WITH SYSTEM VERSIONING", HISTORY, "*, s, e")
    yield TableKind("kept_parts", f"id INT, v VARCHAR(20), w INT DEFAULT 0 WITHOUT SYSTEM VERSIONING, s0 DATE NOT NULL DEFAULT '2000-01-01', e0 DATE NOT NULL DEFAULT '2030-01-01', "
                    "PERIOD FOR p (s0, e0), KEY (id)", plain, "WITH SYSTEM VERSIONING", HISTORY[1:], "*, row_start, row_end")


# A statement that fails in its middle, and a transaction that is taken back: what they have written stays, and is in the binlog.
HALF = ("INSERT IGNORE INTO {t} SET id={id} + 1000, v='there'", "INSERT INTO {t} (id, v) VALUES ({id} + 2000, 'half'), ({id} + 1000, 'not')")
UNDONE = ("UPDATE {t} SET v='undone' WHERE id={id}", "ROLLBACK")


def converted(kind):
    """Of engines without transactions."""
    keyed, more = "id INT AUTO_INCREMENT, v VARCHAR(90) NOT NULL, PRIMARY KEY (id), UNIQUE KEY u (v, id), FULLTEXT KEY f (v)", [HALF, UNDONE]
    yield TableKind("my", keyed, plain, "ENGINE=MyISAM ROW_FORMAT=FIXED PACK_KEYS=1 CHECKSUM=1 DELAY_KEY_WRITE=1 COMMENT='ENGINE=MyISAM'", more)
    yield TableKind("my_text", "id VARCHAR(9), v TEXT, PRIMARY KEY (id), KEY v (v(9))", plain, "ENGINE=MyISAM COLLATE=utf8mb4_general_ci", more)
    if kinds.brand(kind) == "mariadb":
        yield TableKind("ar", keyed, plain, "ENGINE=Aria TRANSACTIONAL=1 PAGE_CHECKSUM=1", more)
        yield TableKind("ar_loose", keyed, plain, "ENGINE=Aria TRANSACTIONAL=0 ROW_FORMAT=DYNAMIC", more)
        yield TableKind("my_parts", "id INT PRIMARY KEY, v VARCHAR(20)", plain, "ENGINE=MyISAM PARTITION BY RANGE (id) "
                        "(PARTITION a VALUES LESS THAN (90) COMMENT='ENGINE = MyISAM', PARTITION b VALUES LESS THAN MAXVALUE)", more)


def table_kinds(kind):
    yield from partitioned()
    yield from with_indexes()
    yield from large()
    if kinds.brand(kind) == "mariadb":          # how strict tables are read at the other, test_flavours.py has
        yield TableKind("p_bare", "id INT, v VARCHAR(20), KEY (id)", plain, "PARTITION BY HASH (id) PARTITIONS 3")
        yield from periods()
        yield from versioned()


class Writer(threading.Thread):
    """One of several that change rows of all tables, until told to stop."""

    def __init__(self, server, tables, database, seed):
        super().__init__()
        self.conn = server.connect(database, autocommit=False)
        self.tables, self.random, self.stopped, self.failed, self.done = list(tables), random.Random(seed), threading.Event(), None, 0

    def run(self):
        while not self.stopped.is_set():
            try:
                with self.conn.cursor() as cur:
                    for _ in range(self.random.randint(1, 4)):
                        self.change(cur, self.random.choice(self.tables))
                self.conn.commit()
                self.done += 1
            except pymysql.Error as e:
                self.conn.rollback()
                if e.args[0] not in (1022, 1062, 1213, 1205, 1020):
                    self.failed = e
                    return

    def change(self, cur, table):
        r = self.random
        key, what = r.randint(1, 200), r.random()
        if what < 0.2 and table.more:
            for sql in r.choice(table.more):
                cur.execute(sql.format(t=table.name, id=key))
            return
        pairs = ", ".join(f"{c}={v}" for c, v in table.values(r).items())
        if what < 0.4:
            cur.execute(f"INSERT INTO {table.name} SET id={key}, {pairs}")
        elif what < 0.7:
            cur.execute(f"UPDATE {table.name} SET {pairs} WHERE id={key}")
        elif what < 0.8:
            cur.execute(f"UPDATE {table.name} SET id={r.randint(1, 200)} WHERE id={key}")
        else:
            cur.execute(f"DELETE FROM {table.name} WHERE id={key}")

    def end(self):
        self.stopped.set()
        self.join()
        self.conn.close()
        assert self.failed is None, self.failed
        assert self.done > 5


def fill(server, all_, database, rows=150):
    conn, r = server.connect(database, autocommit=False), random.Random(1)
    with conn.cursor() as cur:
        for table in all_:
            cur.execute(table.definition())
            for key in range(1, rows + 1):
                cur.execute(f"INSERT INTO {table.name} SET id={key}, " + ", ".join(f"{c}={v}" for c, v in table.values(r).items()))
            conn.commit()
    conn.close()


def image(server, database, table):
    """Its rows, and its definition."""
    text = server.sql(f"SHOW CREATE TABLE {database}.{table.name}")[0][1]
    every = " FOR SYSTEM_TIME ALL" if table.read != "*" else ""
    return sorted(server.sql(f"SELECT {table.read} FROM {database}.{table.name}{every}"), key=repr), " ".join(w for w in text.split() if not w.startswith("AUTO_INCREMENT="))

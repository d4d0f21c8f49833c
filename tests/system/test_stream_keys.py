"""Keys of every type that can be one, primary and unique: copied in chunks while they are written, followed there and back."""
import pytest

from lib import kinds, proc, tablets
from lib.rounds import Rounds

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

LONG_ENUM = "ENUM(" + ", ".join(f"'v{999 - i}'" for i in range(300)) + ") NOT NULL"     # of two bytes, its text the other way round


def single(type_, *values):
    return f"k {type_}", "k", [f"k = {v}" for v in values]


# Name: columns, key, conditions that are one row each. Members of the ENUMs and the SET sort otherwise than their numbers do, and
# 0 is what was no member. What the chunks are cut at is one of each.
TABLES = {
    "enum_alone": single("ENUM('z','m','','a') NOT NULL", *range(5)),
    "enum_first": ("e ENUM('z','m','','a') NOT NULL, id INT NOT NULL", "e, id", [f"e = {i % 5} AND id = {i // 5}" for i in range(60)]),
    "enum_last": ("id INT NOT NULL, e ENUM('2','1') NOT NULL", "id, e", [f"id = {i // 3} AND e = {i % 3}" for i in range(45)]),
    "two_enums": ("e ENUM('z','a') NOT NULL, f ENUM('3','2','1') NOT NULL", "e, f", [f"e = {i % 3} AND f = {i // 3}" for i in range(12)]),
    "long_enum": single(LONG_ENUM, *range(0, 301, 7)),
    "a_set": single("SET('z','m','a','q') NOT NULL", *range(16)),
    "set_first": ("s SET('z','m','a') NOT NULL, id INT NOT NULL", "s, id", [f"s = {i % 8} AND id = {i // 8}" for i in range(48)]),
    "a_year": single("YEAR NOT NULL", 0, *range(1901, 1921), 2155),
    "a_date": single("DATE NOT NULL", *(f"'2020-02-{d:02}'" for d in range(1, 32)), "'0000-00-00'", "'2020-00-00'", "'0000-00-01'"),
    "a_datetime": single("DATETIME(2) NOT NULL", *(f"'2020-02-31 10:00:{s:02}.5'" for s in range(20)), "'0000-00-00'"),
    "a_timestamp": single("TIMESTAMP(3) NOT NULL", *(f"'2020-03-29 02:30:00.{i:03}'" for i in range(20)), "'0000-00-00'"),
    "a_time": single("TIME(1) NOT NULL", *(f"'-00:00:{i:02}.5'" for i in range(20)), "'838:59:59.9'", "'0'"),
    "a_decimal": single("DECIMAL(30,3) NOT NULL", *(f"{i - 10}.5" for i in range(20)), "123456789012345678901234567.891"),
    "bits": single("BIT(60) NOT NULL", *range(20), 2 ** 60 - 1, 2 ** 59),
    "of_ascii": single("CHAR(36) CHARACTER SET ascii NOT NULL", *(f"UUID_{i}".join("''") for i in range(20)), "''", "'a\\'b'"),
    "of_utf8mb3": single("VARCHAR(20) CHARACTER SET utf8mb3 NOT NULL", *(f"'k{i}'" for i in range(20)), "'é'", "'ß'", "'中'"),
}

MARIADB = kinds.brand(kinds.wanted()[0]) == "mariadb"

if MARIADB:
    # What is the same number in its last bytes, or in its first, and the order is by others than the first.
    TABLES["a_uuid"] = single("UUID NOT NULL", *(f"'{i:08x}-0000-{v}000-8000-{20 - i:012x}'" for i in range(20) for v in "14"),
                              "'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'")
    TABLES["an_inet6"] = single("INET6 NOT NULL", *(f"'fe80::{i:x}'" for i in range(20)), "'::'", "'2000::'")
    TABLES["an_inet4"] = single("INET4 NOT NULL", *(f"'10.0.{i}.0'" for i in range(20)), "'0.0.0.0'", "'255.255.255.255'")


def columns_of(name):
    return [c.split()[0] for c in TABLES[name][0].split(", ") if c.split()[0] in TABLES[name][1].split(", ")]


def loosely(tablet, keyspace, *statements):
    """As clients without strict mode may store anything; as the application's account when it is one that the fence looks at."""
    conn = tablet.server.connect(keyspace, init_command="SET sql_mode='ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone='+00:00'")
    with conn.cursor() as cur:
        for sql in statements:
            assert cur.execute(sql) == 1, sql
    conn.close()


def assigned(where):
    return where.replace(" AND ", ", ")


def inserts(part):
    """Every fourth row, from the part'th on."""
    return [f"INSERT INTO {t} SET {assigned(where)}, v = {i}" for t, (_, _, rows) in TABLES.items()
            for i, where in enumerate(rows) if i % 4 == part]


def writes(part):
    """The part's rows come; of those before one is changed, one goes away, and one gets another key and comes back to its own."""
    done = inserts(part)
    for table, (_, _, rows) in TABLES.items():
        old = [rows[i] for i in range(len(rows)) if i % 4 == part - 1]
        done.append(f"UPDATE {table} SET v = v + 1000 WHERE {old[0]}")
        done.append(f"DELETE FROM {table} WHERE {old[-1]}")
        if len(old) > 1:
            done.append(f"UPDATE {table} SET {assigned(old[-1])} WHERE {old[0]}")
        else:
            done.append(f"INSERT INTO {table} SET {assigned(old[-1])}, v = 7")
    return done


def number(table, column):
    return column if table.startswith(("a_uuid", "an_inet")) else f"{column}+0"


def image(tablet, keyspace):
    return {t: tablet.server.sql(f"SELECT {', '.join(f'HEX(CONCAT({number(t, c)})), HEX({c})' for c in columns_of(t))}, v FROM {keyspace}.{t} ORDER BY "
                                 f"{TABLES[t][1]}") for t in TABLES}


def check_equal(p):
    mine, theirs = image(p.source, "customer"), image(p.target, "new_customer")
    for table in TABLES:
        assert mine[table] == theirs[table], table
        assert len(mine[table]) > 2


# A key that is not the primary one stands behind others that cannot stand in for it.
@pytest.mark.parametrize("key_words", ["PRIMARY KEY ({key})", "UNIQUE KEY other (w), UNIQUE KEY whole ({key}), KEY (v)",
                                       "KEY ({key})"], ids=["primary", "unique", "none"])
def test_keys_of_every_type_in_copy_stream_and_way_back(pair, key_words):
    p = pair("enum_alone")
    p.tables = [(t, t) for t in TABLES]
    for name, (columns, key, _) in TABLES.items():
        p.source.server.sql(f"CREATE TABLE {name} ({columns}, v INT, w INT, {key_words.format(key=key)})", database="customer")
    loosely(p.source, "customer", *inserts(0))
    p.source.start()
    p.target.start(faults="stream.chunk.before=sleep:20", options=("--chunk-rows", "3"))
    p.start()
    proc.wait_for(lambda: p.status()["rows_copied"] > 0, 60, "the first chunk", lambda: str(p.status()))
    loosely(p.source, "customer", *writes(1))           # meets an applier that is catching up
    p.wait("running")
    loosely(p.source, "customer", *writes(2))           # and one that is exact
    p.catch_up()
    check_equal(p)
    assert p.source.server.sql("SELECT COUNT(*) FROM customer.enum_first WHERE e + 0 = 0")[0][0] > 5
    rounds = Rounds(p)
    rounds.switch()
    loosely(p.target, "new_customer", *writes(3))
    rounds.catch_up()
    check_equal(p)


CHECK = {"workflow": "new_customer/t", "side": "from", "tables": [{"from": "t", "to": "t"}], "from": {"database": "customer"},
         "to": {"database": "new_customer"}}


@pytest.fixture
def told(kept_server, folder):
    """What is said of customer.t that is to have no key: what that costs."""
    kept_server.sql("CREATE DATABASE IF NOT EXISTS customer")
    source = tablets.Tablet(folder, kept_server, "customer", 100).start()

    def said(*definitions):
        kept_server.sql("DROP TABLE IF EXISTS t", database="customer")
        kept_server.sql(f"CREATE TABLE t ({', '.join(definitions)})", database="customer")
        return source.call("check_from", **CHECK)["tables"][0]["strict"]
    yield said
    source.stop()


@pytest.mark.parametrize("type_, why", [
    ("FLOAT", "has the FLOAT or DOUBLE column 'k'"), ("DOUBLE", "has the FLOAT or DOUBLE column 'k'"),
    ("VARCHAR(10) CHARACTER SET sjis", "is, as neither utf8mb4 nor utf8mb3, latin1 or ascii, of column 'k'")])
def test_a_primary_key_that_is_none_is_told(told, type_, why):
    assert f"table 'customer.t' has a primary key that {why}" in told(f"k {type_} NOT NULL PRIMARY KEY")


def test_of_a_table_with_a_key_nothing_is_told(told):
    assert told("k INT NOT NULL, UNIQUE KEY (k)") == ""


# What keeps a unique key from standing in for a primary one.
NO_KEYS = [
    (["k INT", "v INT"], "and no unique key that could stand in for it"),
    (["k INT NOT NULL", "KEY (k)"], "and no unique key that could stand in for it"),
    (["k INT UNIQUE"], "and its unique key 'k' has the nullable column 'k'"),
    (["k INT NOT NULL", "m INT", "UNIQUE KEY two (k, m)"], "and its unique key 'two' has the nullable column 'm'"),
    (["k VARCHAR(90) NOT NULL", "UNIQUE KEY begin (k(10))"], "and its unique key 'begin' has a prefix of column 'k'"),
    (["k DOUBLE NOT NULL UNIQUE"], "and its unique key 'k' has the FLOAT or DOUBLE column 'k'"),
    (["k INT NOT NULL", "g INT AS (k + 1) STORED UNIQUE"], "and its unique key 'g' has the generated column 'g'"),
    (["f DOUBLE NOT NULL UNIQUE", "k INT NOT NULL", f"UNIQUE KEY k (k) {'IGNORED' if MARIADB else 'INVISIBLE'}"],
     "and its unique key 'f' has the FLOAT or DOUBLE column 'f'"),
]
if MARIADB:
    NO_KEYS += [
        (["k BLOB NOT NULL UNIQUE"], "and no unique key that could stand in for it"),
        (["k INT NOT NULL", "a DATE", "b DATE", "PERIOD FOR p (a, b)", "UNIQUE KEY u (k, p WITHOUT OVERLAPS)"],
         "and no unique key that could stand in for it"),
    ]
else:
    NO_KEYS += [
        (["k INT NOT NULL", "UNIQUE KEY down (k DESC)"], "and its unique key 'down' has the descending column 'k'"),
        (["k INT NOT NULL", "UNIQUE KEY twice ((k * 2))"], "and its unique key 'twice' has an expression"),
    ]


@pytest.mark.parametrize("definitions, why", NO_KEYS)
def test_what_cannot_stand_in_for_a_primary_key_is_told(told, definitions, why):
    assert f"table 'customer.t' has no primary key, {why}" in told(*definitions)

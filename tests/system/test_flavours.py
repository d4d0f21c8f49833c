"""Tables move between servers of different kinds, and back, with clients at work: nothing is lost and nobody sees an error."""
import os
import re

import pytest

from lib import flavours, mariadb, proc
from lib.combo import Failed
from lib.load import Load

ORDERS = os.path.join(proc.TREE, "demo", "orders.sql")
TABLES = "users,orders,order_lines"
WORKFLOW = "new_customer.shop"


def fill(combo, count):
    create, insert = mariadb.users_sql(count)
    with open(ORDERS) as f:
        orders = [s for s in f.read().split(";\n") if "CREATE" in s]
    conn = flavours.at(combo, "customer", "STRICT_ALL_TABLES")
    flavours.run(conn, *orders, create, insert)
    conn.close()


def turn(combo, load, action):
    combo.client("MoveTables", action, WORKFLOW)
    load.go_on(100)


def whole_life(combo, load):
    load.go_on(100)
    combo.client("MoveTables", f"customer.{TABLES}", "new_customer", "--workflow", "shop")
    load.go_on(100)
    turn(combo, load, "ReverseTraffic")
    turn(combo, load, "SwitchTraffic")
    turn(combo, load, "Complete")


@pytest.mark.parametrize("source, target", flavours.PAIRS)
def test_there_and_back_and_there_for_good(combo, source, target):
    flavours.up(combo, source, target)
    fill(combo, 2000)
    load = Load(os.path.join(combo.folder, "journal"), combo.gate_port, clients=4, rate=200, orders=True).start()
    try:
        whole_life(combo, load)
        summary = load.stop()
    finally:
        load.abandon()
    assert summary["errors"] + summary["wrong_reads"] == 0, "\n".join(map(str, summary["first_errors"]))
    for where in [{}, {"port": combo.port("server", "new_customer"), "user": "vt_app", "database": "new_customer",
                       "password_file": combo.password_file("vt_app")}]:
        verdict = load.verify(**where)
        assert verdict["ok"], verdict


def delete(combo):
    """Typed again, as its hint says, where it tells that vtctld is still at it."""
    try:
        combo.client("Workflow", "delete", WORKFLOW)
    except Failed as e:
        if "is still being cancelled" not in str(e):
            raise
        combo.client("Workflow", "delete", WORKFLOW)


def test_transactions_over_two_tables_are_no_victims_of_our_locks(combo):
    """On MySQL a lock of ours that waited would be one of two in a deadlock, and the client the one that is told."""
    flavours.up(combo, "mysql", "mysql")
    fill(combo, 500)
    load = Load(os.path.join(combo.folder, "journal"), combo.gate_port, clients=8, rate=0, orders=True, burst=True).start()
    try:
        load.go_on(500)
        for _ in range(3):
            combo.client("MoveTables", "--no-switch", f"customer.{TABLES}", "new_customer", "--workflow", "shop")
            delete(combo)
        summary = load.stop()
    finally:
        load.abandon()
    assert summary["errors"] + summary["wrong_reads"] == 0, "\n".join(map(str, summary["first_errors"]))


# ---- Values

INTS = {"tinyint": 7, "smallint": 15, "mediumint": 23, "int": 31, "bigint": 63}
WORDS = ["''", "'a'", "'a  '", "'ÄÖÜ€'", "'\\\\ \\0 \\n \\' \"'", "REPEAT('x', 200)"]
BYTES = ["''", "x'00'", "x'00ff20'", "x'2020'", "REPEAT(x'80', 200)"]
TIMES = ["'00:00:00'", "'838:59:59'", "'-838:59:59'", "'-00:00:01'", "'12:34:56.789012'"]
DATES = ["'0000-00-00'", "'2020-00-00'", "'2020-02-30'", "'1000-01-01'", "'9999-12-31'", "'2024-02-29'"]
MOMENTS = ["'0000-00-00 00:00:00'", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'", "'2024-02-29 23:59:59.999999'"]


def integers():
    for name, bits in INTS.items():
        yield name, [str(v) for v in (-2 ** bits, -1, 0, 1, 2 ** bits - 1)]
        yield f"{name} unsigned", [str(v) for v in (0, 1, 2 ** bits, 2 ** (bits + 1) - 1)]


# type: values as SQL. Each column has a table of its own.
TYPES = {
    **dict(integers()),
    "tinyint(1)": ["0", "1", "-128"], "int(5) unsigned zerofill": ["0", "42", "4294967295"],
    "decimal(12,2)": ["0", "-0.01", "9999999999.99", "-9999999999.99"], "decimal(65,30)": ["0", "1.5", "-3.000000000000000000000000000001"],
    "float": ["0", "1.5", "-3.4e38", "1e-38", "0.1"], "double": ["0", "0.1", "-1.7e308", "2.2250738585072014e-308"],
    "bit(1)": ["b'0'", "b'1'"], "bit(64)": ["b'0'", "18446744073709551615", "b'1010'"],
    "date": DATES, "time": TIMES[:4], "time(6)": TIMES, "year": ["0", "1901", "2155"],
    "datetime": MOMENTS[:3], "datetime(3)": MOMENTS, "datetime(6)": MOMENTS + ["'2020-00-00 01:02:03'"],
    "timestamp": MOMENTS[1:3], "timestamp(6)": MOMENTS[1:],
    **{f"{t} COLLATE {c}": WORDS for t in ("char(200)", "varchar(250)", "text")
       for c in ("utf8mb4_general_ci", "utf8mb4_bin", "utf8mb3_general_ci", "ucs2_general_ci")},
    "varchar(250) CHARACTER SET latin1": WORDS[:3] + WORDS[4:] + ["'Ä'"], "longtext": WORDS + ["REPEAT('ä', 100000)"], "tinytext": WORDS[:5],
    "binary(200)": BYTES, "varbinary(250)": BYTES, "blob": BYTES, "longblob": BYTES + ["REPEAT(x'00ff', 100000)"],
    "enum('a','b','ä''\"')": ["1", "3", "0"], "set('a','b','c')": ["''", "'a,c'", "7"],
    "varchar(20) NOT NULL DEFAULT 'it''s'": ["'x'"], "int NOT NULL DEFAULT 7": ["1"], "datetime(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6)": MOMENTS[1:],
    "decimal(5,2) NOT NULL DEFAULT 0.50 COMMENT 'it''s'": ["1"],
}
NAMES = {name: "t" + str(i) for i, name in enumerate(TYPES)}


def definition(name, collation="utf8mb4_general_ci"):
    return f"CREATE TABLE {NAMES[name]} (id INT PRIMARY KEY AUTO_INCREMENT, v {name}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation}"


def values(name):
    return TYPES[name] + ([] if "NOT NULL" in name else ["NULL"])


def insert(conn, name):
    flavours.run(conn, *(f"INSERT INTO {NAMES[name]} (v) VALUES ({v})" for v in values(name)))


def change(conn, name):
    """Each row gets the value of the one before; the first goes; all values come again."""
    table, all_ = NAMES[name], values(name)
    flavours.run(conn, *(f"UPDATE {table} SET v={v} WHERE id={1 + (i + 1) % len(all_)}" for i, v in enumerate(all_)),
                 f"DELETE FROM {table} WHERE id=1")
    insert(conn, name)


def stored(conn, name):
    """Rows, by their bytes; what is a number to SQL by its digits."""
    shown = "HEX(v)" if re.match(r"(char|varchar|\w*text|\w*binary|\w*blob)", name) else "v + 0" if name.startswith(("enum", "set", "bit")) \
        else "v * 1e0" if name in ("float", "double") else "CAST(v AS CHAR)"
    return flavours.rows(conn, f"SELECT id, {shown} FROM {NAMES[name]} ORDER BY id")


@pytest.mark.parametrize("source, target", flavours.PAIRS)
def test_values_of_all_types_are_the_same(combo, source, target):
    flavours.up(combo, source, target)
    old, new = flavours.at(combo, "customer"), flavours.at(combo, "new_customer")
    for name in TYPES:
        flavours.run(old, definition(name))
        insert(old, name)
    wanted = {name: stored(old, name) for name in TYPES}
    combo.client("MoveTables", "customer.*", "new_customer", "--workflow", "shop", "--no-switch")
    assert {name: stored(new, name) for name in TYPES} == wanted      # by the copy
    for name in TYPES:
        change(old, name)
    wanted = {name: stored(old, name) for name in TYPES}
    turned = combo.client("MoveTables", "SwitchTraffic", WORKFLOW)
    assert "successful" in turned.stdout
    assert {name: stored(new, name) for name in TYPES} == wanted      # by events
    for name in TYPES:
        change(new, name)
    wanted = {name: stored(new, name) for name in TYPES}
    combo.client("MoveTables", "ReverseTraffic", WORKFLOW)
    assert {name: stored(old, name) for name in TYPES} == wanted      # by events of the other side


# ---- What is refused

ONLY = {
    "mysql": {"a json value": ("v JSON", "has the type json"),
              "a check": ("v INT, CONSTRAINT c CHECK (v > 1)", "servers of another flavour"),
              "an expression": ("v VARCHAR(40) DEFAULT (UUID())", "'v' is defined in a way"),
              "a hidden column": ("v INT INVISIBLE", "'v' is defined in a way"),
              "a key of another equality": ("v VARCHAR(40) COLLATE utf8mb4_0900_ai_ci UNIQUE", "utf8mb4_0900_ai_ci"),
              "a functional key": ("v INT, KEY k ((v + 1))", "key 'k'"),
              "a collation": ("v TEXT COLLATE utf8mb4_0900_as_ci", "Unknown collation")},
    "mariadb": {"a check": ("v INT CHECK (v > 1)", "'v' is defined in a way"),
                "json": ("v JSON", "'v' is defined in a way"),
                "an expression": ("v VARCHAR(40) DEFAULT uuid()", "'v' is defined in a way"),
                "a key by hash": ("v TEXT, UNIQUE (v)", "key 'v'"),
                "an option": ("v INT) PAGE_COMPRESSED=1, COMMENT=('", None)},
}


@pytest.mark.parametrize("source, target", [p for p in flavours.PAIRS if p[0] != p[1]])
def test_what_the_other_side_has_not_is_refused_by_name(combo, source, target):
    flavours.up(combo, source, target)
    old, new = flavours.at(combo, "customer"), flavours.at(combo, "new_customer")
    for columns, words in ONLY[source].values():
        if words is None:
            continue
        flavours.run(old, f"CREATE TABLE t (id INT PRIMARY KEY, {columns}) ENGINE=InnoDB")
        with pytest.raises(Failed, match=re.escape(words)) as told:
            combo.client("MoveTables", "customer.t", "new_customer", "--workflow", "shop")
        assert "hint: " in str(told.value)
        assert flavours.rows(new, "SHOW TABLES") == ()
        flavours.run(old, "DROP TABLE t")

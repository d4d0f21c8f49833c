"""Values that no strict statement stores, and columns that no catalogue shows: both sides are the same byte for byte."""
import pytest

from lib import proc, tablets

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

MEMBERS = ", ".join(f"'m{i}'" for i in range(53))

# Name, type, and what is stored: each in a row of its own, taken without strict mode.
COLUMNS = [
    ("e", "ENUM('a','b')", ["'mistyped'", "''", "'b'"]),
    ("e0", "ENUM('','a','b') NOT NULL", ["'mistyped'", "''", "'b'"]),
    ("e300", "ENUM(" + ", ".join(f"'v{i}'" for i in range(300)) + ")", ["'mistyped'", "'v299'"]),
    ("s", f"SET({MEMBERS})", ["'unknown'", "9007199254740991", "0"]),
    ("ts", "TIMESTAMP(6) NULL", ["'1970-01-01 00:00:00.5'", "0", "'2038-01-19 03:14:07.999999'"]),
    ("d", "DATE", ["'0000-00-00'", "'2020-00-00'", "'2020-02-31'", "'0000-01-01'", "'0000-00-01'"]),
    ("dt", "DATETIME(3)", ["0", "'2020-02-31 23:59:59.999'", "'0000-00-01 00:00:01'", "'9999-12-31 23:59:59.999'"]),
    ("tm", "TIME(6)", ["'-838:59:59.999999'", "'900:00:00'", "'-00:00:00.000001'"]),
    ("y", "YEAR", ["0", "'0'", "2155"]),
    ("f", "FLOAT", ["-0e0", "1e-45", "3.4028234e38", "0.1"]),
    ("g", "DOUBLE", ["-0e0", "5e-324", "1.7976931348623157e308", "0.1"]),
    ("fm", "FLOAT(7,2)", ["12345.678", "-0.001", "99999.99", "0.07"]),
    ("gm", "DOUBLE(12,3)", ["1.2345", "-0.0004", "999999999.999", "0.615"]),
    ("n", "DECIMAL(65,30) UNSIGNED", ["-1", "1e34", "99999999999999999999999999999999999.1", "1e-30"]),
    ("b", "BIT(3)", ["9", "0"]),
    ("bb", "BIT(64)", ["18446744073709551615", "0"]),
    ("ca", "VARCHAR(20) CHARACTER SET ascii", ["_binary x'80ff'", "_binary x'00'"]),
    ("cu", "VARCHAR(20) CHARACTER SET utf8mb4", ["_utf8mb4 x'eda080'", "_binary x'c328'", "'x  '"]),
    ("c2", "VARCHAR(20) CHARACTER SET ucs2", ["_ucs2 x'd800'", "_binary x'61'", "_ucs2 x'0027005c0009000a0000'"]),
    ("c16", "CHAR(9) CHARACTER SET utf16", ["_utf16 x'd83dde00'", "_binary x'61'"]),
    ("c32", "VARCHAR(9) CHARACTER SET utf32", ["_utf32 x'0000d800'", "_utf32 x'0001f600'"]),
    ("cs", "VARCHAR(20) CHARACTER SET sjis", ["_binary x'815c5c'", "_binary x'81'", "_sjis x'8140'"]),
    ("cg", "VARCHAR(20) CHARACTER SET gbk", ["_gbk x'815c'", "_binary x'bf27'"]),
    ("c5", "VARCHAR(20) CHARACTER SET big5", ["_big5 x'a15c'"]),
    ("ce", "VARCHAR(20) CHARACTER SET eucjpms", ["_binary x'8fa2b7'"]),
    ("ch", "CHAR(10)", ["'a  '", "'a\\t'", "'\\0'", "' '"]),
    ("x", "BINARY(5)", ["'a'", "'\\0\\0'"]),
    ("j", "JSON", ["'no JSON'", "'{}'"]),
    ("k", "INT CHECK (k > 0)", ["-1"]),
    ("z", "INT(8) UNSIGNED ZEROFILL", ["-1", "7"]),
    ("i", "INT INVISIBLE DEFAULT (z + 1)", ["8"]),
    ("q", "VARCHAR(36) DEFAULT (uuid())", ["DEFAULT"]),
    ("u", "UUID", ["'6ccd780c-baba-1026-9564-5b8c65600000'"]),
    ("ip", "INET6", ["'fe80::'", "'::'"]),
    ("p", "GEOMETRY", ["ST_GeomFromText('POINT(1 2)', 4326)", "x'ffffffff0101000000000000000000f03f0000000000000040'"]),
    ("zip", "TEXT COMPRESSED", ["''", "REPEAT('z', 60000)"]),
    ("gs", "VARCHAR(100) AS (CONCAT(id, '-', LEFT(v, 20))) STORED", []),
    ("gv", "INT AS (LENGTH(zip)) VIRTUAL", []),
    ("v", "VARCHAR(2000) CHARACTER SET utf8mb4", ["REPEAT('long', 500)", "NULL", "''"]),
    ("w", "TEXT", ["REPEAT('w', 60000)"]),
]
KEYS = "UNIQUE KEY (v, id), UNIQUE KEY (w), UNIQUE KEY (id, k) USING HASH, KEY (k) USING HASH, KEY (e) IGNORED, UNIQUE KEY (gs), KEY (gv)"


def loosely(server):
    """A connection that may store anything."""
    return server.connect("customer", init_command="SET sql_mode='ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', "
                                                   "check_constraint_checks=0, time_zone='+00:00'")


def store(server, first):
    """Rows from the id first on, one for each value; without strict mode and checks."""
    conn = loosely(server)
    number = first
    with conn.cursor() as cur:
        for name, _, values in COLUMNS:
            for value in values:
                more = "" if name == "w" else f", w = 'w{number}'"
                cur.execute(f"INSERT INTO t SET id = {number}, e0 = 'a', {name} = {value}{more} ON DUPLICATE KEY UPDATE "
                            f"{name} = VALUES({name})" if name != "e0" else
                            f"INSERT INTO t SET id = {number}, e0 = {value}{more}")
                number += 1
    conn.close()
    return number


def change(server, *statements):
    conn = loosely(server)
    with conn.cursor() as cur:
        for statement in statements:
            cur.execute(statement)
    conn.close()


def image(tablet, keyspace):
    columns = ["id"]
    for name, type_, _ in COLUMNS:
        columns.append(f"`{name}`*1e0" if type_.startswith(("FLOAT", "DOUBLE")) else
                       f"`{name}`+0" if type_.startswith(("ENUM", "SET", "BIT")) else f"HEX(CONCAT(`{name}`))")
    conn = tablet.server.connect()
    with conn.cursor() as cur:
        cur.execute("SET time_zone='+00:00'")
        cur.execute(f"SELECT {', '.join(columns)} FROM `{keyspace}`.t ORDER BY id")
        rows = [[str(v) for v in row] for row in cur.fetchall()]            # '-0.0' is not '0.0'
    conn.close()
    return rows


def check_images(p):
    mine, theirs = image(p.source, "customer"), image(p.target, "new_customer")
    names = ["id"] + [c[0] for c in COLUMNS]
    differ = [(n, a[0], x, y) for a, b in zip(mine, theirs) for n, x, y in zip(names, a, b) if x != y]
    assert not differ and len(mine) == len(theirs), differ[:10]


def create(server):
    server.sql(f"CREATE TABLE t (id INT PRIMARY KEY, {', '.join(f'`{n}` {t}' for n, t, _ in COLUMNS)}, {KEYS})",
               database="customer")


# How the copy writes rows (src/tablet/write/load.h), and which settings of the target lead there.
WAYS = [
    ("bulk execution", ""),
    ("LOAD DATA", "SET GLOBAL max_prepared_stmt_count = 0"),
    ("INSERT, since local_infile is off", "SET GLOBAL max_prepared_stmt_count = 0, GLOBAL local_infile = OFF"),
]


@pytest.mark.parametrize("way, setting", WAYS, ids=["bulk", "file", "insert"])
def test_odd_values_and_hidden_columns_in_copy_and_stream(pair, way, setting):
    p = pair("t")
    server = p.source.server
    create(server)
    store(server, 1000)
    p.source.start()
    if setting:
        p.target.server.sql(setting)
    p.target.start(faults="stream.chunk.before=sleep:300", options=("--chunk-rows", "10"))
    p.start()
    def copying():
        status = p.status()
        assert status["state"] != "error", status["error"]
        return status["rows_copied"] > 0
    proc.wait_for(copying, 60, "the first chunk")
    assert p.status()["loaded_by"] == way
    store(server, 2000)                                     # meets an applier that is catching up
    change(server, "UPDATE t SET ch = 'moved' WHERE id % 3 = 0")
    p.wait("running")
    last = store(server, 3000)                              # and one that is exact
    change(server, "UPDATE t SET e = 0, e0 = 'none', e300 = NULL WHERE id % 5 = 0",
           "UPDATE t SET w = CONCAT(w, '!'), k = -7 WHERE id % 7 = 0 AND LENGTH(w) < 100",
           "UPDATE t SET id = id + 10000 WHERE id % 11 = 0", "DELETE FROM t WHERE id % 13 = 0")
    assert last < 4000
    p.freeze()
    check_images(p)
    assert p.definition(p.source, "customer") == p.definition(p.target, "new_customer")
    for side, keyspace in ((p.source, "customer"), (p.target, "new_customer")):
        assert side.server.sql(f"SELECT COUNT(*) FROM {keyspace}.t WHERE e + 0 = 0 AND e0 + 0 = 0")[0][0] > 10


def test_temporal_columns_as_mariadb_5_3_kept_them(pair):
    """SHOW CREATE TABLE tells in a comment. The target keeps the same values in today's format."""
    p = pair("t")
    server = p.source.server
    server.sql("SET GLOBAL mysql56_temporal_format = OFF")
    server.sql("CREATE TABLE t (id INT PRIMARY KEY, a DATETIME DEFAULT '2020-01-01 10:00:00' COMMENT 'no /* mariadb-5.3 */',"
               " b TIMESTAMP NULL, c TIME, d DATE)", database="customer")
    server.sql("CREATE TABLE fine (id INT PRIMARY KEY, a DATETIME(3))", database="customer")
    server.sql("SET GLOBAL mysql56_temporal_format = ON")
    text = server.sql("SHOW CREATE TABLE customer.t")[0][1]
    assert text.count("/* mariadb-5.3 */") == 4
    rows = ("'9999-12-31 23:59:59', '2038-01-19 03:14:07', '-838:59:59', '0000-00-00'", "0, NULL, '00:00:00', NULL")
    for i, row in enumerate(rows):
        server.sql(f"SET STATEMENT sql_mode='ALLOW_INVALID_DATES' FOR INSERT INTO t VALUES ({i}, {row})", database="customer")
    p.source.start(), p.target.start()
    with pytest.raises(tablets.Refused) as refused:
        p.source.call("check_from", **{**p.request(), "tables": [{"from": "fine", "to": "fine"}]})
    assert "column 'a' of table 'customer.fine' is kept with fractions" in refused.value.text
    assert "ALTER TABLE `customer`.`fine` FORCE" in refused.value.hint
    said = p.source.call("check_from", **p.request())["tables"][0]["converted"]
    assert said.startswith("'customer.t' keeps 'a', 'b', 'c' in the temporal format of MariaDB 5.3, its copy in today's")
    p.start()
    p.wait("running")
    for i, row in enumerate(rows):
        server.sql(f"SET STATEMENT sql_mode='ALLOW_INVALID_DATES' FOR INSERT INTO t VALUES ({i + 10}, {row})", database="customer")
    server.sql("UPDATE t SET c = '12:34:56' WHERE id = 0", database="customer")
    p.freeze()
    p.check_equal()
    assert p.target.server.sql("SHOW CREATE TABLE new_customer.t")[0][1].count("/* mariadb-5.3 */") == 1
    assert "COMMENT 'no /* mariadb-5.3 */'" in p.target.server.sql("SHOW CREATE TABLE new_customer.t")[0][1]


def test_digits_that_the_type_would_round_today_are_refused_by_name(pair):
    """MODIFY changes no row: the old digits stay, and any statement that writes the row anew would round them."""
    p = pair("t")
    server = p.source.server
    server.sql("CREATE TABLE t (id INT PRIMARY KEY, g DOUBLE)", database="customer")
    server.sql("INSERT INTO t VALUES (1, 1.2345), (2, 0.5)", database="customer")
    server.sql("ALTER TABLE t MODIFY g DOUBLE(12,3), ALGORITHM=NOCOPY", database="customer")
    p.source.start(), p.target.start()
    p.start()
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 30, "the stream to stop")
    assert "column 'g' of table 'customer.t' holds 1.2345" in status["error"] and "ROUND(`g`,3)" in status["hint"]

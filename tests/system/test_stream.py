"""One stream between two real servers, without gates: what arrives is what was there, under writes and kills."""
import re

import pytest

from lib import proc, tablets
from lib.streams import Pair, Writer, fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


def test_a_table_arrives_under_writes_and_freezes_at_the_position(pair):
    p = pair("t")
    fill(p.source.server)
    p.source.start(), p.target.start()
    writers = [Writer(p.source.server, seed) for seed in (1, 2, 3)]
    for w in writers:
        w.start()
    p.start()
    p.wait("running")
    for w in writers:
        w.end()
    p.freeze()
    p.check_equal()
    assert p.definition(p.source, "customer") == p.definition(p.target, "new_customer")
    p.source.server.sql("UPDATE t SET name = 'later' WHERE id < 1000", database="customer")
    assert p.status()["state"] == "frozen"
    assert p.target.server.sql("SELECT COUNT(*) FROM new_customer.t WHERE name = 'later'") == ((0,),)
    p.target.call("thaw", **p.request(attempt=1))
    p.wait("running")
    p.freeze(attempt=2)
    p.check_equal()


@pytest.mark.parametrize("victim", ["tablet", "source", "target"])
def test_a_kill_during_the_copy_loses_nothing(pair, victim):
    p = pair("t")
    fill(p.source.server, 60000)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:150")
    writer = Writer(p.source.server, 7)
    writer.start()
    p.start()
    proc.wait_for(lambda: p.status()["rows_copied"] > 0, 30, "the first chunk")
    if victim == "source":
        writer.end()
    for server in {"source": [p.source.server], "target": [p.target.server], "tablet": []}[victim]:
        server.kill()
        server.start()
    if victim == "tablet":
        p.target.kill()
        p.target.start()
    p.wait("running")
    if victim != "source":
        writer.end()
    p.freeze()
    p.check_equal()


def test_kills_while_following_apply_nothing_twice(pair):
    p = pair("t")
    fill(p.source.server)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    writer = Writer(p.source.server, 11)
    writer.start()
    for _ in range(3):
        before = p.status()["changes_applied"]
        proc.wait_for(lambda: p.status()["changes_applied"] > before, 30, "changes to be applied")
        p.target.kill()
        p.target.start()
        p.wait("running")
    writer.end()
    p.freeze()
    p.check_equal()


TYPES = """CREATE TABLE t (
  id BIGINT UNSIGNED NOT NULL PRIMARY KEY, i1 TINYINT, i2 SMALLINT UNSIGNED, i3 MEDIUMINT, i4 INT ZEROFILL, i8 BIGINT,
  dec1 DECIMAL(30,10), f FLOAT, d DOUBLE, c CHAR(10), vc VARCHAR(100) CHARACTER SET latin1, tx TEXT, mt MEDIUMTEXT,
  b BINARY(8), vb VARBINARY(100), bl BLOB, da DATE, ti TIME(3), dt DATETIME(6), ts TIMESTAMP(2) NULL, y YEAR,
  e ENUM('2','1','it''s'), s SET('a','b','c'), bt BIT(17), j JSON)"""

VALUES = [
    (1, -128, 65535, -8388608, 42, -2 ** 63, "-12345678901234567890.0123456789", 0.1, 1 / 3, "ab", "\u00e9\u00fc",
     "\u65e5\u672c \U0001F600", "x" * 70000, b"\x00\x01", b"\xff\x00'\\\n\t", b"\x00" * 300, "1000-01-01", "-838:59:59.123",
     "9999-12-31 23:59:59.999999", "2026-03-29 02:30:00.25", 1901, "2", "a,c", 99999, '{"a": [1, 2.5, null]}'),
    (2, 127, 0, 8388607, 0, 2 ** 63 - 1, "0", 3.4e38, -1.7e308, "", "", "", "", b"", b"", b"", "0000-00-00", "00:00:00",
     "0000-00-00 00:00:00", None, 0, "1", "", 0, "{}"),
    (2 ** 64 - 1, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None,
     None, None, None, None, None, None),
    (4, 0, 1, 2, 3, 4, "0.0000000001", -0.0, -0.0, "a\\b", "'\"", "tab\tnew\nline\\N", "\\", b"\\N", b"\\", b"\r\n",
     "2026-02-28", "12:00:00.001", "2026-02-28 12:00:00.000001", "1970-01-01 00:00:01", 2155, "it's", "a,b,c", 131071,
     '"text"'),
    (5, 1, 1, 1, 1, 1, "1", 16777217.0, 2.2250738585072014e-308, "trail", "NULL", "\\N", "\x00\x1a", b"\x20" * 8, b"\x20",
     b"\x1a", "2026-01-01", "00:00:00.999", "2026-01-01 00:00:00", "2038-01-19 03:14:07.99", 2026, None, "b", 1, "[]"),
]


def put_values(server, shift=0):
    conn = server.connect("customer")
    with conn.cursor() as cur:
        cur.execute("SET time_zone='+00:00', sql_mode='NO_AUTO_VALUE_ON_ZERO'")
        for row in VALUES:
            row = ((row[0] + shift) % 2 ** 64,) + row[1:]
            cur.execute(f"INSERT INTO t VALUES ({', '.join(['%s'] * len(row))})", row)
    conn.close()


def exact(tablet, keyspace):
    """Every column as bytes, floats by their digits."""
    columns = [r[0] for r in tablet.server.sql(
        f"SELECT column_name FROM information_schema.columns WHERE table_schema = '{keyspace}' AND table_name = 't' "
        "ORDER BY ordinal_position")]
    parts = ", ".join(f"HEX({c}*1e0)" if c in ("f", "d") else f"HEX({c})" for c in columns)
    signs = "CAST(f*1e0 AS CHAR), CAST(d*1e0 AS CHAR)"
    return tablet.server.sql(f"SELECT {parts}, {signs} FROM `{keyspace}`.t ORDER BY id")


def executed(server):
    """Statements that were prepared, and run: a bulk execution is one, whatever its rows."""
    return int(server.sql("SHOW GLOBAL STATUS LIKE 'Com_stmt_prepare'")[0][1])


def test_every_value_travels_in_a_transaction_of_many_changes(pair):
    """Such a one is written with many rows a statement, and where the server has that in bulk."""
    p = pair("t")
    p.source.server.sql(TYPES, database="customer")
    copies = 30
    for i in range(copies):
        put_values(p.source.server, shift=1000 * i)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    before = executed(p.target.server)
    conn = p.source.server.connect("customer", autocommit=False)
    columns = [line.split()[0] for line in re.split(r",\s+(?=\w+ [A-Z])", TYPES.split("(", 1)[1].rsplit(")", 1)[0].strip())]
    assert len(columns) == len(VALUES[0])
    with conn.cursor() as cur:
        cur.execute("SET time_zone='+00:00', sql_mode='NO_AUTO_VALUE_ON_ZERO'")
        for i in range(copies):
            # Each row has the values of the one behind it, and there are as many new ones.
            for row, values in zip(VALUES, VALUES[1:] + VALUES[:1]):
                key = (row[0] + 1000 * i) % 2 ** 64
                cur.execute(f"UPDATE t SET {', '.join(f'{c} = %s' for c in columns[1:])} WHERE id = %s", (*values[1:], key))
                cur.execute(f"INSERT INTO t VALUES ({', '.join(['%s'] * len(values))})", ((key + 500) % 2 ** 64, *values[1:]))
    conn.commit()
    conn.close()
    p.catch_up()
    p.freeze()
    mine, theirs = exact(p.source, "customer"), exact(p.target, "new_customer")
    assert len(mine) == len(theirs) == 2 * copies * len(VALUES)
    for a, b in zip(mine, theirs):
        assert a == b
    assert executed(p.target.server) - before == (2 if p.target.server.flavour.startswith("mariadb") else 0)


def test_every_value_of_every_type_travels_exactly(pair):
    p = pair("t")
    for t in ("source", "target"):
        getattr(p, t).server.sql("SET GLOBAL innodb_strict_mode=ON")
    p.source.server.sql(TYPES, database="customer")
    put_values(p.source.server)                      # these are copied
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    put_values(p.source.server, shift=1000)          # these are streamed
    p.source.server.sql("UPDATE t SET id = id + 5000, vc = 'changed' WHERE id = 1001", database="customer")
    p.freeze()
    mine, theirs = exact(p.source, "customer"), exact(p.target, "new_customer")
    assert len(mine) == len(theirs) == 2 * len(VALUES)
    for a, b in zip(mine, theirs):
        assert a == b


@pytest.mark.parametrize("ddl", ["ALTER TABLE t ADD COLUMN z INT", "TRUNCATE t", "RENAME TABLE t TO t2"])
def test_ddl_on_the_table_stops_the_stream_by_name(pair, ddl):
    p = pair("t")
    fill(p.source.server, 100)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    p.source.server.sql("CREATE TABLE other (id INT PRIMARY KEY)", database="customer")
    p.source.server.sql("UPDATE t SET name = 'before' WHERE id = 1", database="customer")
    proc.wait_for(lambda: p.target.server.sql("SELECT name FROM new_customer.t WHERE id = 1") == (("before",),), 20,
                  "the change to arrive")
    p.source.server.sql(ddl, database="customer")
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 20, "the stream to stop")
    assert ddl in status["error"]


def test_keys_equal_to_the_collation_are_one_row(pair):
    p = pair("t")
    p.source.server.sql("CREATE TABLE t (id VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, v INT)",
                        database="customer")
    p.source.server.sql("INSERT INTO t SELECT CONCAT('Key', seq), seq FROM seq_1_to_500", database="customer")
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    p.source.server.sql("UPDATE t SET id = UPPER(id) WHERE v < 100", database="customer")
    p.source.server.sql("DELETE FROM t WHERE id = 'key200'", database="customer")
    p.source.server.sql("INSERT INTO t VALUES ('kEy200', 7)", database="customer")
    p.freeze()
    assert p.source.server.sql("SELECT HEX(id), v FROM customer.t ORDER BY v, id") == \
        p.target.server.sql("SELECT HEX(id), v FROM new_customer.t ORDER BY v, id")


def test_a_thaw_undoes_a_freeze_whose_answer_was_lost(pair):
    p = pair("t")
    fill(p.source.server, 100)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    p.target.server.sql("UPDATE _switchyard.stream SET phase = 'frozen', attempt = 1")      # committed, and the stream does not know
    p.target.call("thaw", **p.request(attempt=2))
    assert p.target.server.sql("SELECT phase, attempt FROM _switchyard.stream") == ((b"running", 2),)
    p.target.kill()
    p.target.start()
    p.wait("running")


def test_two_streams_from_one_source_leave_each_other_alone(pair):
    p = pair("t")
    fill(p.source.server, 100)
    p.source.server.sql("CREATE TABLE t2 LIKE t", database="customer")
    p.source.start(), p.target.start()
    second = Pair(p.source, p.target, "t2", workflow="new_customer/t2")
    p.start(), second.start()
    p.wait("running"), second.wait("running")
    for i in range(20):
        p.source.server.sql(f"UPDATE t SET name = 'n{i}'", database="customer")
        p.source.server.sql(f"INSERT INTO t2 VALUES ({i + 1}, '{i}', 'n', 1)", database="customer")
    p.freeze(), second.freeze()
    p.check_equal(), second.check_equal()
    assert "lost the source's binlog" not in open(p.target.log).read()


def test_a_damaged_target_is_noticed(pair):
    p = pair("t")
    fill(p.source.server, 100)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    p.target.server.sql("DELETE FROM new_customer.t WHERE id = 42")
    p.source.server.sql("UPDATE t SET name = 'x' WHERE id = 42", database="customer")
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 20, "the stream to stop")
    assert "42" in status["error"]


# As many as are written in bulk, and fewer.
@pytest.mark.parametrize("first, last", [(1, 100), (41, 44)])
def test_an_update_never_meets_a_row_of_another_key(pair, first, last):
    """A row that is gone, and its unique value at another row: neither is written, and the stream names the one that is gone."""
    p = pair("t")
    fill(p.source.server, 200)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    target = p.target.server
    target.sql("DELETE FROM new_customer.t WHERE id = 42")
    target.sql("UPDATE new_customer.t SET u = 'u042' WHERE id = 150")
    p.source.server.sql(f"UPDATE t SET name = 'x' WHERE id BETWEEN {first} AND {last}", database="customer")
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 10, "the stream to stop", lambda: proc.tail(p.target.log))
    assert "UPDATE of (`id`=42) changed 0 rows" in status["error"]
    assert target.sql("SELECT name FROM new_customer.t WHERE id = 150") == (("n150",),)
    assert target.sql("SELECT COUNT(*) FROM new_customer.t WHERE name = 'x'") == ((0,),)


def test_rows_that_become_what_they_are(pair):
    """Changed twice in a transaction. A statement of several rows would count one that is not there as it counts them."""
    p = pair("t")
    fill(p.source.server, 200)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")

    def to_and_fro():
        conn = p.source.server.connect("customer", autocommit=False)
        with conn.cursor() as cur:
            cur.execute("UPDATE t SET name = CONCAT(name, 'y') WHERE id <= 100")
            cur.execute("UPDATE t SET name = LEFT(name, LENGTH(name) - 1) WHERE id <= 100")
        conn.commit()
        conn.close()

    to_and_fro()
    p.catch_up()
    p.check_equal()
    p.target.server.sql("DELETE FROM new_customer.t WHERE id = 42")
    to_and_fro()
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 10, "the stream to stop", lambda: proc.tail(p.target.log))
    assert "UPDATE of (`id`=42) changed 0 rows" in status["error"]


def test_a_stream_deleted_leaves_nothing(pair):
    p = pair("t")
    fill(p.source.server, 100)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    p.target.call("stream_delete", **p.request(drop=True))
    p.target.call("stream_delete", **p.request(drop=True))
    assert p.target.server.sql("SHOW TABLES FROM new_customer") == ()
    assert p.target.server.sql("SELECT * FROM _switchyard.stream") == ()
    assert p.target.server.sql("SELECT * FROM _switchyard.copy_state") == ()
    with pytest.raises(tablets.Refused):
        p.status()

"""Our binlog decoder against SELECT and against what the server's own program prints (-vv), on random tables of every supported type."""
import datetime
import json
import os
import random
import re
import struct
import subprocess

import pymysql
import pytest

from lib import cases, proc, servers, typed, types

PROGRAM = os.path.join(proc.build_dir(), "tests", "oracle", "binlog_rows")
pytestmark = pytest.mark.skipif(not os.path.exists(PROGRAM), reason="binlog_rows is not built")


def ints(bits, unsigned):
    low, high = (0, 2 ** bits - 1) if unsigned else (-2 ** (bits - 1), 2 ** (bits - 1) - 1)
    return lambda r: str(r.choice([low, high, 0, 1, r.randint(low, high), r.randint(max(low, -200), min(high, 200))]))


def digits(r, most):
    return "".join(r.choice("0123456789") for _ in range(r.randint(1, most)))


def decimals(precision, scale):
    def make(r):
        whole = digits(r, precision - scale) if precision > scale else "0"
        return r.choice(["", "-"]) + r.choice([whole, "0", "9" * (precision - scale) or "0"]) + \
            ("." + digits(r, scale) if scale else "")
    return make


def floats(limit):
    return lambda r: r.choice(["0", "1e0", "-1e0", repr(r.uniform(-1, 1)), repr(r.uniform(-1, 1) * 10.0 ** r.randint(-limit, limit)),
                               "1.17549435e-38", "3.4028234663852886e38"])


def text(most, alphabet):
    def make(r):
        value = "".join(r.choice(alphabet) for _ in range(r.choice([0, 1, r.randint(0, min(most, 40)), most])))
        return "'" + value.replace("\\", "\\\\").replace("'", "''").replace("\0", "\\0") + "'"
    return make


def blobs(most):
    return lambda r: "x'" + bytes(r.choice([0, 0, 32, 255, r.randrange(256)])
                                  for _ in range(r.choice([0, 1, r.randint(0, min(most, 40)), most]))).hex() + "'"


def fraction(r, digits_count):
    return "." + "".join(r.choice("05") if r.random() < 0.5 else r.choice("0123456789") for _ in range(digits_count)) \
        if digits_count else ""


def dates(r):
    return r.choice(["0000-00-00", "1000-01-01", "9999-12-31", "2024-02-29", "2020-00-00",
                     f"{r.randint(1, 9999):04}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"])


def clock(r):
    return f"{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}"


def times(n):
    return lambda r: "'" + r.choice(["-", ""]) + r.choice(["838:59:58", "00:00:00", clock(r), f"{r.randint(24, 837)}:01:02"]) \
        + fraction(r, n) + "'"


def datetimes(n):
    return lambda r: "'" + dates(r) + " " + clock(r) + fraction(r, n) + "'"


def timestamps(n):
    return lambda r: "'" + r.choice(["0000-00-00 00:00:00", "1970-01-01 00:00:01" + fraction(r, n),
                                     "2038-01-19 03:14:07", f"{r.randint(1971, 2037)}-{r.randint(1, 12):02}-"
                                     f"{r.randint(1, 28):02} {clock(r)}{fraction(r, n)}"]) + "'"


LATIN = "abcXYZ '\\\"%_\xe9\xfc\xff\t\0"
UNICODE = LATIN + "\u0416\u65e5\U0001F600"
MARIADBS = "decimal(38,37)"       # MySQL's scale ends at 30
# declaration, maker of an SQL literal, extra of the SELECT expression, character set
KINDS = [(f"{name}{' unsigned' if u else ''}{' zerofill' if z else ''}", ints(bits, u), "", "")
         for name, bits in (("tinyint", 8), ("smallint", 16), ("mediumint", 24), ("int", 32), ("bigint", 64))
         for u, z in ((0, 0), (1, 0), (1, 1))]
KINDS += [(f"decimal({p},{s})", decimals(p, s), "", "") for p, s in
          ((1, 0), (5, 5), (9, 0), (10, 1), (12, 2), (18, 9), (20, 10), (38, 37), (65, 30), (65, 0))]
KINDS += [("decimal(8,3) unsigned zerofill", lambda r: decimals(8, 3)(r).lstrip("-"), "", "")]
KINDS += [("float", floats(37), "*1e0", ""), ("double", floats(300), "*1e0", ""), ("double(10,3)", floats(5), "*1e0", "")]
KINDS += [(f"bit({n})", lambda r, n=n: str(r.choice([0, 2 ** n - 1, r.randrange(2 ** n)])), "+0", "") for n in (1, 7, 8, 12, 33, 64)]
KINDS += [("year", lambda r: str(r.choice([0, 1901, 2155, r.randint(1901, 2155)])), "", ""),
          ("date", lambda r: "'" + dates(r) + "'", "", "")]
KINDS += [(f"{name}({n})", make(n), "", "") for name, make in (("time", times), ("datetime", datetimes), ("timestamp", timestamps))
          for n in range(7)]
KINDS += [("char(0)", text(0, LATIN), "", "latin1"), ("char(10)", text(10, LATIN), "", "latin1"),
          ("char(10)", text(10, UNICODE), "", "utf8mb4"), ("char(255)", text(255, UNICODE), "", "utf8mb4"),
          ("varchar(20)", text(20, LATIN), "", "latin1"), ("varchar(255)", text(255, LATIN), "", "latin1"),
          ("varchar(256)", text(256, LATIN), "", "latin1"), ("varchar(300)", text(300, UNICODE), "", "utf8mb4"),
          ("varchar(9)", text(9, "abc \u0416\u65e5"), "", "ucs2"), ("varchar(9)", text(9, "abc \u0416\u65e5"), "", "utf16"),
          ("tinytext", text(60, UNICODE), "", "utf8mb4"), ("text", text(3000, UNICODE), "", "utf8mb4"),
          ("mediumtext", text(70000, LATIN), "", "latin1"), ("longtext", text(100, UNICODE), "", "utf8mb4")]
KINDS += [("binary(6)", blobs(6), "", ""), ("binary(255)", blobs(255), "", ""), ("varbinary(10)", blobs(10), "", ""),
          ("varbinary(300)", blobs(300), "", ""), ("tinyblob", blobs(255), "", ""), ("blob", blobs(3000), "", ""),
          ("mediumblob", blobs(300), "", ""), ("longblob", blobs(300), "", "")]
KINDS += [("enum('a','b','it''s','')", lambda r: str(r.randint(1, 4)), "+0", "latin1"),
          ("enum(" + ",".join(f"'m{i}'" for i in range(300)) + ")", lambda r: str(r.randint(1, 300)), "+0", "utf8mb4")]
KINDS += [("set(" + ",".join(f"'s{i}'" for i in range(n)) + ")", lambda r, n=n: str(r.choice([0, 2 ** n - 1, r.randrange(2 ** n)])),
           "CAST({} AS UNSIGNED)", "utf8mb4") for n in (3, 9, 20, 33, 64)]


def raw_connect(server):
    conn = pymysql.connect(unix_socket=server.socket, user="root", charset="latin1", use_unicode=False, conv={}, autocommit=True)
    with conn.cursor() as cur:
        cur.execute("SET character_set_results=NULL, time_zone='+00:00'")
    return conn


def make_table(cur, r, name, all_kinds):
    kinds = r.sample(all_kinds, r.randint(4, 20))
    columns = [f"c{i} {decl}" + (f" CHARACTER SET {cs}" if cs else "") + " NULL" for i, (decl, _, _, cs) in enumerate(kinds)]
    cur.execute(f"CREATE TABLE o.{name} (id int NOT NULL PRIMARY KEY, {', '.join(columns)}) ENGINE=InnoDB")
    return kinds


def change_rows(cur, r, name, kinds):
    """Each statement may be refused (a row too large, a value out of range): then there is nothing to compare."""
    for key in range(30):
        values = ["NULL" if r.random() < 0.1 else make(r) for _, make, _, _ in kinds]
        cur.execute(f"INSERT IGNORE INTO o.{name} VALUES ({key}, {', '.join(values)})")
    for key in r.sample(range(30), 10):
        i = r.randrange(len(kinds))
        cur.execute(f"UPDATE IGNORE o.{name} SET c{i} = {kinds[i][1](r)}, id = {r.choice([key, key + 100])} WHERE id = {key}")
    cur.execute(f"DELETE FROM o.{name} WHERE id % 7 = 3")


def run(args, data=None):
    done = subprocess.run([PROGRAM, *args], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return [line.split("\t") for line in done.stdout.decode().splitlines()]


def final_rows(lines, table):
    """The table as the events leave it: {id: [(value, key), ...]}."""
    rows = {}
    for kind, name, *values in lines:
        if name != table:
            continue
        key = values[0]
        if kind in "D-":
            del rows[key]
        else:
            assert key not in rows
            rows[key] = values
    return rows


def split(value):
    return (None, None) if value == "NULL" else tuple(bytes.fromhex(v) for v in value.split(":"))


def check_against_select(conn, types_path, table, kinds, lines):
    with conn.cursor() as cur:
        cur.execute("SELECT id" + "".join(", " + (extra.format(f"c{i}") if "{" in extra else f"c{i}{extra}")
                                          for i, (_, _, extra, _) in enumerate(kinds)) + f" FROM o.{table}")
        selected = cur.fetchall()
    data = "\n".join("\t".join([f"o.{table}"] + ["NULL" if v is None else "x" + v.hex() for v in row]) for row in selected)
    keyed = run([types_path], data.encode() + b"\n")
    rows = final_rows(lines, f"o.{table}")
    assert len(rows) == len(selected)
    for _, _, *values in keyed:
        for i, (mine, theirs) in enumerate(zip(rows[values[0]], values)):
            (value, key), (other, other_key) = split(mine), split(theirs)
            kind = "int" if i == 0 else kinds[i - 1][0]
            assert key == other_key, (table, kind, value, other)
            if value is None or value == other:
                continue
            if kind.startswith(("float", "double")):
                assert float(value) == float(other), (kind, value, other)
            else:
                assert kind.endswith("zerofill") and float(value) == float(other), (kind, value, other)


# ---- mariadb-binlog -vv, mysqlbinlog -vv

LETTERS = {8: b"b", 9: b"t", 10: b"n", 12: b"f", 13: b"r", 39: b"'", 92: b"\\"}


def quoted(value, flavour):
    """Control characters are in hex. Beside that mysqlbinlog has letters for some, and escapes quotes and backslashes."""
    letters = LETTERS if flavour.startswith("mysql") else {}
    return b"'" + b"".join(b"\\" + letters[c] if c in letters else b"\\x%02x" % c if c < 32 else bytes((c,))
                           for c in value) + b"'"


def printed_rows(server, name):
    """What is printed: a list of [kind, table, {column number: bytes}]."""
    out = subprocess.run([server.program(server.binlog_printer), "--no-defaults", "-vv", "--base64-output=DECODE-ROWS", os.path.join(server.datadir, name)],
                         stdout=subprocess.PIPE, check=True, timeout=120, env={**os.environ, "TZ": "UTC"}).stdout
    rows, kind, table = [], None, None
    for line in out.split(b"\n"):
        head = re.match(rb"### (INSERT INTO|UPDATE|DELETE FROM) `(\w+)`\.`(\w+)`", line)
        if head:
            kind, table = head[1], (head[2] + b"." + head[3]).decode()
        elif line in (b"### SET", b"### WHERE"):
            sign = {b"INSERT INTO": "I", b"DELETE FROM": "D"}.get(kind) or ("+" if line == b"### SET" else "-")
            rows.append([sign, table, {}])
        else:
            value = re.match(rb"###   @(\d+)=(.*?)\s+/\* [A-Z].* \*/$", line)
            if value:
                rows[-1][2][int(value[1])] = value[2]
    return rows


def printed_equals(flavour, kind, shown, value):
    if value is None or shown == b"NULL":
        return value is None and shown == b"NULL"
    if kind.startswith(("float", "double")):
        return abs(float(shown) - float(value)) <= 1e-5 * abs(float(value))
    if kind.startswith(("decimal",)):
        return shown.lstrip(b"-").lstrip(b"0") == value.lstrip(b"-").lstrip(b"0") and (shown[:1] == b"-") >= (value[:1] == b"-")
    if kind.startswith("year"):     # it shows year 0 as its byte says
        return int(shown) == (int(value) or 1900)
    if kind.startswith("set"):      # its bytes as they lie, the lowest first
        return sum(int(shown[2 + 8 * i:10 + 8 * i], 2) << 8 * i for i in range((len(shown) - 3) // 8)) == int(value)
    if kind.startswith("bit"):
        return int(shown[2:-1], 2) == int(value)
    if kind.startswith(("date(", "datetime", "time(", "time ")) or kind in ("date", "time"):
        return re.sub(rb"[:' ]", b"-", shown).strip(b"-") == re.sub(rb"[:' ]", b"-", value).strip(b"-")
    if kind.startswith("timestamp"):
        zero = value.startswith(b"0000")
        when = datetime.datetime(1970, 1, 1) if zero else datetime.datetime.fromisoformat(value.decode()[:19])
        return float(shown).__floor__() == (when - datetime.datetime(1970, 1, 1)).total_seconds()
    if kind.startswith(("char", "varchar", "binary", "varbinary")) or "text" in kind or "blob" in kind:
        mine = value.rstrip(b"\0") if kind.startswith("binary") else value
        return shown == quoted(mine, flavour)
    if kind in ("uuid", "inet4", "inet6"):
        return shown == quoted(value.rstrip(b"\0"), flavour)
    if kind.startswith("vector"):
        floats = struct.unpack(f"<{len(value) // 4}f", value)
        return [float(n) for n in shown[1:-1].split(b",")] == [float(f"{n:.5e}") for n in floats] if shown[:1] == b"[" else \
            shown == quoted(value, flavour)
    if kind in types.SHAPES or kind == "geometry":
        return shown == quoted(value, flavour)
    if kind == "json":
        text = json.loads(value)        # one that is a string itself stands without its quotes
        return shown == quoted(text.encode() if isinstance(text, str) else value, flavour)
    if "int" in kind and b"(" in shown:
        signed, unsigned = shown[:-1].split(b" (")
        return int(unsigned if "unsigned" in kind else signed) == int(value)
    return int(shown) == int(value)


def check_against_printed(flavour, rows, lines, tables):
    assert len(rows) == len(lines)
    for (kind, table, shown), (my_kind, my_table, *values) in zip(rows, lines):
        assert (kind, table) == (my_kind, my_table)
        for i, value in enumerate(values):
            decl = tables[table][i]
            if GENERATED in decl:       # later servers leave it out
                assert value == "NULL"
                continue
            if COMPRESSED in decl:      # it prints what is packed; test_types.py has the values
                assert (value == "NULL") == (shown[i + 1] == b"NULL")
                continue
            assert printed_equals(flavour, decl, shown[i + 1], split(value)[0]), (decl, shown[i + 1], split(value)[0])


GENERATED, COMPRESSED = "generated", "COMPRESSED"


def write_types(server, database, folder):
    path = os.path.join(folder, "types")
    with open(path, "w") as f:
        for table, in server.sql("SELECT table_name FROM information_schema.tables WHERE table_schema=%s", (database,)):
            for decl, charset, extra in server.sql("SELECT column_type, character_set_name, extra FROM information_schema.columns WHERE "
                                                   "table_schema=%s AND table_name=%s ORDER BY ordinal_position", (database, table)):
                made = GENERATED if " GENERATED" in extra else ""
                f.write(f"{database}.{table}\t{decl}\t{charset or ''}\t{made}\n")
    return path


OTHERWISE = ("--binlog-row-metadata=FULL", "--binlog-checksum=NONE")
PACKED = ("--log-bin-compress", "--log-bin-compress-min-len=10")


@pytest.mark.parametrize("flavour, settings", [
    *((flavour, settings) for flavour in servers.KINDS for settings in ((), OTHERWISE)),
    *((flavour, PACKED) for flavour in servers.KINDS if not flavour.startswith("mysql"))])
def test_random_tables_read_as_others_read_them(servers_of, folder, flavour, settings):
    seed = int(os.environ.get("TEST_SEED", random.randrange(2 ** 32)))
    r = random.Random(seed)
    print(f"TEST_SEED={seed}")
    server = servers_of(flavour, "s", "--max-allowed-packet=64M", *settings)
    conn, tables = raw_connect(server), {}
    server.sql("CREATE DATABASE o")
    work = server.connect()
    with work.cursor() as cur:
        cur.execute("SET time_zone='+00:00', sql_mode='ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'")
        known = [k for k in KINDS if k[0] != MARIADBS or not flavour.startswith("mysql")]
        for i in range(12):
            tables[f"o.t{i}"] = make_table(cur, r, f"t{i}", known)
        cur.execute("FLUSH BINARY LOGS")
        log = server.sql("SHOW BINARY LOGS")[-1][0]
        for name, kinds in tables.items():
            change_rows(cur, r, name[2:], kinds)
        cur.execute("FLUSH BINARY LOGS")
    types_path = write_types(server, "o", folder)
    lines = run([types_path, os.path.join(server.datadir, log)])
    assert len(lines) > 300
    for name, kinds in tables.items():
        check_against_select(conn, types_path, name[2:], kinds, lines)
    check_against_printed(flavour, printed_rows(server, log), lines,
                          {table: ["int"] + [decl for decl, *_ in kinds] for table, kinds in tables.items()})


# ---- The table of types

def in_binlog(server, statements):
    """The name of the binlog that has what these write, and nothing else."""
    conn = typed.loosely(server, "customer")
    with conn.cursor() as cur:
        cur.execute("FLUSH BINARY LOGS")
        log = server.sql("SHOW BINARY LOGS")[-1][0]
        statements()
        cur.execute("FLUSH BINARY LOGS")
    return log


@pytest.mark.parametrize("flavour", cases.some(servers.KINDS, ["mariadb-11.8", "mysql-9.7"]))
def test_all_types_are_read_as_others_read_them(servers_of, folder, flavour):
    server = servers_of(flavour, "s")
    server.sql("CREATE DATABASE customer")
    rows = [r for r in typed.rows_of(flavour, flavour) if not r.is_alone()]
    if flavour.startswith("mysql"):
        rows = [r for r in rows if r.section != "Geometry"]     # of which mysqlbinlog prints nothing, and of the event no more
    tables = typed.tables_of(rows)
    writer = typed.Writer(server, tables)
    for t in tables:
        writer.run(t.definition())

    def write():
        writer.insert(1000)
        writer.all_kinds(2000)

    log = in_binlog(server, write)
    types_path = write_types(server, "customer", folder)
    lines = run([types_path, os.path.join(server.datadir, log)])
    with open(types_path) as f:
        kinds = {}
        for table, kind, _, made in (line.rstrip("\n").split("\t") for line in f):
            kinds.setdefault(table, []).append(kind + made)
    check_against_printed(flavour, printed_rows(server, log), lines, kinds)

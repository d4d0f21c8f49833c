"""What a table can have, and what becomes of it in each direction: one table, which a test and docs/types.md are made of.

A row is a column, or what else a definition can say, with the values that it is tried with. It says what becomes of it
only where it is not the same at both ends:

    SAME         the values are the same bytes, and the definition means the same
    Translated   how
    Refused      before anything is made: the words that name it, and what the hint's ALTER makes of the column
    Stops        what a row holds, and no definition tells, stops the copy: the words that name the column

In a direction that begins at a flavour without it there is nothing to say.
"""
import dataclasses

MARIADB, MYSQL = "mariadb", "mysql"
DIRECTIONS = [(a, b) for a in (MARIADB, MYSQL) for b in (MARIADB, MYSQL)]
ACROSS = [(a, b) for a, b in DIRECTIONS if a != b]
ALIKE = [(a, b) for a, b in DIRECTIONS if a == b]
SAME = "same"


@dataclasses.dataclass(frozen=True)
class Translated:
    how: str
    shown: dict                 # what a value is read as at the source: at the target


@dataclasses.dataclass(frozen=True)
class Refused:
    words: str
    before: str = ""            # by targets before this version; later ones have it
    mended: bool = True         # the ALTER in the hint makes a table of it that is taken


@dataclasses.dataclass(frozen=True)
class Stops:
    """The copy, at the first row that holds such a value: the words that name the column."""
    words: str


@dataclasses.dataclass(frozen=True)
class Row:
    section: str
    column: str                 # behind its name, which is v; with {} its name, where it needs that
    values: tuple = ()          # SQL literals
    more: str = ""              # of the definition: ", KEY k (v DESC)"
    options: str = ""           # behind the definition
    read: str = "HEX({})"       # gives a value by its bytes
    label: str = ""             # for people, where its name is long
    at: tuple = (MARIADB, MYSQL)
    between: str = ""           # refused by these words between servers of one flavour and several versions
    since: dict = dataclasses.field(default_factory=dict)       # the flavour's version that has it first
    becomes: dict = dataclasses.field(default_factory=dict)     # direction: not SAME

    def name(self):
        return self.declaration("v") + self.more + (" " + self.options if self.options else "")

    def declaration(self, name):
        return self.column.replace("{}", name)

    def at_server(self, flavour):
        """flavour: as lib/servers.py names a server, "mariadb-11.8"."""
        brand, version = flavour.split("-")
        return brand in self.at and version_key(version) >= version_key(self.since.get(brand, "0"))

    def outcome(self, source, target):
        """Of flavours, as above."""
        to, version = target.split("-")
        if self.between and source != target and source.split("-")[0] == to:
            return Refused(self.between, mended=False)
        found = self.becomes.get((source.split("-")[0], to), SAME)
        if isinstance(found, Stops) and version_key(version) < version_key(self.since.get(to, "0")):
            return ONE_FLAVOUR
        old = not isinstance(found, Refused) or not found.before or version_key(version) < version_key(found.before)
        return found if old else SAME

    def is_written(self):
        """Whoever writes a row says its value."""
        return "GENERATED" not in self.column

    def is_alone(self):
        """It needs a table of its own."""
        return bool(self.more or self.options)


def version_key(version):
    return tuple(int(n) for n in version.split("."))


def across(outcome):
    return {d: outcome for d in ACROSS}


def everywhere(outcome):
    return {d: outcome for d in DIRECTIONS}


def alike(outcome):
    return {d: outcome for d in ALIKE}


ROWS = []


def add(section, *rows, **common):
    for column, values, *more in rows:
        ROWS.append(Row(section, column, tuple(values), **{**common, **(more[0] if more else {})}))


# ---- Numbers

DIGITS = {"read": "CAST({} AS CHAR)"}
DOUBLE = {"read": "{} * 1e0"}
NUMBER = {"read": "CAST({} + 0 AS UNSIGNED)"}


def integers():
    for name, bits in (("tinyint", 8), ("smallint", 16), ("mediumint", 24), ("int", 32), ("bigint", 64)):
        half = 2 ** (bits - 1)
        yield name, [str(v) for v in (-half, -1, 0, 1, half - 1)]
        yield f"{name} unsigned", [str(v) for v in (0, 1, half, 2 * half - 1)]
        yield f"{name}({5 if bits < 64 else 20}) unsigned zerofill", [str(v) for v in (0, 42, 2 * half - 1)]


def decimals():
    for whole, scale in ((1, 0), (0, 5), (9, 0), (10, 2), (9, 9), (10, 10), (35, 30), (65, 0)):
        most = "9" * whole + ("." + "9" * scale if scale else "")
        least = "1" if not scale else "0." + "0" * (scale - 1) + "1"
        yield f"decimal({whole + scale},{scale})", ["0", least, "-" + least, most, "-" + most]


add("Numbers", *integers(), ("tinyint(1)", ["0", "1", "-128", "127"]), ("boolean", ["TRUE", "FALSE"]),
    ("year", ["0", "1901", "2000", "2155"]), *decimals(),
    ("decimal(8,3) unsigned zerofill", ["0", "1.5", "99999.999"]), **DIGITS)
add("Numbers", ("decimal(65,38)", ["0", "1e-38", "-" + "9" * 27 + "." + "9" * 38]), at=(MARIADB,),
    becomes={(MARIADB, MYSQL): Refused("Too big scale", mended=False)}, **DIGITS)
NO_NEGATIVE_ZERO = {(MYSQL, MARIADB): Translated("-0 becomes 0, which is equal: MariaDB stores no other", {"-0.0": "0.0"})}
add("Numbers", ("float", ["0", "-0e0", "1.5", "0.1", "16777217", "1.17549435e-38", "1e-45", "-3.4028234e38"]),
    ("float unsigned", ["0", "0.1", "3.4028234e38"]), ("float(7,2)", ["0", "0.07", "-99999.99"]),
    ("double", ["0", "-0e0", "0.1", "1.7976931348623157e308", "5e-324", "2.2250738585072014e-308", "9007199254740993"]),
    ("double unsigned", ["0", "0.1"]), ("double(12,3)", ["0", "0.615", "-999999999.999"]),
    becomes=NO_NEGATIVE_ZERO, **DOUBLE)
add("Numbers", *((f"bit({n})", ["b'0'", "b'1'", str(2 ** n - 1)]) for n in (1, 7, 8, 12, 33, 64)), **NUMBER)

# ---- Dates and times


def fraction(digits, one):
    return "." + one * digits if digits else ""


def with_fractions():
    for n in range(7):
        f = f"({n})" if n else ""
        nines, ones = fraction(n, "9"), fraction(n, "0")[:-1] + "1" if n else ""
        yield f"time{f}", ["'00:00:00'", f"'-00:00:00{nines}'", f"'838:59:58{nines}'", f"'-838:59:59'", f"'12:34:56{ones}'"]
        yield f"datetime{f}", ["'0000-00-00 00:00:00'", "'1000-01-01 00:00:00'", f"'9999-12-31 23:59:59{nines}'",
                               f"'2024-02-29 01:02:03{ones}'", f"'2020-02-31 23:59:59{nines}'"]
        yield f"timestamp{f} NULL", ["'0000-00-00 00:00:00'", f"'1970-01-01 00:00:01{ones}'", "'2038-01-19 03:14:07'",
                                     f"'2024-02-29 23:59:59{nines}'"]


add("Dates and times", ("date", ["'0000-00-00'", "'2020-00-00'", "'2020-01-00'", "'2020-02-31'", "'0001-01-01'", "'1000-01-01'",
                                 "'9999-12-31'", "'2024-02-29'"]), *with_fractions(), **DIGITS)

# ---- Strings

WORDS = ["''", "'a'", "'a  '", "'ÄÖÜ€\U0001F600'", "'\\\\ \\0 \\n \\t \\' \\Z \"'"]


def strings():
    for name, most in (("char(255)", 255), ("varchar(63)", 63), ("varchar(64)", 64), ("varchar(255)", 255), ("varchar(300)", 300),
                       ("tinytext", 63), ("text", 16383), ("mediumtext", 20000), ("longtext", 70000)):
        yield name, [*WORDS, f"REPEAT('\U0001F600', {most})", f"REPEAT('x', {most})"]


add("Strings", ("char(0)", ["''"]), *strings())
# Of these servers have defaults that others do not know.
SPELLED = {c: f"{c} COLLATE {c}_general_ci" for c in ("utf8mb4", "utf8mb3", "ucs2", "utf16", "utf32")}
add("Strings", *((f"{t} CHARACTER SET {SPELLED.get(c, c)}", ["''", "'a'", "'a  '", "'ÄÖÜ'", "'\\\\ \\0 \\n \\t \\' \"'", "REPEAT('x', 90)"])
                 for t in ("char(90)", "varchar(250)", "text") for c in ("latin1", "utf8mb3", "ucs2", "utf16", "utf16le", "utf32")))

# Bytes that are a character there. Both flavours have all of these.
CHARSETS = {
    "armscii8": "b2b3", "ascii": "7e", "big5": "a440a15c", "cp1250": "8a9a", "cp1251": "c0ff", "cp1256": "c7ed", "cp1257": "c0fe",
    "cp850": "8081", "cp852": "8081", "cp866": "80ef", "cp932": "835c8140", "dec8": "c4d6", "eucjpms": "8fa2b7a4a2",
    "euckr": "b0a1", "gb2312": "b0a1", "gbk": "815cb0a1", "geostd8": "c0c1", "greek": "c1e1", "hebrew": "e0fa", "hp8": "a1c4",
    "keybcs2": "8081", "koi8r": "c0ff", "koi8u": "a4c0", "latin1": "80ff", "latin2": "a1b1", "latin5": "d0fd", "latin7": "c0fe",
    "macce": "8081", "macroman": "8081", "sjis": "835c8140", "swe7": "5b5d", "tis620": "a1fb", "ucs2": "20ac0000",
    "ujis": "8fa2b7a4a2", "utf16": "d83dde00", "utf16le": "3dd800de", "utf32": "0001f600", "utf8mb3": "e282ac", "utf8mb4": "f09f9880",
}
add("Character sets", *((f"varchar(20) CHARACTER SET {SPELLED.get(c, c)}", [f"_{c} x'{b}'", "'a '", "''"]) for c, b in CHARSETS.items()))
UNKNOWN = Refused("Unknown c")          # "character set", "collation"
add("Character sets", ("varchar(20) CHARACTER SET gb18030", ["_gb18030 x'81308130'"]), at=(MYSQL,), becomes=across(UNKNOWN))

# ---- Bytes

BYTES = ["''", "x'00'", "x'00ff20'", "x'2020'", "x'0d0a1a5c2709'"]


def byte_strings():
    for name, most in (("binary(6)", 6), ("binary(255)", 255), ("varbinary(10)", 10), ("varbinary(255)", 255), ("varbinary(300)", 300),
                       ("tinyblob", 255), ("blob", 65535), ("mediumblob", 70000), ("longblob", 70000)):
        yield name, [*BYTES, f"REPEAT(x'80', {most})", f"REPEAT(x'00', {most})"]


add("Bytes", ("binary(0)", ["''"]), *byte_strings())

# ---- Lists


def members(count):
    return ",".join(f"'m{i}'" for i in range(count))


def sets():
    for n in (1, 3, 8, 9, 16, 24, 33, 53, 54, 64):
        yield f"set({members(n)})", ["0", "1", str(2 ** n - 1), str(2 ** (n - 1))], {"label": f"set of {n}"}


add("ENUM and SET", ("enum('a','b','it''s','')", ["1", "3", "4", "0"]), ("enum('ä','\"\\\\') CHARACTER SET latin1", ["1", "2"]),
    (f"enum({members(300)})", ["1", "255", "256", "300"], {"label": "enum of 300"}), **NUMBER)
add("ENUM and SET", *sets(), read="CAST({} AS UNSIGNED)")

# ---- Types of one flavour, or kept otherwise

ONE_FLAVOUR = Refused("column 'v'")

JSONS = ["'{}'", "'[]'", "'null'", "'true'", "'\"\"'", "'-9223372036854775808'", "'18446744073709551615'", "'1.5'", "'-0.0'",
         "'[1, -1, 32767, 32768, 65535, 65536, -32768, -32769, 2147483647, -2147483648, 4294967295, 4294967296]'",
         "'{\"a\": {\"b\": [1, {\"c\": null}]}, \"ä\": \"\\\\u0000 \\\\\\\\ \\\\\" \\\\n \U0001F600\"}'",
         "CONCAT(REPEAT('[', 31), REPEAT(']', 31))", "JSON_OBJECT('s', REPEAT('x', 127), 't', REPEAT('y', 128))",
         "CONCAT('{\"k\": [', REPEAT('1234567, ', 30000), '0], \"l\": -70000}')"]
# What MySQL prints of these is another text.
ODD_JSONS = ["'[0.1, 1e14, 1e15, 1e16, 1e100, 1e-14, 1e-15, 1e-16, 123456.789, 5e-324, 1.7976931348623157e308]'", "'{\"b\":1,  \"aa\":2,\"a\":3}'"]
DEEP = [f"CONCAT(REPEAT('[', {n}), REPEAT(']', {n}))" for n in (32, 99)]
ROUNDED = ["'[123456789012345678901]'", "'{\"a\": 0.123456789012345678}'"]
# What a text has no type for.
DATED = ["JSON_OBJECT('d', CAST('2020-02-03' AS DATE))", "JSON_ARRAY(CAST('2020-02-03 04:05:06.789' AS DATETIME(6)), "
         "CAST('-12:34:56.7' AS TIME(6)), CAST('838:59:59' AS TIME))", "JSON_ARRAY(-0.01, 0.5, 123456789012.25)",
         "JSON_ARRAY(b'101', x'00ff', CAST(REPEAT('x', 200) AS BINARY))"]
ROUND = {"5B312E35302C20322E305D": "5B312E352C20322E305D"}    # [1.50, 2.0]: [1.5, 2.0]
STRINGS = "dates, times and bytes become strings of the same text"
add("JSON", ("json", JSONS + ODD_JSONS), at=(MYSQL,), read="HEX(CONVERT({} USING utf8mb4))")
add("JSON", ("json", DATED, {"label": "json that holds DATE, TIME, DATETIME, DECIMAL, bytes"}), at=(MYSQL,),
    read="HEX(CONVERT({} USING utf8mb4))", becomes={(MYSQL, MYSQL): Translated(f"{STRINGS}, decimals doubles", {}),
                                                    (MYSQL, MARIADB): Translated(f"{STRINGS}, decimals the same digits", {})})
add("JSON", ("json", ["JSON_ARRAY(1.50, 2.0)"], {"label": "json, a DECIMAL of 1.50 in it"}), at=(MYSQL,),
    read="HEX(CONVERT({} USING utf8mb4))", becomes={(MYSQL, MYSQL): Translated("1.5", ROUND)})
add("JSON", ("json", DEEP, {"label": "json, more than 31 brackets in one another"}), at=(MYSQL,), read="HEX(CONVERT({} USING utf8mb4))",
    becomes={(MYSQL, MARIADB): Stops("too many levels, brackets in brackets")})
add("JSON", ("json", JSONS), at=(MARIADB,), read="HEX(CONVERT({} USING utf8mb4))")
add("JSON", ("json", ROUNDED, {"label": "json, integers beyond 64 bits or fractions of more than 17 digits in it"}), at=(MARIADB,),
    read="HEX(CONVERT({} USING utf8mb4))", becomes={(MARIADB, MYSQL): Stops("which its type would round")})
SPACED = "'{\"b\":1,  \"aa\":2,\"a\":3,\"a\":1.0e2}'"
add("JSON", ("json", [SPACED], {"label": "json, spaces, order and doubles in it"}), at=(MARIADB,), read="CONVERT({} USING utf8mb4)",
    becomes={(MARIADB, MYSQL): Translated("the text that MySQL makes of it: keys in its order, of two the last, 1.0e2 is 100.0",
                                          {'{"b":1,  "aa":2,"a":3,"a":1.0e2}': '{"a": 100.0, "b": 1, "aa": 2}'})})
add("Addresses and identifiers",
    ("uuid", ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'00ff0000-0000-0000-0000-000000000000'",
              *(f"'6ccd780c-baba-{v}026-{n}564-5b8c656024db'" for v in "0123456789abcdef" for n in "089cf"),
              "'2000ff00-2027-405c-8000-000000002000'"]),
    ("inet4", ["'0.0.0.0'", "'255.255.255.255'", "'10.0.0.0'", "'0.0.0.1'", "'32.92.39.0'"]),
    ("inet6", ["'::'", "'::1'", "'fe80::'", "'::ffff:192.0.2.1'", "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'", "'2020:5c27:a::2000'"]),
    at=(MARIADB,), becomes=across(ONE_FLAVOUR), read="CONCAT({0}, ' ', HEX(CAST({0} AS BINARY(16))))")
add("Addresses and identifiers", ("uuid NOT NULL DEFAULT uuid()", ["'6ccd780c-baba-1026-9564-5b8c656024db'"]),
    ("uuid NOT NULL", ["UUID()"], {"more": ", UNIQUE KEY k (v)", "label": "uuid NOT NULL, UNIQUE KEY k (v)"}),
    at=(MARIADB,), becomes=across(ONE_FLAVOUR))

# ---- Vectors

FLOATS = ["x'0000803f0000004000004040'", "x'000000000000008001000000'", "x'd9cc795f0000f0c100008000'", "x'5c270a000d092000201a0000'"]
NO_VECTORS = Refused("column 'v'", before="11.7")
TO_OLD = {(MARIADB, MARIADB): NO_VECTORS, (MYSQL, MARIADB): NO_VECTORS}
add("Vectors", ("vector(3)", FLOATS), ("vector(3) NOT NULL", FLOATS), ("vector(1)", ["x'0000803f'"]),
    ("vector(4000)", ["REPEAT(x'0000803f', 4000)"]), since={MARIADB: "11.7"}, becomes=TO_OLD)
add("Vectors", ("vector(3)", ["x'0000803f'", "x'0000803f00000040'"], {"label": "vector(3), fewer numbers in it"}), at=(MYSQL,), since={MARIADB: "11.7"},
    becomes={(MYSQL, MARIADB): Stops("a vector of fewer numbers than its type says")})
add("Vectors", ("vector(3)", ["x'0000000000000000ffff7fff'"], {"label": "vector(3), the sum of the squares beyond FLOAT"}), at=(MYSQL,), since={MARIADB: "11.7"},
    becomes={(MYSQL, MARIADB): Stops("a vector whose numbers' squares are no float together")})
add("Vectors", ("vector(3) NOT NULL", FLOATS, {"more": ", VECTOR KEY k (v)"}), ("vector(3) NOT NULL", FLOATS, {"more": ", VECTOR KEY k (v) M=8 DISTANCE=cosine"}),
    at=(MARIADB,), since={MARIADB: "11.7"}, becomes={(MARIADB, MYSQL): Refused("key 'k'"), (MARIADB, MARIADB): NO_VECTORS})

# ---- Geometry: SRID and WKB, whichever server keeps it

SHAPES = {
    "point": ["POINT(1 2)", "POINT(-1.5 1e300)", "POINT(0 0)"], "linestring": ["LINESTRING(0 0,1 1)", "LINESTRING(0 0,1 1,2 0,5 5.25)"],
    "polygon": ["POLYGON((0 0,0 9,9 9,9 0,0 0))", "POLYGON((0 0,0 9,9 9,9 0,0 0),(1 1,1 2,2 2,1 1))"],
    "multipoint": ["MULTIPOINT(1 2,3 4)"], "multilinestring": ["MULTILINESTRING((0 0,1 1),(2 2,3 3,4 5))"],
    "multipolygon": ["MULTIPOLYGON(((0 0,0 1,1 1,0 0)),((5 5,5 6,6 6,5 5)))"],
    "geometrycollection": ["GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))", "GEOMETRYCOLLECTION(POINT(1 2))", "GEOMETRYCOLLECTION EMPTY"],
}


def shapes(kind, srid=0):
    return [f"ST_GeomFromText('{text}', {srid})" for text in SHAPES[kind]]


ALL_SHAPES = [v for kind in SHAPES for v in shapes(kind)]
POLYGONS = ["x'e610000001060000000100000001030000000100000004000000000000000000000000000000000000000000000000000000000000000000f03f000000000000f03f"
            "000000000000f03f00000000000000000000000000000000'", "x'e61000000101000000000000000000f03f0000000000000040'"]
add("Geometry", ("geometry", ALL_SHAPES), *((kind, shapes(kind)) for kind in SHAPES), ("geometry NOT NULL", ALL_SHAPES))
add("Geometry", ("geometry", ["x'ffffffff0101000000000000000000f03f0000000000000040'", "ST_GeomFromText('POINT(1 2)', 3857)"],
                 {"label": "geometry with SRIDs, of servers or of nobody"}))
add("Geometry", ("geometry", POLYGONS, {"label": "geometry of SRID 4326"}),
    becomes={(MARIADB, MYSQL): Translated("the same bytes, of which MySQL prints and reads the latitude first", {}),
             (MYSQL, MARIADB): Translated("the same bytes, of which MariaDB prints and reads the longitude first", {})})
add("Geometry", ("point NOT NULL", shapes("point"), {"more": ", SPATIAL KEY k (v)"}))
add("Geometry", ("geometry SRID 4326", POLYGONS), ("point NOT NULL SRID 0", shapes("point")), at=(MYSQL,), becomes=across(Refused("column 'v'")))
add("Geometry", ("point NOT NULL SRID 0", shapes("point"), {"more": ", SPATIAL KEY k (v)"}), at=(MYSQL,),
    becomes=across(ONE_FLAVOUR))

# ---- Compressed columns

LONG = ["''", "'a'", "REPEAT('a', 255)", "REPEAT('\\0', 256)", "CONCAT(REPEAT('ab', 120), UUID())"]
add("Compressed", *((f"{t} COMPRESSED", LONG) for t in ("varchar(300)", "varbinary(300)", "varchar(5000)", "tinytext", "text", "blob")),
    *((f"{t} COMPRESSED", [*LONG, "REPEAT('abcdefg', 30000)"]) for t in ("mediumtext", "longtext", "mediumblob", "longblob")),
    ("text COMPRESSED DEFAULT 'it''s'", LONG), at=(MARIADB,), becomes=across(ONE_FLAVOUR))

# ---- What a column's definition says

add("Defaults", ("int DEFAULT 7", ["1"]), ("int NOT NULL DEFAULT -1", ["1"]), ("decimal(5,2) NOT NULL DEFAULT 0.50", ["1"]),
    ("double DEFAULT 1.5e10", ["2"]), **DIGITS)
add("Defaults", ("bit(3) DEFAULT b'101'", ["1"]), ("enum('a','b') NOT NULL DEFAULT 'b'", ["1"]), ("set('a','b') DEFAULT 'a,b'", ["3"]), **NUMBER)
add("Defaults", ("varchar(20) NOT NULL DEFAULT 'it''s'", ["'x'"]), ("varchar(20) DEFAULT ''", ["'x'"]),
    ("varchar(20) DEFAULT 'a\\\\b\\nc'", ["'x'"]), ("varchar(20) COMMENT 'it''s \\\\ \\n'", ["'x'"]))
add("Defaults", ("timestamp(6) NULL DEFAULT '2020-01-01 00:00:00'", ["'2024-01-01'"]),
    ("datetime(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6)", ["'2024-01-01'"]),
    ("timestamp NOT NULL DEFAULT current_timestamp ON UPDATE current_timestamp", ["'2024-01-01'"]), **DIGITS)
EXPRESSION = Refused("a default that is an expression")
add("Defaults", ("varchar(40) DEFAULT (uuid())", ["'x'"]), ("int DEFAULT (1 + 2)", ["1"]), ("int DEFAULT (id * 2 - 1)", ["1"]),
    ("varchar(40) DEFAULT (concat('it''s', lower('B')))", ["'x'"]), ("text DEFAULT ('it''s')", ["'x'"]), ("varchar(9) DEFAULT ('x')", ["'y'"]),
    ("blob DEFAULT ('a')", ["'x'"]), ("int DEFAULT (-7)", ["1"]))
add("Defaults", ("json DEFAULT (json_object())", ["'[]'"]), ("json DEFAULT ('[]')", ["'{}'"]), read="HEX(CONVERT({} USING utf8mb4))")
add("Defaults", ("date DEFAULT (curdate())", ["'2024-01-01'"]), ("datetime(6) DEFAULT (now(6))", ["'2024-01-01'"]), **DIGITS)
add("Defaults", ("int DEFAULT (7 / 2)", ["1"]), ("int DEFAULT (crc32('a') % 7)", ["1"]), becomes=across(EXPRESSION))
add("Defaults", ("text NOT NULL DEFAULT 'abc'", ["'x'"]), ("longtext DEFAULT ''", ["'x'"]), at=(MARIADB,))
add("Defaults", ("binary(16) DEFAULT (uuid_to_bin(uuid()))", ["'x'"]), at=(MYSQL,), becomes={(MYSQL, MARIADB): EXPRESSION})
# ---- Generated and invisible columns: the row's own columns are id and, where there is one, a column beside it

def generated(expression, how):
    return f"GENERATED ALWAYS AS ({expression}) {how}"


for how in ("STORED", "VIRTUAL"):
    add("Generated and invisible", *((f"{kind} {generated(e, how)}", []) for kind, e in (
        ("int", "id + 1"), ("int unsigned", "id * 2"), ("bigint", "id * id - 7"), ("varchar(40) COLLATE utf8mb4_bin", "concat('ä', id, 'x')"),
        ("tinyint(1)", "id > 2000"), ("decimal(20,4)", "id + 0.5"), ("varchar(9)", "lower('A')"), ("int", "coalesce(null, id)"))), read="CONCAT({})")
    add("Generated and invisible", ("varchar(60)", ["'a'", "'Ä b'"], {"more": f", w varchar(70) {generated('concat(v, id)', how)}, KEY k (w)"}),
        ("varchar(60)", ["'a'", "'Ä b'"], {"more": f", w varchar(200) {generated('concat(upper(v), id)', how)}, UNIQUE KEY k (w)"}),
        ("varchar(60)", ["'a'", "'Ä b'"], {"more": f", w int {generated('char_length(v)', how)}, x int {generated('w + 1', how)} COMMENT 'it''s'"}),
        ("datetime(3)", ["'2020-01-01 00:00:00'"], {"more": f", w datetime(3) {generated('coalesce(v, v)', how)}"}), read="CONCAT({}, w)")
    add("Generated and invisible", (f"int {generated('id + 1', how)} INVISIBLE", []))
    add("Generated and invisible", ("json", ["'{\"a\": \"x\", \"b\": 2}'", "'{}'"],
                                    {"more": f", w varchar(20) {generated(chr(39).join(['json_unquote(json_extract(v, ', '$.a', '))']), how)}, KEY k (w)"}),
        ("int", ["1", "5"], {"more": f", w double {generated('v / 3', how)}"}),
        read="CONCAT({}, IFNULL(w, 'no'))", becomes=across(Refused("column 'w'")))
    add("Generated and invisible", ("timestamp NULL", ["'2020-01-01 00:00:00'"], {"more": f", w date {generated('date(v)', how)}, KEY k (w)"}),
        becomes=everywhere(Refused("column 'w'")))
add("Generated and invisible", (f"int {generated('id + 1', 'PERSISTENT')}", []), at=(MARIADB,))
add("Generated and invisible", (f"int {generated('id + 1', 'STORED')} NOT NULL", []), (f"int {generated('id + 1', 'VIRTUAL')} NOT NULL COMMENT ' NOT NULL'", []),
    at=(MYSQL,), becomes=everywhere(ONE_FLAVOUR))
add("Generated and invisible", ("timestamp NULL", ["'2020-01-01 00:00:00'"], {"more": f", w timestamp {generated('v', 'VIRTUAL')} NULL"}), at=(MYSQL,))
add("Generated and invisible", ("int INVISIBLE", ["1"]), ("int DEFAULT 5 INVISIBLE COMMENT 'INVISIBLE'", ["1"]))
add("Checks", ("int CHECK ({} > -9)", ["1", "-8"]), at=(MARIADB,), becomes=across(Refused("column 'v'")))
add("Checks", ("int CHECK ({} > -9)", ["1", "-8"]), at=(MYSQL,))
add("Checks", *(("int", ["1", "-8"], {"more": f", CONSTRAINT c{i} CHECK ({check})"}) for i, check in enumerate((
    "v > -9 AND id < 10000", "v BETWEEN -9 AND 5 OR v IS NULL", "v IN (1, -8, 3) AND id NOT IN (4, 5)", "NOT (v > 10) OR v IS NULL",
    "v + 1 * 2 - id < 10000 AND v <> 99 AND v <=> v", "COALESCE(v, 1) > -9.5", "v IS NULL OR (v < 9 AND (v > -9 OR v = 8) AND id > 0)",
    "IF(v > 1, 1, 0) = 0 OR ABS(v) < 9 OR v IS NULL"))))
add("Checks", *(("varchar(40)", ["'a'", "'bä'"], {"more": f", CONSTRAINT d{i} CHECK ({check})"}) for i, check in enumerate((
    "CHAR_LENGTH(v) < 100 AND LENGTH(v) < 100", "v LIKE '%a%' OR v IN ('bä', 'it''s') OR v = ''", "LOWER(v) = v OR UPPER(v) IS NOT NULL",
    "CONCAT(v, '\\\\') <> '\\''"))))
add("Checks", ("int", ["1", "-8"], {"more": ", CHECK (v > -9), CHECK (v < 9)"}))
add("Checks", ("int", ["1", "2"], {"more": ", CONSTRAINT e1 CHECK (v / 2 < 9)"}), ("int", ["1"], {"more": ", CONSTRAINT e2 CHECK (v % 2 < 9)"}),
    ("varchar(40)", ["'a'"], {"more": ", CONSTRAINT e3 CHECK (v REGEXP '^[a-z]')"}), becomes=across(Refused("constraint 'e")))
add("Checks", ("int", ["1", "-10"], {"more": ", CONSTRAINT e4 CHECK (v > -9) NOT ENFORCED"}), at=(MYSQL,),
    becomes=across(Refused("constraint 'e4'")))

# ---- Collations: of a key they say which values are one

add("Collations", *((f"varchar(40) COLLATE {c}", ["'ä'", "'A'", "'b '"]) for c in
                    ("utf8mb4_bin", "utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_unicode_520_ci", "utf8mb4_german2_ci",
                     "latin1_german1_ci", "latin1_bin", "utf8mb3_bin", "ascii_bin")))
add("Collations", *((f"varchar(40) COLLATE {c}", ["'ä'", "'b'"], {"more": ", UNIQUE KEY k (v)"}) for c in
                    ("utf8mb4_bin", "utf8mb4_general_ci", "utf8mb4_unicode_ci")))
add("Collations", ("varchar(40) COLLATE utf8mb4_0900_ai_ci", ["'ä'", "'b'"]), at=(MYSQL,),
    becomes=across(Refused("Unknown collation", before="11.8")))
add("Collations", ("varchar(40) COLLATE utf8mb4_0900_ai_ci", ["'ä'", "'b'"], {"more": ", UNIQUE KEY k (v)"}), at=(MYSQL,),
    becomes=across(ONE_FLAVOUR))
add("Collations", ("varchar(40) COLLATE utf8mb4_uca1400_ai_ci", ["'ä'", "'b'"]), ("varchar(40) COLLATE utf8mb4_nopad_bin", ["'a'", "'a '"]),
    at=(MARIADB,), becomes=across(Refused("Unknown collation")))
add("Collations", ("varchar(40) COLLATE utf8mb4_uca1400_ai_ci", ["'ä'", "'b'"], {"more": ", UNIQUE KEY k (v)"}), at=(MARIADB,),
    becomes=across(ONE_FLAVOUR))

# ---- Keys

add("Keys", ("int", ["1", "2"], {"more": ", KEY k (v DESC)"}), ("int", ["1", "2"], {"more": ", UNIQUE KEY k (v) COMMENT 'it''s'"}),
    **DIGITS)
add("Keys", ("varchar(200)", ["'a'", "'b'"], {"more": ", KEY k (v(10))"}), ("text", ["'a'", "'b c'"], {"more": ", FULLTEXT KEY k (v)"}))
add("Keys", ("int", ["1"], {"more": ", KEY k ((v + 1))"}), ("int", ["1"], {"more": ", KEY k (v) INVISIBLE"}), at=(MYSQL,),
    becomes=across(Refused("key 'k'")), **DIGITS)
add("Keys", ("int", ["1"], {"more": ", KEY k (v) IGNORED"}), at=(MARIADB,), becomes=across(Refused("key 'k'")), **DIGITS)
add("Keys", ("text", ["'a'"], {"more": ", UNIQUE KEY k (v)"}), at=(MARIADB,), becomes=across(Refused("key 'k'")))

# ---- Tables

add("Tables", ("varchar(200)", ["'a'"], {"options": "ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 COMMENT='it''s'"}),
    ("varchar(200)", ["'a'"], {"options": "ROW_FORMAT=DYNAMIC STATS_PERSISTENT=1"}))
add("Tables", ("int", ["1"], {"options": "PAGE_COMPRESSED=1"}), at=(MARIADB,), becomes=across(Refused("PAGE_COMPRESSED", mended=False)), **DIGITS)
add("Tables", ("int", ["1"], {"options": "COMPRESSION='zlib'"}), at=(MYSQL,), becomes=across(Refused("COMPRESSION", mended=False)), **DIGITS)
NO_VERSIONS = Refused("SYSTEM VERSIONED", mended=False)
add("Tables", ("int", ["1"], {"options": "WITH SYSTEM VERSIONING", "label": "int WITH SYSTEM VERSIONING, between servers of one version"}),
    at=(MARIADB,), between="SYSTEM VERSIONED", becomes=across(NO_VERSIONS))
add("Tables", ("bigint unsigned GENERATED ALWAYS AS ROW START", [], {"more": ", w bigint unsigned GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (v, w)",
               "options": "WITH SYSTEM VERSIONING", "label": "SYSTEM VERSIONING by transactions (bigint)"}),
    ("int", [], {"options": "WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME PARTITIONS 2", "label": "PARTITION BY SYSTEM_TIME"}),
    at=(MARIADB,), becomes=everywhere(NO_VERSIONS))
add("Tables", ("date NOT NULL", ["'2020-01-01'"], {"more": ", w date NOT NULL DEFAULT '2030-01-01', PERIOD FOR p (v, w)"}), at=(MARIADB,), becomes=across(Refused("PERIOD FOR", mended=False)),
    **DIGITS)
add("Tables", ("date NOT NULL", ["'2020-01-01'"], {"more": ", w date NOT NULL DEFAULT '2030-01-01', PERIOD FOR p (v, w), UNIQUE KEY k (id, p WITHOUT OVERLAPS)"}),
    at=(MARIADB,), becomes=across(Refused("PERIOD FOR", mended=False)), **DIGITS)
add("Tables", *(("int", ["1", "2"], {"options": f"PARTITION BY {how}"}) for how in (
    "HASH (id) PARTITIONS 2", "KEY (id) PARTITIONS 3", "LIST (id MOD 2) (PARTITION a VALUES IN (0), PARTITION b VALUES IN (1))",
    "RANGE (id) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (PARTITION a VALUES LESS THAN (2000), PARTITION b VALUES LESS THAN MAXVALUE)")),
    becomes=across(Refused("PARTITION")), **DIGITS)

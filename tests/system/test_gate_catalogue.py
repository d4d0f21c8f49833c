"""information_schema and SHOW show a moved table where clients know it, as a server would that has all tables."""
import contextlib
import os
import re

import pymysql
import pytest

from lib import combo, mariadb

pytestmark = pytest.mark.skipif(bool(combo.missing_programs()), reason="not all programs are built")

USERS = """CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT,
    name VARCHAR(40) NOT NULL DEFAULT 'a\\\\b''c' COMMENT 'it''s \\\\ "quoted"',
    n DECIMAL(5,2) UNSIGNED, e ENUM('a','b''c'), t DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3),
    UNIQUE KEY un (name), KEY ne (n, e), KEY part (name(10)), CONSTRAINT ck CHECK (n > 0 OR n IS NULL))
    COMMENT='users \u00fc table'"""
EVENTS = """CREATE TABLE `Odd-name` (a INT, b VARCHAR(9), `c d` TEXT, PRIMARY KEY (a, b))
    PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)"""
STAY = """CREATE TABLE s (id INT PRIMARY KEY, v VARCHAR(30) COMMENT 'stays', u INT, g POINT, KEY kv (v),
    CONSTRAINT chk CHECK (id > 0)) DEFAULT CHARSET=latin1"""
CHILD = "CREATE TABLE child (id INT PRIMARY KEY, s INT, CONSTRAINT fk FOREIGN KEY (s) REFERENCES s (id))"
DEFINER = "DEFINER = vt_app@'127.0.0.1'"
REST = [
    "SET NAMES utf8mb4",
    # by an administrator: with a binlog triggers need SUPER
    f"CREATE {DEFINER} VIEW sv AS SELECT s.id, s.v FROM s",
    f"CREATE {DEFINER} TRIGGER tr BEFORE INSERT ON s FOR EACH ROW SET NEW.v = CONCAT(NEW.v, 'x')",
    f"CREATE {DEFINER} PROCEDURE p(IN a INT, OUT b VARCHAR(10)) SET b = a",
    f"CREATE {DEFINER} EVENT ev ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01 00:00:00' DISABLE DO SET @x = 1",
]

# What no two servers have in common: times, sizes, estimates.
VOLATILE = {"CREATE_TIME", "UPDATE_TIME", "CHECK_TIME", "TABLE_ROWS", "AVG_ROW_LENGTH", "DATA_LENGTH", "INDEX_LENGTH",
            "DATA_FREE", "CARDINALITY", "AUTO_INCREMENT", "CREATED", "LAST_ALTERED", "MAX_DATA_LENGTH", "CHECKSUM",
            "ROWS", "ORIGINATOR"}
OF_TABLES = ["TABLES", "COLUMNS", "STATISTICS", "KEY_COLUMN_USAGE", "TABLE_CONSTRAINTS", "REFERENTIAL_CONSTRAINTS",
             "CHECK_CONSTRAINTS", "TRIGGERS", "VIEWS", "PARTITIONS", "TABLE_PRIVILEGES", "COLUMN_PRIVILEGES",
             "GEOMETRY_COLUMNS", "SCHEMATA", "SCHEMA_PRIVILEGES", "ROUTINES", "PARAMETERS", "EVENTS"]


def connect(where, database="customer", **more):
    return contextlib.closing(pymysql.connect(**{**where, "database": database, "autocommit": True, **more}))


def without_numbers(value):
    """Of SHOW CREATE TABLE: a copied table goes on counting at another number."""
    return re.sub(r" AUTO_INCREMENT=\d+", "", value) if isinstance(value, str) else value


def ask(where, sql, database="customer", **more):
    """Rows without volatile columns, and names and types of all columns; or the error's number."""
    with connect(where, database, **more) as c, c.cursor() as cursor:
        try:
            cursor.execute(sql)
        except pymysql.MySQLError as e:
            return "error", e.args[0]
        fields = cursor._result.fields
        keep = [i for i, f in enumerate(fields) if f.name.upper() not in VOLATILE]
        rows = [tuple(without_numbers(row[i]) for i in keep) for row in cursor.fetchall()]
        return [(f.name, f.type_code, f.charsetnr, f.flags & 0x20) for f in fields], rows


class Sides:
    def __init__(self, cluster, server):
        self.gate = {"host": "127.0.0.1", "port": cluster.gate_port, "user": "app"}
        self.direct = {"host": "127.0.0.1", "port": server.port, "user": "vt_app", "password": "x"}
        self.cluster, self.server = cluster, server

    def same(self, sql, **more):
        gate, direct = ask(self.gate, sql, **more), ask(self.direct, sql, **more)
        assert gate[0] == direct[0], f"columns of {sql}"
        if gate[0] == "error":
            assert gate == direct, sql
            return gate
        if "ORDER BY" in sql or sql.startswith("SHOW"):
            assert gate[1] == direct[1], sql
        else:
            assert sorted(gate[1], key=str) == sorted(direct[1], key=str), sql
        return gate[1]


@pytest.fixture(scope="module")
def moved(shared_combo, template, tmp_path_factory):
    """users and `Odd-name` have moved; the server has them in both databases."""
    home = tmp_path_factory.mktemp("direct")
    for part in (home, *list(home.parents)[:2]):     # readable by the database server's account
        os.chmod(part, 0o755)
    server = mariadb.Server(template, str(home), "direct", 999, ["--character-set-server=utf8mb4"]).start()
    sides = Sides(shared_combo, server)
    try:
        with contextlib.closing(server.connect()) as c, c.cursor() as cursor:
            cursor.execute("CREATE USER vt_app@'127.0.0.1' IDENTIFIED BY 'x'")
            for keyspace in ("customer", "new_customer"):
                cursor.execute(f"CREATE DATABASE {keyspace}")
                cursor.execute(f"GRANT ALL PRIVILEGES ON {keyspace}.* TO vt_app@'127.0.0.1'")
            cursor.execute("GRANT PROCESS ON *.* TO vt_app@'127.0.0.1'")
        for where in (sides.gate, sides.direct):
            with connect(where) as c, c.cursor() as cursor:
                for sql in (STAY, CHILD, USERS, EVENTS):
                    cursor.execute(sql)
                cursor.execute("INSERT INTO users (name, n, e) VALUES ('a', 1, 'a'), ('b', 2.5, NULL)")
                cursor.execute("INSERT INTO `Odd-name` VALUES (1, 'x', 'y'), (11, 'z', NULL)")
        administrator = {"port": shared_combo.port("server", "customer"), "user": "vt_dba"}
        shared_combo.mariadb(";\n".join(REST), "customer", **administrator)
        with contextlib.closing(server.connect("customer")) as c, c.cursor() as cursor:
            for sql in REST:
                cursor.execute(sql)
        for table in ("users", "Odd-name"):
            shared_combo.client("MoveTables", f"customer.{table}", f"new_customer.{table}")
        with connect(sides.direct, "new_customer") as c, c.cursor() as cursor:
            for sql in (USERS, EVENTS):
                cursor.execute(sql)
        yield sides
    finally:
        server.remove()


@pytest.fixture(scope="module", params=["moved", "dropped"])
def sides(moved, request):
    if request.param == "dropped":
        for table in ("users", "Odd-name"):
            moved.cluster.client("DropTable", f"customer.{table}")
    return moved


@pytest.mark.parametrize("table", OF_TABLES)
def test_every_row_of_the_catalogue_is_that_of_one_server(sides, table):
    assert sides.same(f"SELECT * FROM information_schema.{table}") or table in ("TABLE_PRIVILEGES", "COLUMN_PRIVILEGES")


WHERES = [
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'customer' ORDER BY table_name",
    "SELECT t.table_name FROM information_schema.`TABLES` AS t WHERE t.table_schema = DATABASE() ORDER BY 1",
    "SELECT TABLE_NAME, column_name, column_type, column_default FROM information_schema.columns "
    "WHERE (table_schema = 'customer') AND table_name IN ('users', 's') ORDER BY table_name, ordinal_position",
    "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'new_customer'",
    "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema <> 'customer' AND table_name = 'users'",
    "SELECT information_schema.tables.table_name FROM information_schema.tables WHERE table_schema = 'customer' ORDER BY 1",
    "SELECT c.table_name, c.column_name, k.constraint_name FROM information_schema.columns c "
    "LEFT JOIN information_schema.key_column_usage k USING (table_schema, table_name, column_name) "
    "WHERE c.table_schema = 'customer' ORDER BY 1, 2, 3",
    "SELECT (SELECT COUNT(*) FROM information_schema.statistics i WHERE i.table_name = t.table_name "
    "AND i.table_schema = 'customer') n, table_name FROM information_schema.tables t "
    "WHERE t.table_schema = 'customer' AND t.table_type = 'BASE TABLE' ORDER BY table_name",
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'customer' OR table_name = 'users' ORDER BY 1",
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'nosuch'",
    "SELECT table_name FROM information_schema.tables WHERE table_schema = '_vt'",
    "SELECT table_schema FROM information_schema.tables WHERE table_name = 'users' ORDER BY 1",
    "SELECT table_name FROM information_schema.tables WHERE 'customer' = table_schema AND NOT table_name = 's' ORDER BY 1",
    "SELECT table_name FROM information_schema.tables WHERE table_schema BETWEEN 'a' AND 'd' ORDER BY 1",
    "SELECT CASE WHEN table_name = 'users' AND table_schema = 'customer' THEN 1 END c FROM information_schema.tables "
    "WHERE table_schema = 'customer' ORDER BY table_name",
    "SELECT x.table_name FROM (SELECT table_name FROM information_schema.tables WHERE table_schema = 'customer') x ORDER BY 1",
    "WITH x AS (SELECT table_name FROM information_schema.tables WHERE table_schema = 'customer') SELECT * FROM x ORDER BY 1",
    "SELECT table_name FROM information_schema.views WHERE table_schema = 'customer' UNION "
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'new_customer' ORDER BY 1",
    "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '%customer' ORDER BY 1",
    "SELECT tables.table_name FROM information_schema.TABLES WHERE table_schema = 'customer'",
    "SELECT nosuch FROM information_schema.tables WHERE table_schema = 'customer'",
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'customer' "
    "AND table_name = CONVERT('users' USING latin1) ORDER BY 1",
]
SHOWS = [
    "SHOW TABLES", "show  full\ttables ;", "SHOW TABLES LIKE 'u%'", "SHOW FULL TABLES LIKE '%s'",
    "SHOW TABLES WHERE Tables_in_customer <> 's'", "SHOW FULL TABLES IN customer WHERE Table_type = 'VIEW'",
    "SHOW TABLES FROM new_customer", "SHOW TABLES FROM new_customer LIKE 'U%'", "SHOW TABLES LIKE 'Odd-%'",
    "SHOW TABLES WHERE Table_type = 'VIEW'", "SHOW TABLES FROM nosuch", "SHOW TABLES FROM `customer` LIKE 'it''s'",
    "SHOW TABLES FROM information_schema LIKE 'TABLES'",
    "SHOW TABLE STATUS", "SHOW TABLE STATUS LIKE 'users'", "SHOW TABLE STATUS FROM new_customer WHERE Name = 'users'",
    "SHOW TRIGGERS", "SHOW TRIGGERS FROM new_customer", "SHOW TRIGGERS LIKE 's'", "SHOW TRIGGERS WHERE `Trigger` = 'tr'",
    "SHOW DATABASES", "SHOW SCHEMAS LIKE '%customer'", "SHOW DATABASES WHERE `Database` = 'customer'",
    "SHOW COLUMNS FROM users", "SHOW FULL FIELDS FROM users FROM customer LIKE 'n%'", "DESCRIBE users", "DESC users n",
    "EXPLAIN users", "SHOW COLUMNS FROM `Odd-name`", "SHOW INDEX FROM users", "SHOW KEYS IN users IN customer WHERE Key_name = 'un'",
    "SHOW CREATE TABLE users", "SHOW CREATE TABLE customer.users", "SHOW CREATE TABLE new_customer.`Odd-name`",
    "SHOW CREATE TABLE s", "SHOW CREATE VIEW sv", "SHOW CREATE TRIGGER tr", "SHOW CREATE TABLE nosuch",
    "SHOW COLUMNS FROM users WHERE Field = 'id'",
]


@pytest.mark.parametrize("sql", WHERES + SHOWS)
def test_a_question_to_the_catalogue_is_answered_as_by_one_server(sides, sql):
    sides.same(sql)


def prepared(where, sql, values):
    """The protocol's prepared statement, twice: what was shipped with the first may be old at the second."""
    with connect(where) as c, c.cursor() as cursor:
        from lib import both
        client = both.Client(0, **where, database="customer")
        try:
            answers = [client.prepared(sql, values) for _ in range(2)]
        finally:
            client.close()
    assert answers[0].same(answers[1])
    return answers[0]


@pytest.mark.parametrize("sql, values", [
    ("SELECT table_name, table_comment, version FROM information_schema.tables WHERE table_schema = ? ORDER BY 1", ["customer"]),
    ("SELECT column_name, numeric_precision, ordinal_position FROM information_schema.columns WHERE table_schema = ? "
     "AND table_name = ? ORDER BY ordinal_position", ["customer", "users"]),
    ("SHOW FULL TABLES", []), ("SHOW DATABASES LIKE '%customer'", []), ("SHOW CREATE TABLE `Odd-name`", []),
    ("SHOW COLUMNS FROM users", []), ("SHOW INDEX FROM `Odd-name`", []),
])
def test_a_prepared_question_has_the_same_answer(sides, sql, values):
    gate, direct = prepared(sides.gate, sql, values), prepared(sides.direct, sql, values)
    if "INDEX" not in sql:      # estimates
        assert gate.rows == direct.rows
    assert [c[:2] for c in gate.what if isinstance(c, tuple)] == [c[:2] for c in direct.what if isinstance(c, tuple)]


@pytest.mark.parametrize("settings", ["SET sql_mode = 'ANSI_QUOTES'", "SET sql_mode = 'NO_BACKSLASH_ESCAPES'",
                                      "SET NAMES latin1", "SET sql_select_limit = 1", "SET character_set_results = NULL"])
def test_what_a_session_has_set_does_not_reach_the_rows(sides, settings):
    ask_it = ("SELECT column_name, column_default, column_comment FROM information_schema.columns "
              "WHERE table_schema = 'customer' AND table_name = 'users' ORDER BY ordinal_position")
    answers = []
    for where in (sides.gate, sides.direct):
        with connect(where) as c, c.cursor() as cursor:
            cursor.execute(settings)
            cursor.execute(ask_it)
            answers.append(cursor.fetchall())
    assert answers[0] == answers[1]


def test_the_catalogue_is_read_within_a_transaction_and_leaves_it_alone(sides):
    for where in (sides.gate, sides.direct):
        with connect(where) as c, c.cursor() as cursor:
            c.begin()
            cursor.execute("INSERT INTO users (name) VALUES ('gone')")
            cursor.execute("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'customer' AND table_name <> 'sv'")
            assert cursor.fetchone() == (4,)
            cursor.execute("SHOW TABLES")
            assert ("users",) in cursor.fetchall()
            c.rollback()
            cursor.execute("SELECT COUNT(*) FROM users WHERE name = 'gone'")
            assert cursor.fetchone() == (0,)


def test_a_table_is_filled_from_the_catalogue(sides):
    counts = []
    for where in (sides.gate, sides.direct):
        with connect(where) as c, c.cursor() as cursor:
            cursor.execute("CREATE TABLE names (n VARCHAR(200))")
            try:
                cursor.execute("INSERT INTO names SELECT table_name FROM information_schema.tables WHERE table_schema = 'customer'")
                cursor.execute("SELECT n FROM names WHERE n <> 'names' ORDER BY n")
                counts.append(cursor.fetchall())
            finally:
                cursor.execute("DROP TABLE names")
    assert counts[0] == counts[1]

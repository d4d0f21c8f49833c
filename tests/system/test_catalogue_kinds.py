"""What clients ask catalogues is answered whatever kinds of servers the tables are at: other versions have other columns."""
import os

import pytest

from lib import flavours
from lib.combo import Combo, Failed

PAIRS = [*flavours.PAIRS, ("mariadb-10.11", "mariadb-11.8"), ("mariadb-11.8", "mariadb-10.11")]
# Of both flavours: what shows tables, and where their names are in it.
TABLES = {"TABLES": "TABLE_NAME", "COLUMNS": "TABLE_NAME", "STATISTICS": "TABLE_NAME", "KEY_COLUMN_USAGE": "TABLE_NAME",
          "TABLE_CONSTRAINTS": "TABLE_NAME", "PARTITIONS": "TABLE_NAME"}


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def shop(request, shared_folder, combo_template):
    """customer.users has moved, customer.s stays; moved is what was at the other server before."""
    home = os.path.join(shared_folder, "-".join(request.param))
    os.mkdir(home)
    c = Combo(home, template=combo_template)
    flavours.up(c, *request.param)
    c.mariadb("CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20), KEY n (name)); INSERT INTO users VALUES (1, 'x');"
              "CREATE TABLE s (id INT PRIMARY KEY, v INT, CONSTRAINT c CHECK (v > 0))", "customer")
    c.client("MoveTables", "customer.users", "new_customer.users")
    yield c
    c.down()


def ask(shop, sql):
    return [line.split("\t") for line in shop.mariadb(sql, "customer").splitlines()]


def column(rows, i=0):
    return sorted({row[i] for row in rows})


@pytest.mark.parametrize("table", TABLES)
def test_tables_of_both_servers_are_in_the_catalogue(shop, table):
    for keyspace, wanted in (("customer", ["s", "users"]), ("new_customer", ["users"])):
        rows = ask(shop, f"SELECT {TABLES[table]} FROM information_schema.{table} WHERE TABLE_SCHEMA = '{keyspace}'")
        assert column(rows) == wanted
        assert ask(shop, f"SELECT * FROM information_schema.{table} WHERE TABLE_SCHEMA = '{keyspace}'")


def test_a_column_is_described_as_at_its_server(shop):
    rows = ask(shop, "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, DATA_TYPE, COLUMN_KEY, EXTRA "
                     "FROM information_schema.COLUMNS WHERE TABLE_NAME = 'users' AND TABLE_SCHEMA LIKE '%customer' ORDER BY 1, 4")
    assert rows == [[k, "users", *c] for k in ("customer", "new_customer")
                    for c in (["id", "1", "NO", "int", "PRI", "auto_increment"], ["name", "2", "YES", "varchar", "MUL", ""])]


def test_shows_list_what_the_keyspace_has(shop):
    assert column(ask(shop, "SHOW TABLES")) == ["s", "users"]
    assert {"customer", "new_customer"} <= set(column(ask(shop, "SHOW DATABASES")))
    assert column(ask(shop, "SHOW TABLE STATUS")) == ["s", "users"]
    assert column(ask(shop, "SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'")) == ["s", "users"]
    assert ask(shop, "SHOW TRIGGERS") == []
    assert ["customer", "users"] in [row[:2] for row in ask(shop, "SHOW OPEN TABLES FROM customer")]


def test_grants_and_processes_are_the_clients_own(shop):
    assert any("`app`@`%`" in row[0] and "customer" in row[0] for row in ask(shop, "SHOW GRANTS"))
    shown = ask(shop, "SHOW FULL PROCESSLIST")
    assert column(shown, 1) == ["app"] and "SHOW FULL PROCESSLIST" in column(shown, 7)
    listed = ask(shop, "SELECT ID, USER, COMMAND, INFO FROM information_schema.PROCESSLIST")
    assert column(listed, 1) == ["app"] and len(ask(shop, "SELECT * FROM information_schema.PROCESSLIST")) == len(listed)


def test_checks_are_shown_with_their_keyspace(shop):
    assert ask(shop, "SELECT CONSTRAINT_NAME FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = 'customer'") == [["c"]]


@pytest.mark.parametrize("table", ["TABLE_STATISTICS", "GEOMETRY_COLUMNS", "CHECK_CONSTRAINTS", "VIEWS", "TRIGGERS", "EVENTS", "ROUTINES",
                                   "PARAMETERS", "REFERENTIAL_CONSTRAINTS", "SCHEMATA", "SCHEMA_PRIVILEGES", "USER_PRIVILEGES"])
def test_a_table_that_only_one_of_them_has_is_answered_or_unknown(shop, table):
    try:
        ask(shop, f"SELECT * FROM information_schema.{table}")
    except Failed as e:
        assert "ERROR 1109" in str(e)

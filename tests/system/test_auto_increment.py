"""AUTO_INCREMENT goes on at the target exactly where the source would have gone on."""
import threading

import pymysql
import pytest

from lib import combo

pytestmark = pytest.mark.skipif(bool(combo.missing_programs()), reason="not all programs are built")

ID = "id {0} NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT"

# name: definition, what is done to it, and the value that its next row gets at the source
TABLES = {
    "highest_deleted": (ID.format("INT"), ["INSERT INTO {0} (v) SELECT seq FROM seq_1_to_20", "DELETE FROM {0} WHERE id > 7"]),
    "never_a_row": (ID.format("INT"), ["ALTER TABLE {0} AUTO_INCREMENT = 50"]),
    "from_one": (ID.format("INT"), ["ALTER TABLE {0} AUTO_INCREMENT = 1"]),
    "rolled_back": (ID.format("INT"), ["INSERT INTO {0} (v) VALUES (1)", "BEGIN", "INSERT INTO {0} (v) SELECT seq FROM seq_1_to_9",
                                       "ROLLBACK"]),
    "negative": (ID.format("INT"), ["INSERT INTO {0} VALUES (-5, 1)"]),
    "nearly_full": (ID.format("TINYINT"), ["INSERT INTO {0} VALUES (126, 1)"]),
    "full": (ID.format("TINYINT"), ["INSERT INTO {0} VALUES (127, 1)"]),
    "unsigned_big": (ID.format("BIGINT UNSIGNED"), ["INSERT INTO {0} VALUES (18446744073709551613, 1)"]),
    "in_tens": (ID.format("INT"), ["SET auto_increment_increment = 10, auto_increment_offset = 5",
                                   "INSERT INTO {0} (v) VALUES (1), (2), (3)"]),
    "second_in_key": ("k INT NOT NULL, id INT NOT NULL AUTO_INCREMENT, v INT, PRIMARY KEY (k, id), KEY (id)",
                      ["INSERT INTO {0} (k, v) VALUES (1, 1), (1, 2)", "DELETE FROM {0} WHERE id = 2"]),
    "none": ("id INT NOT NULL PRIMARY KEY, v INT", ["INSERT INTO {0} VALUES (7, 1)"]),
}


@pytest.fixture(scope="module")
def moved(shared_combo):
    """All tables moved; what the source's next value was, by name."""
    c, next_values = shared_combo, {}
    password = c.credentials()["vt_dba"]["password"]
    for name, (definition, statements) in TABLES.items():
        with pymysql.connect(host="127.0.0.1", port=c.port("server", "customer"), user="vt_dba", password=password,
                             database="customer", autocommit=True) as conn, conn.cursor() as cur:
            cur.execute(f"CREATE TABLE {name} ({definition})")
            for sql in statements:
                cur.execute(sql.format(name))
            cur.execute("SELECT auto_increment FROM information_schema.tables WHERE table_schema = 'customer' AND "
                        "table_name = %s", name)
            next_values[name] = cur.fetchone()[0]
        c.client("MoveTables", f"customer.{name}", f"new_customer.{name}")
    return c, next_values


def at_target(c, sql):
    return c.mariadb(sql, user="vt_dba", port=c.port("server", "new_customer"), database="new_customer").strip()


@pytest.mark.parametrize("name", TABLES)
def test_the_next_value_is_carried_exactly(moved, name):
    c, next_values = moved
    there = at_target(c, "SELECT auto_increment FROM information_schema.tables WHERE table_schema = 'new_customer' AND "
                      f"table_name = '{name}'")
    assert there == ("NULL" if next_values[name] is None else str(next_values[name]))


def test_what_clients_are_given_across_a_switch_has_no_gap(shared_combo):
    """One client at a time: each value but the last of the source has its successor."""
    c, given, stop, failed = shared_combo, [], threading.Event(), []

    def insert():
        try:
            with pymysql.connect(host="127.0.0.1", port=c.gate_port, user="app", database="customer", autocommit=True) as conn:
                with conn.cursor() as cur:
                    while not stop.is_set():
                        cur.execute("INSERT INTO counted (v) VALUES (1)")
                        given.append(cur.lastrowid)
        except pymysql.err.Error as e:
            failed.append(e)

    c.mariadb("CREATE TABLE counted (id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT)", database="customer")
    writer = threading.Thread(target=insert, daemon=True)
    writer.start()
    try:
        c.client("MoveTables", "customer.counted", "new_customer.counted")
        before = len(given)
        combo.proc.wait_for(lambda: len(given) > before + 20 or failed, 60, "writes at the target")
    finally:
        stop.set()
        writer.join()
    assert failed == []
    assert given == list(range(1, len(given) + 1))
    assert int(at_target(c, "SELECT COUNT(*) FROM counted")) == len(given)

"""Functions of the servers' own are no stored ones: a statement with one of them runs where its tables are."""
import re

import pymysql
import pytest

from lib import combo as combos
from lib import flavours

pytestmark = pytest.mark.skipif(bool(combos.missing_programs()), reason="not all programs are built")

NO_FUNCTION = (1305, 1630, 1064, 1046)       # unknown, in a database too; no syntax; no database
# They wait, or do something; or they are MariaDB's alone, by names that a stored function of MySQL may have.
NOT_PLAIN = re.compile(r"(master|source)_\w+|wsrep_\w+|wait_for_\w+|\w+_oracle|asynchronous_\w+|group_replication_\w+|\w+_read_lock\w*|"
                       r"\w+_write_lock\w*|des_\w+|ps_\w+|gtid_\w+|icu_version|get_dd_\w+|can_access_\w+|internal_\w+|roles_graphml|validate_\w+|"
                       r"(st_|mline|mpoint|mpoly|multi|line|point|poly|geom|num|interior|exterior|is|start|end)\w*|"
                       r"area|asbinary|aswkt|boundary|buffer|centroid|contains|convexhull|crosses|dimension|disjoint|envelope|equals|glength|"
                       r"intersects|overlaps|srid|touches|within|x|y")


def words(conn):
    """All that the server has help or a list for."""
    found = {w for (topic,) in flavours.rows(conn, "SELECT LOWER(name) FROM mysql.help_topic") for w in re.findall(r"^\w+", topic)}
    if flavours.rows(conn, "SELECT 1 FROM information_schema.tables WHERE table_name = 'SQL_FUNCTIONS'"):
        found |= {w for (w,) in flavours.rows(conn, "SELECT LOWER(function) FROM information_schema.sql_functions")}
    return sorted(found)


def is_function(conn, word):
    try:
        flavours.rows(conn, f"SELECT {word}(1)")
    except pymysql.Error as e:
        return e.args[0] not in NO_FUNCTION
    return True


@pytest.mark.parametrize("kind", ["mariadb", "mariadb-11.8", "mysql"])
@pytest.mark.long
def test_no_function_of_a_server_is_taken_for_a_stored_one(combo, kind):
    flavours.up(combo, kind, kind)
    combo.mariadb("CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 1), (2, 4)", "customer")
    combo.client("MoveTables", "customer.t", "new_customer.t")
    # As applications ask (their database is the one that the table has left).
    assert combo.mariadb("SELECT AVG(v) FROM t HAVING NOT (AVG(v) = 1) ORDER BY NULL", "customer") == "2.5000\n"
    functions = [w for w in words(flavours.at(combo, "new_customer")) if is_function(flavours.at(combo, "new_customer"), w)]
    assert len(functions) > 150
    taken = []
    for f in functions:
        try:
            combo.mariadb(f"SELECT id FROM t WHERE {f}(1) IS NULL", "customer")
        except combos.Failed as e:
            if "a stored function" in str(e):
                taken.append(f)
    taken = ' '.join(f for f in taken if not NOT_PLAIN.fullmatch(f))
    assert not taken, taken

"""A server's settings are its operator's: they reach no session of ours."""
import pytest

from lib import proc
from lib.combo import Failed

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

SIDES = ("customer", "new_customer")


def dba(combo, keyspace, sql):
    """As vt_dba, who has SUPER and so no init_connect, and past the gate."""
    return combo.mariadb("SET SESSION sql_select_limit = 18446744073709551615, max_statement_time = 0;\n" + sql, keyspace,
                         port=combo.port("server", keyspace), user="vt_dba")


def whole(combo, keyspace, table):
    return (dba(combo, keyspace, f"SELECT * FROM `{table}` ORDER BY 1"), dba(combo, keyspace, f"SHOW CREATE TABLE `{table}`"))


@pytest.fixture
def settings(shared_combo):
    """set(name, value) at both sides; all is as it was at the end."""
    changed = set()

    def put(name, value):
        changed.add(name)
        for keyspace in SIDES:
            dba(shared_combo, keyspace, f"SET GLOBAL {name} = {value}")

    yield put
    for name in changed:
        for keyspace in SIDES:
            dba(shared_combo, keyspace, f"SET GLOBAL {name} = {repr('') if name == 'init_connect' else 'DEFAULT'}")


def move(combo, table, rows=50):
    """Equal on both sides, in rows and in definition."""
    before = whole(combo, "customer", table)
    assert before[0].count("\n") == rows
    combo.client("MoveTables", f"customer.{table}", f"new_customer.{table}")
    assert whole(combo, "new_customer", table) == before


def make(combo, table, rows=50):
    dba(combo, "customer", f"CREATE TABLE {table} (id INT PRIMARY KEY, a INT, b VARCHAR(40), c TIMESTAMP NULL, "
        "UNIQUE KEY ua (a), KEY kb (b), KEY kc (c)) AUTO_INCREMENT=1000;\n"
        f"INSERT INTO {table} SELECT seq, seq, CONCAT('b', seq), NULL FROM seq_1_to_{rows}")


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_a_limit_for_answers_cuts_none_of_ours(shared_combo, settings, limit):
    make(shared_combo, f"limited_{limit}")
    settings("sql_select_limit", limit)
    move(shared_combo, f"limited_{limit}")


def test_statements_of_ours_may_take_long(shared_combo, settings):
    make(shared_combo, "slow", 100000)
    settings("max_statement_time", 0.02)
    move(shared_combo, "slow", 100000)


def test_init_connect_is_undone_and_one_that_fails_is_named(shared_combo, settings):
    make(shared_combo, "greeted")
    settings("init_connect", "'SET GLOBAL sql_log_bin = 0'")
    with pytest.raises(Failed, match="the server's init_connect fails for this account(.|\\n)*SET GLOBAL init_connect"):
        move(shared_combo, "greeted")
    settings("init_connect", "'SET sql_select_limit = 1, sql_safe_updates = 1, foreign_key_checks = 1'")
    move(shared_combo, "greeted")

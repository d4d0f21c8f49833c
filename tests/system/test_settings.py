"""A server's settings are its operator's: they reach no session of ours."""
import contextlib
import re
import time

import pymysql
import pytest

from lib import hostile, kinds, proc
from lib.combo import Failed

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

SIDES = ("customer", "new_customer")


# By brand: how long a statement may take, and 20 ms of it.
LONGEST = {"mariadb": ("max_statement_time", 0.02), "mysql": ("max_execution_time", 20)}


def longest():
    return LONGEST[kinds.brand(kinds.wanted()[0])]


def dba(combo, keyspace, sql):
    """As vt_dba, who has SUPER and so no init_connect, and past the gate."""
    return combo.mariadb(f"SET SESSION sql_select_limit = 18446744073709551615, {longest()[0]} = 0;\n" + sql, keyspace,
                         port=combo.port("server", keyspace), user="vt_dba")


def whole(combo, keyspace, table):
    return (dba(combo, keyspace, f"SELECT * FROM `{table}` ORDER BY 1"),
            kinds.plain_definition(dba(combo, keyspace, f"SHOW CREATE TABLE `{table}`")))


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
    settings(*longest())
    move(shared_combo, "slow", 100000)


def test_init_connect_is_undone_and_one_that_fails_is_named(shared_combo, settings):
    make(shared_combo, "greeted")
    settings("init_connect", "'SET GLOBAL sql_log_bin = 0'")
    with pytest.raises(Failed, match="the server's init_connect fails for this account(.|\\n)*SET GLOBAL init_connect"):
        move(shared_combo, "greeted")
    settings("init_connect", "'SET sql_select_limit = 1, sql_safe_updates = 1, foreign_key_checks = 1'")
    move(shared_combo, "greeted")


def test_literals_of_ours_are_read_in_our_character_set(shared_combo, settings):
    make(shared_combo, "wide")
    settings("character_set_connection", "'ucs2'")
    move(shared_combo, "wide")


# ---- Every variable that a session has

# A key that a wrong next value would spoil, and values that wrong modes, zones and character sets would.
EVERY_KIND = """SET sql_mode = '', time_zone = '+00:00'; CREATE TABLE {0} (id SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, a INT,
b VARCHAR(40) CHARACTER SET latin1 DEFAULT 'x\\\\y', c TIMESTAMP NULL,
d TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, e DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00',
f FLOAT, g DOUBLE, h DECIMAL(10,3), i CHAR(10), j ENUM('a','b'), k SET('x','y'), l BLOB, m TIME(3), n YEAR, o BIT(9), p JSON,
UNIQUE KEY ua (a), KEY kb (b(3)), KEY kc (c), CONSTRAINT pos_{0} CHECK (a > 0))
AUTO_INCREMENT=1001 COMMENT='it''s "x"' DEFAULT CHARSET=utf8mb4;
INSERT INTO {0} SELECT seq, seq, CONCAT('b', seq), IF(seq % 2, NULL, '2020-02-02 02:02:02'), '2021-03-28 02:30:00',
'0000-00-00 00:00:00', seq / 3, seq / 7, seq / 9, '', 1 + seq % 2, 3, NULL, '-10:00:00.5', 0, seq, '{{"a":1}}'
FROM seq_1_to_300"""


class Hostile:
    """A session of the administrator at each server that is older than what it sets."""

    def __init__(self, combo):
        self.combo, self.changed = combo, set()
        self.roots = [self.connect(keyspace, "vt_dba") for keyspace in SIDES]
        self.values = hostile.variables(self.ask(self.roots[0], hostile.query(kinds.wanted()[0])))

    def connect(self, keyspace, account):
        account = self.combo.credentials()[account]
        return pymysql.connect(host="127.0.0.1", port=self.combo.port("server", keyspace), user=account["user"],
                               password=account["password"], autocommit=True)

    def ask(self, root, sql):
        with root.cursor() as cur:
            cur.execute(sql)
            return cur.fetchall()

    def put(self, name, value):
        """False: the servers refuse it."""
        try:
            for root in self.roots:
                self.ask(root, f"SET GLOBAL {name} = {value}")
        except pymysql.MySQLError as e:
            print(f"not settable: {name} = {value[:60]}: {e.args[1]}")
            return False
        self.changed.add(name)
        return True

    def undo(self):
        for name in self.changed:
            for root in self.roots:
                self.ask(root, f"SET GLOBAL {name} = {'DEFAULT' if name != 'init_connect' else repr('')}")
        self.changed.clear()

    def content(self, root, database, table):
        definition = self.ask(root, f"SHOW CREATE TABLE {database}.{table}")[0][1]
        return (self.ask(root, f"SELECT * FROM {database}.{table} ORDER BY id"),
                re.sub(r" AUTO_INCREMENT=\d+", "", kinds.plain_definition(definition)))

    def move(self, table):
        before = self.content(self.roots[0], "customer", table)
        assert len(before[0]) == 300
        self.combo.client("MoveTables", f"customer.{table}", f"new_customer.{table}")
        assert self.content(self.roots[1], "new_customer", table) == before


@pytest.fixture
def enemy(shared_combo):
    made = Hostile(shared_combo)
    yield made
    made.undo()
    for root in made.roots:
        root.close()


@pytest.mark.parametrize("pick", [0, -1])
def test_no_variable_reaches_a_move(shared_combo, enemy, pick):
    """All at once. When it fails: the long test below says which."""
    table = f"every_{pick + 1}"
    dba(shared_combo, "customer", EVERY_KIND.format(table))
    refused = [name for name, values in enemy.values.items() if values and not enemy.put(name, values[pick])]
    assert len(enemy.values) > 100 and len(refused) < 10, refused
    enemy.move(table)


@pytest.mark.parametrize("half", [0, 1])
def test_no_variable_reaches_a_move_by_init_connect(shared_combo, enemy, half):
    """All that a client's account may set; at a client's session of the gate's they are the client's to see. Of them
    every other one: an init_connect has 4,096 letters at most."""
    table = f"greeted_by_half_{half}"
    dba(shared_combo, "customer", EVERY_KIND.format(table))
    one = enemy.connect("customer", "vt_app")
    settable = []
    for name, values in enemy.values.items():
        try:
            enemy.ask(one, f"SET SESSION {name} = {values[0]}")
            settable.append(f"{name} = {values[0]}")
        except (pymysql.MySQLError, IndexError):
            pass
    one.close()
    assert len(settable) > 80, settable
    assert enemy.put("init_connect", '"SET ' + ", ".join(settable[half::2]) + '"')
    enemy.move(table)


@pytest.mark.long
def test_no_variable_reaches_a_move_one_by_one(shared_combo, enemy):
    failed = []
    for name, values in enemy.values.items():
        for i, value in enumerate(values):
            table = f"one_{name.lower()}_{i}"[:60]
            dba(shared_combo, "customer", EVERY_KIND.format(table))
            if not enemy.put(name, value):
                continue
            try:
                enemy.move(table)
            except (Failed, AssertionError) as e:
                failed.append((name, value, str(e)[:200]))
            enemy.undo()
            # Hundreds of ways back would take all connections of both servers.
            shared_combo.client("MoveTables", "Complete", f"new_customer.{table}", check=False)
    assert failed == []


def test_every_client_has_what_init_connect_sets(shared_combo, settings):
    """A server runs it for new connections only; the gate gives clients connections that others have used."""
    def names():
        with contextlib.closing(pymysql.connect(host="127.0.0.1", port=shared_combo.gate_port, user="app",
                                                database="customer")) as c, c.cursor() as cursor:
            cursor.execute("SELECT @@lc_time_names, @@div_precision_increment, @@autocommit")
            return cursor.fetchone()

    assert names() == ("en_US", 4, 0)
    settings("init_connect", "'SET lc_time_names = ''de_DE'', div_precision_increment = 9'")
    time.sleep(1.1)     # what is known of it is believed for a second
    assert {names() for _ in range(12)} == {("de_DE", 9, 0)}
    settings("init_connect", "''")
    time.sleep(1.1)
    assert names() == ("en_US", 4, 0)

"""Keyspaces and tables of any name, typed as in SQL; tables whose names differ only by case or accent are others."""
import json

import pytest

from lib import combo
from lib.combo import Failed
from lib.proc import wait_for

pytestmark = pytest.mark.skipif(bool(combo.missing_programs()), reason="not all programs are built")

SOURCE, TARGET = "old shop", "n\u00e9w.`shop`/100%"
TABLES = ["a.b", "two words", "tick`s", "\u00e9", "e", "E", "it's \"quoted\"", "%_", "\\", "#", "\u6f22\u5b57", "\u00e9" * 64]
ROWS = 50


def sql_name(name):
    return "`" + name.replace("`", "``") + "`"


def at(c, keyspace, sql):
    return c.mariadb("SET NAMES utf8mb4; " + sql, user="vt_dba", port=c.port("server", keyspace)).strip()


@pytest.fixture(scope="module")
def shop(shared_folder, combo_template):
    c = combo.Combo(shared_folder, template=combo_template).up(SOURCE)
    try:
        c.create_keyspace(TARGET)
        for i, table in enumerate(TABLES):
            at(c, SOURCE, f"CREATE TABLE {sql_name(SOURCE)}.{sql_name(table)} (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, "
                          f"{sql_name('v.' + table[:50])} VARCHAR(50), UNIQUE KEY {sql_name(table)} ({sql_name('v.' + table[:50])})); "
                          f"USE {sql_name(SOURCE)}; INSERT INTO {sql_name(table)} SELECT seq, CONCAT('{i}/', seq) FROM seq_1_to_{ROWS}")
        yield c
    finally:
        c.down()


def test_keyspaces(shop):
    assert shop.client("GetKeyspaces").stdout.splitlines() == sorted([SOURCE, TARGET])
    for typed in (TARGET, sql_name(TARGET)):
        assert json.loads(shop.client("GetKeyspace", typed).stdout)["name"] == TARGET
        assert TARGET in shop.client("GetTablets", "--keyspace", typed).stdout
        json.loads(shop.client("GetSrvKeyspace", typed).stdout)
    for name in ("a\nb", "a ", "x" * 65, "\U0001f600"):
        with pytest.raises(Failed):
            shop.create_keyspace(name)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_moves(shop, table):
    c, source, target = shop, f"{sql_name(SOURCE)}.{sql_name(table)}", f"{sql_name(TARGET)}.{sql_name(table)}"
    said = c.client("MoveTables", "--no-switch", source, target).stdout
    assert sql_name(TARGET) in said
    shown = json.loads(c.client("Workflow", "show", "--format", "json", target).stdout)
    assert shown["record"]["tables"][0]["source_table"] == table if "record" in shown else table in json.dumps(shown, ensure_ascii=False)
    # DDL on a table of nearly the same name is nothing to this one.
    at(c, SOURCE, f"CREATE TABLE {sql_name(SOURCE)}.other_{TABLES.index(table)} (a INT)")
    c.mariadb(f"SET NAMES utf8mb4; INSERT INTO {source} (id) VALUES (1000); UPDATE {source} SET id = 1001 WHERE id = 1", SOURCE)
    c.client("MoveTables", source, target)
    c.mariadb(f"SET NAMES utf8mb4; INSERT INTO {source} (id) VALUES (2000); DELETE FROM {target} WHERE id = 2", SOURCE)
    assert at(c, TARGET, f"SELECT COUNT(*), MAX(id) FROM {target}") == f"{ROWS + 1}\t2000"
    wait_for(lambda: at(c, SOURCE, f"SELECT COUNT(*), MAX(id) FROM {source}") == f"{ROWS + 1}\t2000", 60, "the old table to follow")
    routing = json.loads(c.client("GetSrvKeyspace", SOURCE).stdout)["routing"]["tables"]
    assert [t["phase"] for t in routing if t["table"] == table] == ["open"]
    with pytest.raises(Failed, match="fence"):
        at(c, SOURCE, f"INSERT INTO {source} (id) VALUES (3000)")
    c.client("DropTable", source)
    assert at(c, SOURCE, f"SELECT COUNT(*) FROM information_schema.tables WHERE BINARY table_name = "
                         f"'{table.replace(chr(92), chr(92) * 2).replace(chr(39), chr(92) + chr(39))}' AND table_schema = '{SOURCE}'") == "0"


def test_a_move_is_taken_back_by_the_id_that_is_shown(shop):
    c = shop
    at(c, SOURCE, f"CREATE TABLE {sql_name(SOURCE)}.`back/again.` (id INT PRIMARY KEY)")
    c.client("MoveTables", "--no-switch", "old shop.`back/again.`", f"{sql_name(TARGET)}.`back/again.`")
    workflow = "n\u00e9w%2E%60shop%60%2F100%25/back%2Fagain%2E"
    assert "Running" in c.client("Workflow", "show", workflow).stdout
    c.client("Workflow", "delete", workflow)
    with pytest.raises(Failed):
        at(c, TARGET, f"SELECT * FROM {sql_name(TARGET)}.`back/again.`")

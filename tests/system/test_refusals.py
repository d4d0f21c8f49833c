"""What MoveTables refuses: one clear sentence and a hint, and everything as it was before."""
import json
import os
import signal
import sqlite3
import subprocess

import pymysql
import pytest

from lib import cases
from lib.combo import Failed

GOOD = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE=InnoDB; INSERT INTO t VALUES (1,'a'),(2,'b');"


def socket_of(combo, keyspace):
    """The server's own: for what no account of ours may do."""
    number = combo.find("server", keyspace)["name"].split("-")[1]
    return os.path.join(combo.data_dir, f"server-{number}", "sock")


def as_root(combo, keyspace, sql):
    done = subprocess.run(["mariadb", "--no-defaults", "-uroot", f"--socket={socket_of(combo, keyspace)}", "-N"], input=sql,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr)
    return done.stdout


def at(combo, keyspace, sql, database=None):
    return combo.mariadb(sql, keyspace if database is None else database, port=combo.port("server", keyspace),
                         user="vt_dba")


def topology(combo):
    """All that is not a sign of life."""
    with sqlite3.connect(f"file:{combo.data_dir}/topo.db?mode=ro", uri=True) as db:
        names = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        keys = next(n for n in names if {"key", "value"} <= {c[1] for c in db.execute(f"PRAGMA table_info({n})")})
        rows = db.execute(f"SELECT key, value FROM {keys}").fetchall()
    alive = ("/combo", "/health", "/gates", "/acks", "/tablets", "/locks")
    return {k: bytes(v) if not isinstance(v, str) else v for k, v in rows
            if not (k if isinstance(k, str) else k.decode()).startswith(alive)}


def server_state(combo, keyspace):
    with pymysql.connect(unix_socket=socket_of(combo, keyspace), user="root") as conn, conn.cursor() as cur:
        return state_by(cur)


def state_by(cur):
    def ask(sql):
        cur.execute(sql)
        return cur.fetchall()

    tables = ask("SELECT table_schema, table_name, create_time IS NULL FROM information_schema.tables"
                 " WHERE table_schema NOT IN ('mysql','sys','information_schema','performance_schema')"
                 " ORDER BY 1, 2")
    state = {"tables": tables}
    state["triggers"] = ask("SELECT trigger_schema, trigger_name, action_statement FROM information_schema.triggers"
                            " WHERE trigger_schema <> 'sys' ORDER BY 1, 2")
    for schema, table, _ in tables:
        if schema == "_switchyard" and table != "heartbeat":
            state[f"_switchyard.{table}"] = ask(f"SELECT * FROM _switchyard.{table}")
    state["grants"] = ask("SELECT host, user, priv FROM mysql.global_priv ORDER BY 1, 2")
    state["variables"] = ask("SELECT variable_name, variable_value FROM information_schema.global_variables WHERE"
                             " variable_name IN ('binlog_format','binlog_row_image','local_infile','sql_mode',"
                             "'innodb_online_alter_log_max_size','max_allowed_packet','event_scheduler') ORDER BY 1")
    return state


def whole_state(combo):
    return {"topology": topology(combo), "customer": server_state(combo, "customer"),
            "new_customer": server_state(combo, "new_customer")}


def refuse(combo, *args):
    """The sentence with which MoveTables refuses; the state must not have changed."""
    before = whole_state(combo)
    done = combo.client("MoveTables", "--timeout", "5s", *args, check=False, timeout=60)
    after = whole_state(combo)
    said = done.stderr.strip()
    assert done.returncode != 0, done.stdout
    for part, value in before.items():
        for key in {**value, **after[part]}:
            assert after[part].get(key) == value.get(key), f"{part} {key} has changed by a refused command"
    lines = [line for line in said.splitlines() if line.strip()]
    sentences = [line for line in lines if not line.lower().startswith("hint")]
    assert len(sentences) == 1, said
    assert "\n" not in sentences[0] and len(sentences[0]) > 15
    return said


@pytest.fixture
def combo_with(shared_combo):
    """Runs SQL at a keyspace's server and undoes what it made afterwards."""
    made = []

    def make(keyspace, sql):
        at(shared_combo, keyspace, sql)
        made.append(keyspace)
        return shared_combo

    yield make
    for keyspace in ("customer", "new_customer"):
        at(shared_combo, keyspace, f"DROP DATABASE {keyspace}; CREATE DATABASE {keyspace};", database="_switchyard")


def test_unknown_source_keyspace(shared_combo):
    assert "nowhere" in refuse(shared_combo, "nowhere.t", "new_customer.t")


def test_unknown_target_keyspace(combo_with):
    assert "nowhere" in refuse(combo_with("customer", GOOD), "customer.t", "nowhere.t")


def test_unknown_table(shared_combo):
    assert "no_such_table" in refuse(shared_combo, "customer.no_such_table", "new_customer.no_such_table")


def test_source_equal_to_target(combo_with):
    assert "customer.t" in refuse(combo_with("customer", GOOD), "customer.t", "customer.t")


def test_target_not_empty(combo_with):
    combo_with("customer", GOOD)
    combo = combo_with("new_customer", GOOD)
    assert "empty" in refuse(combo, "customer.t", "new_customer.t")
    assert at(combo, "new_customer", "SELECT COUNT(*) FROM t").strip() == "2"


def test_target_of_another_definition(combo_with):
    combo_with("customer", GOOD)
    combo = combo_with("new_customer", "CREATE TABLE t (id BIGINT PRIMARY KEY)")
    refuse(combo, "customer.t", "new_customer.t")


def test_column_that_cannot_be_moved(combo_with):
    combo = combo_with("customer", "CREATE TABLE t (id INT PRIMARY KEY, v TIMESTAMP NULL, w DATE AS (DATE(v)) STORED)")
    said = refuse(combo, "customer.t", "new_customer.t")
    assert "column 'w' of table 'customer.t'" in said and "ALTER TABLE `t` MODIFY `w` date at the source" in said


def test_foreign_key_of_the_table_and_to_it(combo_with):
    combo = combo_with("customer", "CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE c (id INT PRIMARY KEY, p INT,"
                       " FOREIGN KEY (p) REFERENCES p (id))")
    assert "foreign key" in refuse(combo, "customer.c", "new_customer.c")
    assert "foreign key" in refuse(combo, "customer.p", "new_customer.p")


def test_trigger(combo_with):
    combo = combo_with("customer", GOOD + "CREATE TRIGGER mine BEFORE INSERT ON t FOR EACH ROW SET @a = (SELECT 1 FROM stays)")
    assert "trigger 'mine'" in refuse(combo, "customer.t", "new_customer.t")


@pytest.mark.parametrize("engine", cases.some(["MyISAM", "Aria", "MEMORY"], ["MEMORY"]))
def test_engine_without_transactions(combo_with, engine):
    combo = combo_with("customer", f"CREATE TABLE t (id INT PRIMARY KEY) ENGINE={engine}")
    assert engine.lower() in refuse(combo, "customer.t", "new_customer.t").lower()


@pytest.mark.parametrize("engine", cases.some(["MyISAM", "Aria"], ["MyISAM"]))
def test_an_engine_without_transactions_is_converted_when_that_is_said(combo_with, engine):
    name = f"old_{engine.lower()}"
    combo = combo_with("customer", f"CREATE TABLE {name} (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE={engine}; INSERT INTO {name} VALUES (1, 'a')")
    names = f"customer.{name}", f"new_customer.{name}"
    assert "--engine InnoDB" in refuse(combo, *names)
    assert "--no-enable-reverse-replication" in refuse(combo, "--engine", "InnoDB", *names)
    combo.client("MoveTables", "--engine", "InnoDB", "--no-enable-reverse-replication", *names)
    combo.mariadb(f"INSERT INTO {name} VALUES (2, 'b')", "customer")
    assert at(combo, "new_customer", f"SELECT GROUP_CONCAT(id ORDER BY id) FROM {name}").strip() == "1,2"
    assert "ENGINE=InnoDB" in at(combo, "new_customer", f"SHOW CREATE TABLE {name}")
    with pytest.raises(Failed):         # past the gate it is guarded
        at(combo, "customer", f"INSERT INTO {name} VALUES (3, 'c')")
    events = combo.api("workflow_show", workflow=f"new_customer/{name}")["record"]["events"]
    assert any("its copy by InnoDB" in json.dumps(e) for e in events)
    combo.client("MoveTables", "Complete", f"new_customer.{name}")
    assert at(combo, "customer", "SHOW TABLES").strip() == ""


@pytest.mark.parametrize("what, sql", [
    ("view", "CREATE VIEW looks AS SELECT id FROM t"),
    ("procedure", "CREATE PROCEDURE looks() SELECT COUNT(*) FROM t"),
    ("function", "CREATE FUNCTION looks() RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM t)"),
    ("event", "CREATE EVENT looks ON SCHEDULE EVERY 1 DAY DO DELETE FROM t WHERE id < 0"),
])
def test_body_that_names_the_table(combo_with, what, sql):
    combo = combo_with("customer", GOOD + sql)
    assert "looks" in refuse(combo, "customer.t", "new_customer.t")


@pytest.mark.parametrize("keyspace, bad, good, hint", [
    ("customer", "binlog_format = 'STATEMENT'", "binlog_format = 'ROW'", "SET GLOBAL binlog_format"),
    ("customer", "binlog_row_image = 'MINIMAL'", "binlog_row_image = 'FULL'", "SET GLOBAL binlog_row_image"),
])
def test_setting_with_the_statement_that_cures_it(combo_with, keyspace, bad, good, hint):
    combo = combo_with("customer", GOOD)
    at(combo, keyspace, f"SET GLOBAL {bad}")
    try:
        assert hint in refuse(combo, "customer.t", "new_customer.t")
    finally:
        at(combo, keyspace, f"SET GLOBAL {good}")


@pytest.mark.parametrize("keyspace, privilege, account", [
    ("customer", "TRIGGER", "vt_dba"), ("customer", "SELECT", "vt_stream"), ("customer", "REPLICATION SLAVE", "vt_stream"),
    ("new_customer", "INSERT", "vt_stream"),
])
def test_missing_privilege_is_found_by_doing(combo_with, keyspace, privilege, account):
    combo = combo_with("customer", GOOD)
    as_root(combo, keyspace, f"REVOKE {privilege} ON *.* FROM {account}@'127.0.0.1'")
    try:
        refuse(combo, "customer.t", "new_customer.t")
    finally:
        as_root(combo, keyspace, f"GRANT {privilege} ON *.* TO {account}@'127.0.0.1'")


@pytest.mark.parametrize("keyspace", ["customer", "new_customer"])
def test_tablet_that_does_not_answer(combo_with, keyspace):
    combo = combo_with("customer", GOOD)
    pid = combo.pid("vttablet", keyspace)
    os.kill(pid, signal.SIGSTOP)
    try:
        refuse(combo, "customer.t", "new_customer.t")
    finally:
        os.kill(pid, signal.SIGCONT)


def test_what_has_changed_at_the_target_since_fails_the_attempt_and_changes_nothing(combo_with):
    combo = combo_with("customer", GOOD.replace("TABLE t", "TABLE later").replace("INTO t", "INTO later"))
    move = ("MoveTables", "--switch-attempts", "1", "customer.later", "new_customer.later")
    combo.client("MoveTables", "--no-switch", "customer.later", "new_customer.later")
    at(combo, "new_customer", "ALTER TABLE later ADD COLUMN extra INT")
    said = combo.client(*move, check=False, timeout=60).stderr
    assert "'new_customer.later' is not defined as its source is" in said and "hint:" in said.lower()
    at(combo, "new_customer", "ALTER TABLE later DROP COLUMN extra")
    as_root(combo, "new_customer", r"REVOKE UPDATE ON `new\_customer`.* FROM vt_app@'127.0.0.1'")
    said = combo.client(*move, check=False, timeout=60).stderr
    assert r"GRANT SELECT, INSERT, UPDATE, DELETE ON `new\_customer`.* TO 'vt_app'@'127.0.0.1'" in said
    combo.mariadb("UPDATE later SET v = 'c' WHERE id = 1", "customer")
    assert at(combo, "customer", "SELECT v FROM later WHERE id = 1").strip() == "c"
    as_root(combo, "new_customer", r"GRANT UPDATE ON `new\_customer`.* TO vt_app@'127.0.0.1'")
    combo.client(*move)
    combo.mariadb("UPDATE later SET v = 'd' WHERE id = 1", "customer")
    assert at(combo, "new_customer", "SELECT v FROM later WHERE id = 1").strip() == "d"


def test_an_empty_target_of_the_same_definition_is_accepted(combo_with):
    combo_with("customer", GOOD)
    combo = combo_with("new_customer", GOOD.split(";")[0])
    combo.client("MoveTables", "customer.t", "new_customer.t")
    assert combo.mariadb("SELECT COUNT(*) FROM t", "customer").strip() == "2"

"""Workflows are seen, stopped and begun anew: from the first moment, and whatever became of the move before."""
import json
import os
import re
import signal
import subprocess
import urllib.request

import pytest

from lib import proc
from lib.combo import Failed

GOOD = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE=InnoDB; INSERT INTO t VALUES (1,'a'),(2,'b');"
KEYSPACES = ("customer", "new_customer")


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


@pytest.fixture
def fresh(shared_combo):
    """Databases without tables, before and after."""
    def empty():
        for keyspace in KEYSPACES:
            at(shared_combo, keyspace, f"DROP DATABASE {keyspace}; CREATE DATABASE {keyspace}")
    empty()
    yield shared_combo
    empty()


def state(combo, workflow="new_customer/t"):
    try:
        return combo.api("workflow_show", workflow=workflow)["record"]["state"]
    except Failed:
        return None


# ---- While it is checked

@pytest.fixture
def checking(fresh):
    """A move whose source does not answer; its client, which is told nothing yet."""
    at(fresh, "customer", GOOD)
    pid = fresh.pid("vttablet", "customer")
    os.kill(pid, signal.SIGSTOP)
    client = subprocess.Popen(
        fresh.client_command("MoveTables", "--timeout", "120s", "customer.t", "new_customer.t"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield fresh, client
    finally:
        os.kill(pid, signal.SIGCONT)
        proc.end(client)


def test_a_move_that_is_being_checked_is_shown_and_deleted_and_its_client_told(checking):
    combo, client = checking
    proc.wait_for(lambda: state(combo) == "Checking", 30, "the move to be there")
    assert "Successfully cancelled" in combo.client("Workflow", "delete", "new_customer.t").stdout
    assert state(combo) is None
    _, complained = client.communicate(timeout=100)
    assert client.returncode == 1 and "deleted, while it was checked" in complained


def test_a_killed_client_leaves_a_move_that_can_be_seen_and_stopped(checking):
    combo, client = checking
    proc.wait_for(lambda: state(combo) == "Checking", 30, "the move to be there")
    client.kill()
    client.wait()
    assert "new_customer/t" in combo.api("workflow_list")["workflows"]
    assert "Checking" in combo.client("Workflow", "show", "new_customer.t").stdout
    combo.client("Workflow", "new_customer.t", "delete")
    assert state(combo) is None


# ---- What names the table

INNOCENT = """
CREATE TABLE other (id INT PRIMARY KEY, status INT, label INT);
CREATE VIEW a_column AS SELECT id, status FROM other;
CREATE VIEW an_alias AS SELECT status.id FROM other status;
CREATE VIEW a_new_name AS SELECT id AS status FROM other;
CREATE VIEW a_string AS SELECT 'status of status' AS x;
CREATE VIEW a_view_of_a_view AS SELECT status FROM a_column;
CREATE VIEW a_name_of_with AS WITH status AS (SELECT 1 AS a) SELECT a FROM status;
CREATE VIEW of_another_database AS SELECT id FROM elsewhere.status;
CREATE TRIGGER a_member BEFORE INSERT ON other FOR EACH ROW SET NEW.status = (SELECT 1 AS status);
CREATE EVENT a_condition ON SCHEDULE EVERY 1 DAY DO DELETE FROM other WHERE status < 0;
CREATE EVENT elsewhere.a_table_there ON SCHEDULE EVERY 1 DAY DO DELETE FROM status WHERE id < 0;
DELIMITER //
CREATE PROCEDURE a_variable() BEGIN DECLARE status INT DEFAULT 1; SET status = 2; SELECT status; END//
CREATE PROCEDURE a_comment() BEGIN /* status */ SELECT 1; -- status
END//
CREATE PROCEDURE a_loop() BEGIN status: LOOP LEAVE status; END LOOP; END//
CREATE FUNCTION status() RETURNS INT DETERMINISTIC RETURN 1//
SET sql_mode = 'ANSI_QUOTES'//
CREATE PROCEDURE a_quoted_column() SELECT "status" FROM "other"//
SET sql_mode = DEFAULT//
DELIMITER ;
"""


@pytest.fixture
def elsewhere(fresh):
    at(fresh, "customer", "CREATE DATABASE elsewhere; CREATE TABLE elsewhere.status (id INT PRIMARY KEY);"
       " CREATE TABLE status (id INT PRIMARY KEY, a INT); INSERT INTO status VALUES (1, 1);")
    yield fresh
    at(fresh, "customer", "DROP DATABASE elsewhere")


def test_a_word_is_not_a_table_name(elsewhere):
    at(elsewhere, "customer", INNOCENT)
    elsewhere.client("MoveTables", "customer.status", "new_customer.status")
    assert state(elsewhere, "new_customer/status") == "Switched"


def test_what_names_the_table_or_may_is_refused_by_name_and_force_goes_on(fresh):
    at(fresh, "customer", "CREATE TABLE item (id INT PRIMARY KEY); CREATE TABLE other (id INT PRIMARY KEY, item INT);"
       "\nDELIMITER //\nCREATE PROCEDURE runs_a_string() BEGIN PREPARE s FROM 'DELETE FROM item'; EXECUTE s; END//")
    move = ("MoveTables", "customer.item", "new_customer.item")
    said = fresh.client(*move, check=False).stderr
    assert "routine 'customer.runs_a_string' (perhaps) may name the table 'customer.item'" in said and "--force" in said
    at(fresh, "customer", "CREATE VIEW looks AS SELECT id FROM item")
    said = fresh.client(*move, check=False).stderr
    assert "view 'customer.looks', routine 'customer.runs_a_string' (perhaps) name the table" in said and "--force" in said
    assert "note: view 'customer.looks'" in fresh.client("MoveTables", "--force", *move[1:]).stdout
    record = fresh.api("workflow_show", workflow="new_customer/item")["record"]
    assert record["state"] == "Switched"
    assert [e["text"] for e in record["events"] if e["what"] == "forced" and "'customer.looks'" in e["text"]]


# ---- There and back

def go(combo, source, target, *flags):
    combo.client("MoveTables", *flags, source, target)


def check_served(combo, keyspace, rows):
    """Under both names, by that keyspace's server, which takes writes."""
    for name in KEYSPACES:
        combo.mariadb(f"INSERT INTO t (v) VALUES ('{name}')", name)
    assert at(combo, keyspace, "SELECT COUNT(*) FROM t") == str(rows + 2)
    return rows + 2


def one_way(c, source, target, *options):
    go(c, source, target, "--no-enable-reverse-replication", *options)


def test_there_and_back_and_there_again(fresh):
    """By moves that leave no way back."""
    c, here, there = fresh, "customer.t", "new_customer.t"
    at(c, "customer", "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20)); INSERT INTO t (v) VALUES ('a')")
    one_way(c, here, there)
    rows = check_served(c, "new_customer", 1)
    refused = c.client("MoveTables", there, here, check=False)
    assert "exists at the target and is not empty" in refused.stderr and "DropTable customer.t" in refused.stderr
    assert state(c, "customer/t") is None
    c.client("DropTable", here)
    one_way(c, there, here)
    rows = check_served(c, "customer", rows)
    refused = c.client("MoveTables", here, there, check=False)
    assert "DropTable new_customer.t" in refused.stderr
    assert state(c) == "Switched"              # the record of the move before is back
    at(c, "new_customer", "DROP TABLE t")      # past us: the fence's rows stay behind
    one_way(c, here, there)
    rows = check_served(c, "new_customer", rows)
    at(c, "customer", "TRUNCATE TABLE t")
    one_way(c, there, here, "--no-switch")
    c.client("Workflow", "delete", "customer.t")
    rows = check_served(c, "new_customer", rows)
    one_way(c, there, here)
    rows = check_served(c, "customer", rows)
    assert "nothing to do" in c.client("MoveTables", there, here).stdout
    c.client("DropTable", there)
    one_way(c, here, there)
    check_served(c, "new_customer", rows)


# ---- What people and machines are shown

def metrics(address):
    """{'name{labels}': value} of one program, each line of which is as Prometheus' text format has it."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as reply:
        assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = reply.read().decode()
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            assert re.fullmatch(r'[a-z_]+(\{([a-z]+="[^"]*",?)+\})? \S+', line), line
            name, value = line.rsplit(" ", 1)
            assert name not in found, line
            found[name] = float(value)
    return found


def test_a_move_is_shown_listed_and_counted(fresh):
    at(fresh, "customer", GOOD.replace("TABLE t", "TABLE shown").replace("INTO t", "INTO shown"))
    tablet = fresh.find("vttablet", "new_customer")["http"]
    vtctld = f"127.0.0.1:{fresh.base}"
    before = metrics(vtctld)
    go(fresh, "customer.shown", "new_customer.shown", "--no-switch")
    counted = metrics(tablet)
    assert counted['vttablet_stream_rows_copied{workflow="new_customer/shown",round="1"}'] == 2
    assert counted['vttablet_streams{phase="running"}'] == 1 and counted["vttablet_healthy"] == 1
    assert counted['vttablet_stream_position_bytes{workflow="new_customer/shown",round="1"}'] >= len("0-1-1")
    assert 'vttablet_stream_lag_seconds{workflow="new_customer/shown",round="1"}' in counted
    shown = fresh.client("Workflow", "show", "new_customer.shown").stdout
    assert re.search(r"State: +Running", shown) and "customer.shown -> new_customer.shown" in shown and "2 rows copied" in shown
    assert json.loads(fresh.client("Workflow", "--format", "json", "new_customer.shown", "show").stdout)["record"]["name"] == "shown"
    assert re.search(r"new_customer\.shown +Running +customer\.shown -> new_customer\.shown", fresh.client("Workflow", "list").stdout)
    go(fresh, "customer.shown", "new_customer.shown")
    after = metrics(vtctld)
    assert after["vtctld_attempts_total"] == before["vtctld_attempts_total"] + 1
    assert after['vtctld_step_seconds_count{step="commit"}'] == before['vtctld_step_seconds_count{step="commit"}'] + 1
    assert after['vtctld_workflows{state="Switched"}'] >= 1 and after['vtctld_workflows{state="Running"}'] == 0
    assert "shown" in json.loads(fresh.client("Workflow", "list", "new_customer", "--format=json").stdout)
    shown = fresh.client("Workflow", "show", "new_customer.shown").stdout
    assert "writes waited for" in shown
    steps = re.search(r"Steps: +(.*)", shown).group(1)
    assert [s.split()[0] for s in steps.split(", ")] == ["hold", "fence", "catch-up", "reverse", "commit", "acknowledge", "release"]
    refused = fresh.client("Workflow", "show", check=False)
    assert refused.returncode == 1 and "needs the name of a workflow" in refused.stderr

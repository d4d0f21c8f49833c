"""There and back under load: ReverseTraffic and SwitchTraffic, and what closes the way back."""
import json

import pymysql
import pytest

from lib import move, proc
from lib.combo import Failed

ROWS = 2000
FENCED = 1290
ROUNDS = 5              # of there and back: ten switches
MOVE = ("MoveTables", "customer.users", move.WORKFLOW)


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


def shown(combo):
    return proc.wait_for(lambda: move.show(combo), 30, "vtctld to show the workflow")


def way_back(combo):
    return shown(combo).get("way_back", {})


def checksum(combo, keyspace):
    return at(combo, keyspace, "CHECKSUM TABLE users EXTENDED").split()[-1]


def wait_equal(combo):
    """Without load both sides become equal, byte for byte: the side that does not serve follows."""
    proc.wait_for(lambda: checksum(combo, "customer") == checksum(combo, "new_customer"), 60, "both sides to be equal")


def verify(combo, load, keyspace):
    """Through the gate, and at the server that serves."""
    gate = load.verify()
    server = load.verify(port=combo.port("server", keyspace), user="vt_app", database=keyspace,
                         password_file=combo.password_file("vt_app"))
    assert gate["ok"], gate
    assert server["ok"], server


@pytest.fixture
def switched(combo):
    combo.up("customer", "new_customer")
    move.fill(combo, ROWS)
    combo.client(*MOVE)
    return combo


def test_there_and_back_under_load(combo):
    combo.up("customer", "new_customer")
    move.fill(combo, ROWS)
    load = move.start_load(combo, clients=8, rate=400)
    try:
        combo.client(*MOVE)
        for n in range(ROUNDS):
            load.go_on(200)
            said = combo.client("MoveTables", "ReverseTraffic", move.WORKFLOW).stdout
            assert "ReverseTraffic was successful for workflow new_customer.users" in said
            assert "Start State: All Reads Switched. Writes Switched\n" \
                "Current State: Reads Not Switched. Writes Not Switched" in said
            load.go_on(200)
            said = combo.client("MoveTables", "SwitchTraffic", move.WORKFLOW).stdout
            assert "Current State: All Reads Switched. Writes Switched" in said
            assert shown(combo)["record"]["round"] == 4 + 2 * n
        load.go_on(200)
    finally:
        summary = load.stop()
    assert summary["errors"] == 0 and summary["wrong_reads"] == 0, summary["first_errors"]
    assert summary["disconnects"] == 0
    verify(combo, load, "new_customer")
    wait_equal(combo)


def test_a_move_the_other_way_is_the_way_back(switched):
    said = switched.client("MoveTables", move.WORKFLOW, "customer.users").stdout
    assert "This is the way back of workflow new_customer/users." in said and "is now served from customer.users" in said
    assert "nothing to do" in switched.client("MoveTables", move.WORKFLOW, "customer.users").stdout
    assert switched.api("workflow_list")["workflows"] == ["new_customer/users"]
    switched.mariadb("INSERT INTO users (email) VALUES ('at@the.source')", "new_customer")
    assert at(switched, "customer", "SELECT COUNT(*) FROM users") == str(ROWS + 1)
    switched.client("MoveTables", "customer.users", move.WORKFLOW)
    assert move.state(switched) == "switched"
    switched.mariadb("INSERT INTO users (email) VALUES ('at@the.target')", "customer")
    assert at(switched, "new_customer", "SELECT COUNT(*) FROM users") == str(ROWS + 2)
    wait_equal(switched)


def test_asked_again_it_says_so(switched):
    for verb, now in (("SwitchTraffic", "All Reads Switched. Writes Switched"),
                      ("ReverseTraffic", "Reads Not Switched. Writes Not Switched")):
        for _ in range(2):
            said = switched.client("MoveTables", verb, move.WORKFLOW).stdout
            assert f"{verb} was successful" in said and f"Current State: {now}" in said
    refused = switched.client("MoveTables", "Complete", move.WORKFLOW, check=False)
    assert refused.returncode == 1
    assert "cannot complete workflow because you have not yet switched all read and write traffic" in refused.stderr
    switched.client("MoveTables", "Cancel", move.WORKFLOW)
    assert at(switched, "new_customer", "SHOW TABLES") == "" and at(switched, "customer", "SHOW TRIGGERS") == ""
    assert switched.mariadb("SELECT COUNT(*) FROM users", "customer").strip() == str(ROWS)


CLOSING = {
    "TRUNCATE": "TRUNCATE TABLE users",
    "DDL": "ALTER TABLE users ADD COLUMN later INT",
    # Nothing at the old side refuses a statement of somebody who takes the fence away.
    "a write": "DROP TRIGGER IF EXISTS {trigger}; INSERT INTO users (email) VALUES ('behind@the.guard')",
}


@pytest.mark.parametrize("what", CLOSING)
def test_what_closes_the_way_back(switched, what):
    triggers = at(switched, "customer", "SHOW TRIGGERS LIKE 'users'").split("\n")
    inserting = next(t.split("\t")[0] for t in triggers if t.split("\t")[1] == "INSERT")
    at(switched, "customer", CLOSING[what].format(trigger=f"`{inserting}`"))
    closed = proc.wait_for(lambda: way_back(switched).get("closed"), 30, "the way back to be closed")
    refused = switched.client("MoveTables", "ReverseTraffic", move.WORKFLOW, check=False)
    assert refused.returncode == 1 and "is closed: " in refused.stderr and closed in refused.stderr
    said = switched.client("Workflow", "show", move.WORKFLOW).stdout
    assert "Way back:  closed" in said and closed in said
    # Serving goes on at the new side.
    switched.mariadb("INSERT INTO users (email) VALUES ('goes@on')", "customer")
    assert at(switched, "new_customer", "SELECT COUNT(*) FROM users") == str(ROWS + 1)


ER_CHECKREAD = 1020
LATE = ["UPDATE users SET name = 'late' WHERE id = 1", "DELETE FROM users WHERE id = 2",
        "INSERT INTO users (email) VALUES ('late@the.old.side')", "REPLACE INTO users (id, email) VALUES (3, 'late@the.old.side')",
        "EXECUTE late"]


def test_a_direct_client_that_began_before_the_fence_is_refused_and_closes_nothing(combo):
    """Its snapshot shows no armed fence, and its statement was prepared before; the trigger's locking read sees the present."""
    combo.up("customer", "new_customer")
    # MariaDB 11.8 has innodb_snapshot_isolation: the fence is younger than the snapshot, and that alone ends the transaction.
    refusals = (FENCED, ER_CHECKREAD) if combo.kinds["customer"].startswith("mariadb-11") else (FENCED,)
    move.fill(combo, ROWS)
    combo.client(*MOVE, "--no-switch")
    late = pymysql.connect(host="127.0.0.1", port=combo.port("server", "customer"), user="vt_app", database="customer",
                           password=combo.credentials()["vt_app"]["password"], autocommit=False)
    with late.cursor() as cur:
        cur.execute("PREPARE late FROM 'UPDATE users SET balance = balance + 1 WHERE id = 4'")
        cur.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        cur.execute("SELECT COUNT(*) FROM users")
        combo.client("MoveTables", "SwitchTraffic", move.WORKFLOW)
        for sql in LATE:
            with pytest.raises(pymysql.Error) as refused:
                cur.execute(sql)
            assert refused.value.args[0] in refusals, (sql, refused.value)
        cur.execute("UPDATE users SET name = 'nobody' WHERE id = -1")       # blind: it matches no row
    late.commit()
    late.close()
    assert way_back(combo)["state"] == "open" and way_back(combo)["closed"] == ""
    wait_equal(combo)
    combo.client("MoveTables", "ReverseTraffic", move.WORKFLOW)
    assert combo.mariadb("SELECT COUNT(*), SUM(name LIKE 'late%') FROM users", "customer").split() == [str(ROWS), "0"]


@pytest.mark.parametrize("how, left", [("--keep-data", "users"), ("--rename-tables", "_users_old"), (None, "")])
def test_complete(switched, how, left):
    assert way_back(switched)["state"] == "open"
    said = switched.client("MoveTables", *([how] if how else []), "Complete", move.WORKFLOW).stdout
    assert "Complete was successful for workflow new_customer.users" in said
    assert at(switched, "customer", "SHOW TABLES") == left
    assert at(switched, "new_customer", "SHOW TRIGGERS") == ""
    if how == "--rename-tables":
        assert at(switched, "customer", "SHOW TRIGGERS") == ""
        at(switched, "customer", "INSERT INTO _users_old (email) VALUES ('free@again')")
    switched.mariadb("INSERT INTO users (email) VALUES ('goes@on')", "customer")
    assert at(switched, "new_customer", "SELECT COUNT(*) FROM users") == str(ROWS + 1)
    refused = switched.client("MoveTables", "ReverseTraffic", move.WORKFLOW, check=False)
    assert "there is no way back any more" in refused.stderr
    switched.client("MoveTables", *([how] if how else []), "Complete", move.WORKFLOW)      # again


def test_dropping_the_old_table_ends_the_way_back(switched):
    said = switched.client("DropTable", "customer.users").stdout
    assert "note: workflow new_customer/users is complete" in said and "Dropped table customer.users" in said
    assert at(switched, "customer", "SHOW TABLES") == "" and move.state(switched) == "complete"
    switched.client("MoveTables", move.WORKFLOW, "customer.users")
    assert switched.mariadb("SELECT COUNT(*) FROM users", "new_customer").strip() == str(ROWS)


def test_a_move_to_a_third_keyspace_ends_the_way_back_and_says_so(switched):
    switched.create_keyspace("third")
    said = switched.client("MoveTables", move.WORKFLOW, "third.users").stdout
    assert "the way back of workflow 'new_customer/users' ends with this move" in said
    assert move.state(switched) == "complete"
    assert at(switched, "third", "SELECT COUNT(*) FROM users") == str(ROWS)
    switched.client("MoveTables", "ReverseTraffic", "third.users")
    assert switched.mariadb("SELECT COUNT(*) FROM users", "customer").strip() == str(ROWS)
    switched.mariadb("INSERT INTO users (email) VALUES ('a@b.c')", "customer")
    assert at(switched, "new_customer", "SELECT COUNT(*) FROM users") == str(ROWS + 1)


def test_without_a_reverse_stream_there_is_no_way_back(combo):
    combo.up("customer", "new_customer")
    move.fill(combo, ROWS)
    combo.client("MoveTables", "--enable-reverse-replication=false", "customer.users", move.WORKFLOW)
    assert way_back(combo) == {} and at(combo, "new_customer", "SHOW TRIGGERS") == ""
    with pytest.raises(Failed, match="switched without a reverse stream"):
        combo.client("MoveTables", "ReverseTraffic", move.WORKFLOW)


def test_the_way_back_is_shown(switched):
    back = json.loads(switched.client("Workflow", "--format", "json", "show", move.WORKFLOW).stdout)["way_back"]
    assert back["state"] == "open" and back["closed"] == "" and back["error"] == ""
    assert "Way back:  open" in switched.client("Workflow", "show", move.WORKFLOW).stdout


def test_a_table_with_its_history_goes_there_and_back(combo):
    combo.up("customer", "new_customer")
    combo.mariadb("CREATE TABLE users (id INT PRIMARY KEY, v INT, UNIQUE KEY (v)) WITH SYSTEM VERSIONING; INSERT INTO users VALUES (1, 1), (2, 2);"
                  "UPDATE users SET v = 3 WHERE id = 1; DELETE FROM users WHERE id = 2", "customer")
    history = "SELECT *, row_start, row_end FROM users FOR SYSTEM_TIME ALL ORDER BY row_end, row_start"
    combo.client(*MOVE)
    combo.mariadb("UPDATE users SET v = 4; INSERT INTO users VALUES (5, 5)", "customer")
    combo.client("MoveTables", "ReverseTraffic", move.WORKFLOW)
    combo.mariadb("UPDATE users SET v = v + 10", "customer")
    assert len(at(combo, "customer", history).split("\n")) == 7
    proc.wait_for(lambda: at(combo, "customer", history) == at(combo, "new_customer", history), 60, "both sides to have the same history")

"""MoveTables as Vitess's users type it: its spellings, its life cycle step by step, its outputs and its refusals."""
import json
import re
import subprocess

import pytest

from lib import proc
from lib.combo import Failed

KEYSPACES = ("customer", "new_customer")
# As reference/vitess.md 1.3 and 1.4 have them.
NOT_SWITCHED = "Reads Not Switched. Writes Not Switched"
SWITCHED = "All Reads Switched. Writes Switched"


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


def table(name, rows=3):
    return (f"CREATE TABLE {name} (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE=InnoDB;"
            f" INSERT INTO {name} SELECT seq, 'x' FROM seq_1_to_{rows};")


@pytest.fixture
def fresh(shared_combo):
    """Databases with a few tables; whatever a test moved is cancelled or dropped by the next one's names."""
    def empty():
        for keyspace in KEYSPACES:
            at(shared_combo, keyspace, f"DROP DATABASE {keyspace}; CREATE DATABASE {keyspace}")
    empty()
    yield shared_combo
    for listed in shared_combo.api("workflow_list")["details"]:
        if listed["state"] not in ("Switched", "Complete", "Cancelled"):
            shared_combo.client("Workflow", "delete", listed["workflow"])
    empty()


def vtctldclient(combo, *args, check=True):
    done = subprocess.run([proc.program("vtctldclient"), "--server", f"127.0.0.1:{combo.base}", *args],
                          capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise Failed(done.stderr + done.stdout)
    return done


def state(combo, workflow):
    try:
        return combo.api("workflow_show", workflow=workflow)["record"]["state"]
    except Failed:
        return None


def wait_state(combo, workflow, wanted):
    return proc.wait_for(lambda: state(combo, workflow) == wanted, 60, f"{workflow} to be {wanted}")


def test_the_second_form_waits_for_its_switch(fresh):
    c = fresh
    at(c, "customer", table("va") + table("vb"))
    said = c.client("MoveTables", "--", "--source", "customer", "--tables", "va,vb", "Create", "new_customer.v2").stdout
    assert said.startswith("Waiting for workflow to start:\n0% ... 100% ...\nWorkflow started successfully with 1 stream(s)\n\n")
    assert "The following vreplication streams exist for workflow new_customer.v2:\n\nid=1 on 0/zone1-" in said
    wait_state(c, "new_customer/v2", "Running")
    assert c.client("MoveTables", "GetState", "new_customer.v2").stdout == NOT_SWITCHED + "\n"
    said = c.client("MoveTables", "Progress", "new_customer.v2").stdout
    assert re.search(r"^id=1 on 0/zone1-\d+: Status: Running\. VStream Lag: \d+s\.$", said, re.M), said
    # The same again attaches; it does not switch.
    c.client("MoveTables", "--", "--source", "customer", "--tables", "va,vb", "Create", "new_customer.v2")
    assert state(c, "new_customer/v2") == "Running"
    c.mariadb("INSERT INTO va VALUES (77, 'late')", "customer")
    said = c.client("MoveTables", "--timeout", "20s", "SwitchTraffic", "new_customer.v2").stdout
    assert said == ("SwitchTraffic was successful for workflow new_customer.v2\n"
                    f"Start State: {NOT_SWITCHED}\nCurrent State: {SWITCHED}\n\n")
    assert at(c, "new_customer", "SELECT COUNT(*) FROM va WHERE id=77") == "1"
    assert c.mariadb("SELECT COUNT(*) FROM customer.vb").strip() == "3"
    # And again: nothing is left to do.
    said = c.client("MoveTables", "SwitchTraffic", "new_customer.v2").stdout
    assert f"Start State: {SWITCHED}\nCurrent State: {SWITCHED}\n" in said
    refused = c.client("MoveTables", "Cancel", "new_customer.v2", check=False)
    assert refused.returncode == 1 and "already switched some or all read and write traffic" in refused.stderr


def test_vtctldclients_form_and_what_it_prints(fresh):
    c, w = fresh, ("--workflow", "vt", "--target-keyspace", "new_customer")
    at(c, "customer", table("vc", 5))
    said = vtctldclient(c, "MoveTables", *w, "create", "--source-keyspace", "customer", "--tables", "vc").stdout
    assert said.startswith("The following vreplication streams exist for workflow new_customer.vt:\n\nid=1 on new_customer/zone1-")
    wait_state(c, "new_customer/vt", "Running")
    said = vtctldclient(c, "MoveTables", *w, "status").stdout
    assert re.fullmatch(
        r"The following vreplication streams exist for workflow new_customer\.vt:\n\n"
        r"id=1 on new_customer/zone1-\d+: Status: Running\. VStream Lag: \d+s\.\n\n"
        r"Table Copy Status:\n"
        r"\tvc: RowsCopied:5, RowsTotal:5, RowsPercentage:100\.00, Phase:COMPLETE\n\n"
        rf"Traffic State: {NOT_SWITCHED}\n", said), said
    shown = json.loads(vtctldclient(c, "MoveTables", *w, "status", "--format", "json").stdout)
    assert shown["table_copy_state"] == {} and shown["traffic_state"] == NOT_SWITCHED
    (stream,) = shown["shard_streams"]["new_customer/0"]["streams"]
    assert stream["source_shard"] == "customer/0" and stream["status"] == "Running" and re.fullmatch(r"VStream Lag: \d+s", stream["info"])
    assert stream["tablet"]["cell"] == "zone1" and stream["position"]
    assert "vt" in json.loads(vtctldclient(c, "Workflow", "--keyspace", "new_customer", "list").stdout)
    shown = json.loads(vtctldclient(c, "MoveTables", *w, "SwitchTraffic", "--format=json").stdout)
    assert shown == {"summary": "SwitchTraffic was successful for workflow new_customer.vt", "start_state": NOT_SWITCHED,
                     "current_state": SWITCHED, "dry_run_results": []}


def test_the_first_form_and_patterns(fresh):
    c = fresh
    at(c, "customer", "".join(table(t) for t in ("wp_a", "wp_b", "wp_old", "other")))
    c.client("MoveTables", "-workflow=v1", "customer", "new_customer", "/^wp_/", "-exclude", "/old$/")
    wait_state(c, "new_customer/v1", "Running")
    assert at(c, "new_customer", "SHOW TABLES").split() == ["wp_a", "wp_b"]
    c.client("MoveTables", "Cancel", "new_customer.v1")
    assert at(c, "new_customer", "SHOW TABLES") == "" and state(c, "new_customer/v1") == "Cancelled"
    assert c.client("MoveTables", "GetState", "new_customer.v1").stdout == "Not Created\n"


@pytest.mark.parametrize("tables, said", [
    ("/nothing/", "no tables to move: keyspace 'customer' serves none that matches"),
    ("/(/", "'/(/' is no regular expression"),
    ("missing", "missing")])
def test_tables_that_are_not_there_are_refused(fresh, tables, said):
    refused = fresh.client("MoveTables", "--source", "customer", "--tables", tables, "Create", "new_customer.none", check=False)
    assert refused.returncode == 1 and said in refused.stderr
    assert state(fresh, "new_customer/none") is None


def test_a_switch_that_cannot_be_is_refused_in_vitess_words(fresh):
    c = fresh
    refused = c.client("MoveTables", "SwitchTraffic", "new_customer.nowhere", check=False)
    assert refused.returncode == 1 and "workflow new_customer/nowhere does not exist" in refused.stderr
    at(c, "customer", table("vd"))
    c.client("MoveTables", "--source", "customer", "--tables", "vd", "Create", "new_customer.err")
    wait_state(c, "new_customer/err", "Running")
    at(c, "customer", "ALTER TABLE vd ADD COLUMN w INT")
    wait_state(c, "new_customer/err", "Error")
    refused = c.client("MoveTables", "SwitchTraffic", "new_customer.err", check=False)
    assert "cannot switch traffic for workflow err at this time: workflow has errors" in refused.stderr
    assert re.search(r"Status: Error: .*vd.*\.", c.client("MoveTables", "Progress", "new_customer.err").stdout)


def test_a_switch_that_fails_leaves_the_move_waiting_for_the_next_command(fresh):
    c = fresh
    at(c, "customer", table("ve"))
    c.client("MoveTables", "--source", "customer", "--tables", "ve", "Create", "new_customer.again")
    wait_state(c, "new_customer/again", "Running")
    with subprocess.Popen(["mariadb", "--no-defaults", "--protocol=tcp", "-h127.0.0.1", f"-P{c.gate_port}", "-uapp", "-n", "customer"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        client.stdin.write("BEGIN; UPDATE ve SET v='open' WHERE id=1; SELECT 'begun';\n")
        client.stdin.flush()
        client.stdout.readline()
        failed = c.client("MoveTables", "--switch-attempts", "1", "--grace-period", "500ms", "SwitchTraffic", "new_customer.again",
                          check=False)
        assert failed.returncode == 1 and "gave up switching after 1 attempts" in failed.stderr
        assert state(c, "new_customer/again") == "Running"
        client.stdin.write("COMMIT;\n")
        client.stdin.close()
    assert SWITCHED in c.client("MoveTables", "SwitchTraffic", "new_customer.again").stdout
    assert at(c, "new_customer", "SELECT v FROM ve WHERE id=1") == "open"


# ---- Stopped and started

def count(combo, keyspace, name):
    return int(at(combo, keyspace, f"SELECT COUNT(*) FROM {name}"))


def test_a_stopped_stream_keeps_its_position_over_a_kill_and_goes_on_exactly(fresh):
    c = fresh
    at(c, "customer", table("sa", 10))
    c.client("MoveTables", "--source", "customer", "--tables", "sa", "Create", "new_customer.stop")
    wait_state(c, "new_customer/stop", "Running")
    said = json.loads(vtctldclient(c, "Workflow", "--keyspace", "new_customer", "stop", "--workflow", "stop").stdout)
    assert said["summary"] == "Successfully updated the stop workflow on (1) target primary tablets in the new_customer keyspace"
    assert said["details"][0]["changed"] is True and said["details"][0]["tablet"]["cell"] == "zone1"
    c.mariadb("INSERT INTO sa VALUES (100, 'while stopped'); UPDATE sa SET v='changed' WHERE id=1; DELETE FROM sa WHERE id=2", "customer")
    old = c.kill("vttablet", "new_customer")
    c.wait_restarted("vttablet", old, "new_customer")
    proc.wait_for(lambda: c.api("workflow_show", workflow="new_customer/stop")["progress"]["state"] == "suspended", 30,
                  "the stream to be known again")
    assert count(c, "new_customer", "sa") == 10 and state(c, "new_customer/stop") == "Stopped"
    assert "Status: Stopped" in c.client("MoveTables", "Progress", "new_customer.stop").stdout
    assert "Workflow start" in c.client("Workflow", "show", "new_customer.stop").stdout
    refused = c.client("MoveTables", "SwitchTraffic", "new_customer.stop", check=False)
    assert "cannot switch traffic for workflow stop at this time: workflow is stopped" in refused.stderr
    c.client("Workflow", "start", "new_customer.stop")
    wait_state(c, "new_customer/stop", "Running")
    c.client("MoveTables", "SwitchTraffic", "new_customer.stop")
    assert at(c, "new_customer", "SELECT GROUP_CONCAT(id, v ORDER BY id) FROM sa WHERE id IN (1, 2, 100)") == "1changed,100while stopped"
    refused = c.client("Workflow", "stop", "new_customer.stop", check=False)
    assert "workflow is frozen" in refused.stderr


def test_created_stopped_and_stopped_after_the_copy(fresh):
    c = fresh
    at(c, "customer", table("sb"))
    said = c.client("MoveTables", "--auto_start=false", "--stop_after_copy", "--source", "customer", "--tables", "sb", "Create",
                    "new_customer.late").stdout
    assert said == "Workflow has been created in Stopped state\n"
    assert at(c, "new_customer", "SHOW TABLES") == ""
    c.client("Workflow", "update", "--grace-period", "3s", "new_customer.late")
    assert c.api("workflow_show", workflow="new_customer/late")["record"]["options"]["grace_period_us"] == 3_000_000
    c.client("MoveTables", "Start", "new_customer.late")
    wait_state(c, "new_customer/late", "Running")
    c.client("MoveTables", "Cancel", "new_customer.late")
    c.client("MoveTables", "--stop_after_copy", "--source", "customer", "--tables", "sb", "Create", "new_customer.late")
    wait_state(c, "new_customer/late", "Stopped")
    assert count(c, "new_customer", "sb") == 3
    c.client("MoveTables", "Start", "new_customer.late")
    wait_state(c, "new_customer/late", "Running")


# ---- When it switches by itself

def test_no_switch_while_the_file_is_there_nor_out_of_the_window(fresh, tmp_path):
    c, flag = fresh, tmp_path / "postpone"
    at(c, "customer", table("pa"))
    flag.touch()
    c.client("MoveTables", "--detach", "--postpone-file", str(flag), "customer.pa", "new_customer.pa")
    wait_state(c, "new_customer/pa", "Running")
    shown = proc.wait_for(lambda: (s := c.client("Workflow", "show", "new_customer.pa").stdout) and "postponed: " in s and s, 30,
                          "the wait to be shown")
    assert f"postponed: the file '{flag}' is there" in shown and f"Switches:  not while '{flag}' exists" in shown
    hour = int(subprocess.run(["date", "+%H"], capture_output=True, text=True, check=True).stdout)
    window = f"{(hour + 10) % 24:02d}:00-{(hour + 12) % 24:02d}:00"
    c.client("Workflow", "update", "--switch-window", window, "new_customer.pa")
    flag.unlink()
    proc.wait_for(lambda: "it switches between" in c.api("workflow_show", workflow="new_customer/pa")["record"]["state_text"], 30,
                  "the window to be waited for")
    assert state(c, "new_customer/pa") == "Running"
    # A switch on command does not wait for it.
    assert SWITCHED in c.client("MoveTables", "SwitchTraffic", "new_customer.pa").stdout
    refused = c.client("MoveTables", "--postpone-file", "here", "customer.pa", "new_customer.pb", check=False)
    assert "name it from / on" in refused.stderr


# ---- Tablets

def test_tablets_are_listed_by_shard_and_type_and_shown_one_by_one(fresh):
    c = fresh
    lines = c.client("GetTablets", "--keyspace", "customer", "--shard", "0", "--tablet-type", "PRIMARY").stdout.splitlines()
    assert len(lines) == 1 and lines[0].split()[1:4] == ["customer", "0", "primary"]
    alias = lines[0].split()[0]
    assert c.client("GetTablets", "--tablet_type", "replica").stdout == ""
    listed = json.loads(vtctldclient(c, "GetTablets", "--keyspace", "customer", "--format", "json").stdout)["tablets"]
    assert [t["alias"] for t in listed] == [alias]
    shown = json.loads(c.client("GetTablet", alias).stdout)
    assert shown["alias"] == {"cell": alias.split("-")[0], "uid": int(alias.split("-")[1])}
    assert shown["type"] == "PRIMARY" and shown["mysql_port"] == c.port("server", "customer") and shown["keyspace"] == "customer"


@pytest.mark.parametrize("typed, said", [
    (("GetTablets", "--shard", "0"), "--shard (= 0) cannot be passed without also passing --keyspace"),
    (("GetTablets", "--tablet-type", "master"), "there is no tablet type 'master'"),
    (("GetTablet", "zone1-999"), "tablet 'zone1-999' does not exist")])
def test_tablets_that_are_not_there_are_refused(fresh, typed, said):
    refused = fresh.client(*typed, check=False)
    assert refused.returncode != 0 and said in refused.stderr

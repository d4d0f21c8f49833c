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
        r"\tvc: RowsCopied:5, RowsTotal:5, RowsPercentage:100\.00, BytesCopied:\d+, BytesTotal:\d+, BytesPercentage:[\d.]+, "
        r"Phase:COMPLETE\n\n"
        rf"Traffic State: {NOT_SWITCHED}\n", said), said
    shown = json.loads(vtctldclient(c, "MoveTables", *w, "status", "--format", "json").stdout)
    assert shown["table_copy_state"] == {} and shown["traffic_state"] == NOT_SWITCHED
    (stream,) = shown["shard_streams"]["new_customer/0"]["streams"]
    assert stream["source_shard"] == "customer/0" and stream["status"] == "Running" and re.fullmatch(r"VStream Lag: \d+s", stream["info"])
    assert stream["tablet"]["cell"] == "zone1" and stream["position"]
    assert "vt" in json.loads(vtctldclient(c, "Workflow", "--keyspace", "new_customer", "list").stdout)
    shown = json.loads(vtctldclient(c, "Workflow", "--keyspace", "new_customer", "show", "--workflow", "vt").stdout)
    assert shown == json.loads(vtctldclient(c, "MoveTables", *w, "show").stdout)
    (one,) = shown["workflows"]
    assert one["name"] == "vt" and one["source"] == {"keyspace": "customer", "shards": ["0"]} and one["target"]["keyspace"] == "new_customer"
    assert re.fullmatch(r"\d+", one["max_v_replication_lag"]) and one["workflow_type"] == "MoveTables"
    ((shard, streams),) = one["shard_streams"].items()
    (stream,) = streams["streams"]
    assert re.fullmatch(r"0/zone1-\d+", shard) and streams["is_primary_serving"] and stream["id"] == "1" and stream["state"] == "Running"
    assert stream["binlog_source"]["filter"]["rules"] == [{"match": "vc", "filter": "select * from `vc`"}] and stream["rows_copied"] == "5"
    assert any(log["type"] == "create" for log in stream["logs"]) and stream["position"]
    all_of_it = json.loads(vtctldclient(c, "Workflow", "--keyspace", "new_customer", "show", "--no-include-logs").stdout)["workflows"]
    assert any(w["name"] == "vt" and list(w["shard_streams"].values())[0]["streams"][0]["logs"] == [] for w in all_of_it)
    compact = subprocess.run([proc.program("vtctldclient"), "--server", f"127.0.0.1:{c.base}", "--compact", "MoveTables", *w, "show"],
                             capture_output=True, text=True, timeout=60, check=True).stdout
    assert '"stop_position"' not in compact and '"log_fetch_error"' not in compact and json.loads(compact)["workflows"][0]["name"] == "vt"
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


# ---- What would be done

def everything(combo):
    """Of both servers and the topology, all that a command could have changed."""
    seen = {k: at(combo, k, "SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE table_schema NOT IN"
                            " ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY 1, 2;"
                            "SELECT trigger_schema, trigger_name FROM information_schema.triggers WHERE trigger_schema <> 'sys' ORDER BY 1, 2;"
                            "SELECT * FROM _switchyard.fence ORDER BY 1, 2, 3") for k in KEYSPACES}
    rules = combo.client("GetRoutingRules").stdout
    records = {}
    for w in combo.api("workflow_list")["workflows"]:
        shown = combo.api("workflow_show", workflow=w)
        records[w] = (shown["revision"] if shown["record"]["state"] != "Running" else 0, shown["record"]["state"], shown["record"]["options"])
    return seen, rules, records


def dry(combo, *args):
    """The lines; nothing has changed."""
    before = everything(combo)
    said = combo.client("MoveTables", "--dry-run", *args).stdout
    assert everything(combo) == before
    head, rest = said.split("\n\n", 1)
    return head.splitlines(), [line for line in rest.splitlines() if not re.match("(note|warns): ", line)]


def test_a_dry_run_asks_everything_tells_all_and_changes_nothing(fresh):
    c = fresh
    at(c, "customer", table("da") + table("db"))
    head, lines = dry(c, "--source", "customer", "--tables", "da,db", "Create", "new_customer.dry")
    assert re.fullmatch(r"Dry Run results for Create run at \d\d \w{3} \d\d \d\d:\d\d UTC", head[0])
    assert head[1] == "Parameters: Create new_customer.dry"
    assert lines[0] == "Lock workflow new_customer.dry" and lines[-1] == "Unlock workflow new_customer.dry"
    assert any(line.startswith("Create tables [da,db] in keyspace new_customer, and copy about 3 rows") or
               line.startswith("Create tables [da,db] in keyspace new_customer, and copy about 6 rows") for line in lines), lines
    assert state(c, "new_customer/dry") is None
    # What would refuse it refuses.
    at(c, "new_customer", table("db"))
    refused = c.client("MoveTables", "--dry-run", "customer.da,db", "new_customer", check=False)
    assert refused.returncode == 1 and "'new_customer.db'" in refused.stderr
    at(c, "new_customer", "DROP TABLE db")
    c.client("MoveTables", "--source", "customer", "--tables", "da,db", "Create", "new_customer.dry")
    wait_state(c, "new_customer/dry", "Running")
    _, lines = dry(c, "--source", "customer", "--tables", "da,db", "Create", "new_customer.dry")
    assert lines == ["Go on with workflow new_customer.dry, which is Running"]
    _, lines = dry(c, "--timeout", "20s", "SwitchTraffic", "new_customer.dry")
    assert lines[0] == "Lock workflow new_customer.dry" and lines[-1] == "Unlock workflow new_customer.dry"
    assert re.match(r"Stop writes on keyspace customer for tables \[da,db\]: \[keyspace:customer;shard:0;tablet:zone1-\d+\]$", lines[2]), lines
    assert "Wait for vreplication on stopped streams to catchup for up to 20s" in lines
    assert "Switch routing from keyspace customer to keyspace new_customer for tables [da,db], reads and writes at once" in lines
    assert "Enable writes on keyspace new_customer for tables [da,db]" in lines
    assert any(line.startswith("Start reverse vreplication streams on: [tablet:zone1-") for line in lines)
    _, lines = dry(c, "Cancel", "new_customer.dry")
    assert any(line.startswith("Dropping these tables in the database of keyspace new_customer: [") for line in lines), lines
    said = json.loads(vtctldclient(c, "MoveTables", "--workflow", "dry", "--target-keyspace", "new_customer", "switchtraffic", "--dry-run",
                                   "--format", "json").stdout)
    assert said["start_state"] == said["current_state"] == NOT_SWITCHED and "Lock workflow new_customer.dry" in said["dry_run_results"]
    refused = c.client("MoveTables", "--dry-run", "Complete", "new_customer.dry", check=False)
    assert "you have not yet switched all read and write traffic" in refused.stderr
    c.client("MoveTables", "SwitchTraffic", "new_customer.dry")
    _, lines = dry(c, "SwitchTraffic", "new_customer.dry")
    assert lines == ["No changes required"]
    _, lines = dry(c, "ReverseTraffic", "new_customer.dry")
    assert "Switch routing from keyspace new_customer to keyspace customer for tables [da,db], reads and writes at once" in lines
    for options, act in (([], "Dropping these tables in"), (["--keep-data"], "Keeping these tables"), (["--rename-tables"], "Renaming these tables to _NAME_old")):
        _, lines = dry(c, *options, "Complete", "new_customer.dry")
        assert any(line.startswith(act) for line in lines), lines
    refused = c.client("MoveTables", "--dry-run", "Progress", "new_customer.dry", check=False)
    assert "--dry-run is only supported for Create, SwitchTraffic, ReverseTraffic, Complete and Cancel, not for Progress" in refused.stderr
    c.client("MoveTables", "Complete", "new_customer.dry")


# ---- What is to stay

def test_cancel_keeps_what_it_is_told_to_keep(fresh):
    c = fresh
    at(c, "customer", table("ka"))
    c.client("MoveTables", "--source", "customer", "--tables", "ka", "Create", "new_customer.keep")
    wait_state(c, "new_customer/keep", "Running")
    c.client("MoveTables", "--keep-data", "--keep-routing-rules", "Cancel", "new_customer.keep")
    assert at(c, "new_customer", "SELECT COUNT(*) FROM ka") == "3"
    assert at(c, "new_customer", "SELECT COUNT(*) FROM information_schema.triggers WHERE event_object_table='ka'") == "0"
    rules = {r["from_table"]: r["to_tables"] for r in json.loads(c.client("GetRoutingRules").stdout)["rules"]}
    assert rules["customer.ka"] == rules["new_customer.ka"] == ["customer.ka"]
    c.mariadb("INSERT INTO ka VALUES (9, 'at home')", "customer")
    assert at(c, "customer", "SELECT COUNT(*) FROM ka") == "4"
    # The next move of it takes the rules over, and leaves them when it goes.
    at(c, "new_customer", "DROP TABLE ka")
    c.client("MoveTables", "customer.ka", "new_customer.ka", "--no-switch", "--workflow", "keep2")
    c.client("Workflow", "delete", "new_customer.keep2")
    assert "customer.ka" in c.client("GetRoutingRules").stdout and at(c, "new_customer", "SHOW TABLES") == ""


def test_complete_takes_the_rules_away_when_told_to(fresh):
    c = fresh
    at(c, "customer", table("kb"))
    c.client("MoveTables", "customer.kb", "new_customer.kb", "--workflow", "gone")
    refused = c.client("MoveTables", "--keep-data", "--remove-routing-rules", "Complete", "new_customer.gone", check=False)
    assert refused.returncode == 1 and "clients would read the old tables" in refused.stderr
    c.client("MoveTables", "--remove-routing-rules", "Complete", "new_customer.gone")
    assert "kb" not in c.client("GetRoutingRules").stdout
    assert c.mariadb("SELECT COUNT(*) FROM kb", "new_customer").strip() == "3"
    c.mariadb("CREATE TABLE kb (id INT PRIMARY KEY)", "customer")
    assert at(c, "customer", "SHOW TABLES") == "kb"


@pytest.mark.parametrize("typed, said", [
    (("--remove-routing-rules", "Cancel", "new_customer.w"), "--remove-routing-rules is not for Cancel, but for Complete"),
    (("--keep-routing-rules", "--remove-routing-rules", "Complete", "new_customer.w"), "exclude each other"),
    (("--rename-tables", "customer.t", "new_customer.t"), "--rename-tables is not for MoveTables TABLES TARGET")])
def test_endings_that_cannot_be_are_refused(shared_combo, typed, said):
    refused = shared_combo.client("MoveTables", *typed, check=False)
    assert refused.returncode != 0 and said in refused.stderr


# ---- What is taken away

def rules_of(combo):
    return json.loads(combo.client("GetRoutingRules").stdout)["rules"]


def test_rules_that_finished_moves_have_left_are_taken_away_and_no_others(fresh):
    c = fresh
    at(c, "customer", table("ra") + table("rb"))
    c.client("MoveTables", "--no-enable-reverse-replication", "customer.ra", "new_customer.ra")
    c.client("MoveTables", "--no-switch", "customer.rb", "new_customer.rb")
    others = [r for r in rules_of(c) if r["from_table"][-3:] not in (".ra", ".rb")]      # of this file's other tests
    live = others + [r for r in rules_of(c) if r["from_table"].endswith(".rb")]
    live.sort(key=rules_of(c).index)
    # A live move's are not touched.
    moved = [r for r in rules_of(c) if r["from_table"].endswith(".ra")]
    refused = c.client("ApplyRoutingRules", "--rules", json.dumps({"rules": others + moved}), check=False)
    assert refused.returncode == 1 and "is governed by workflow 'new_customer/rb'" in refused.stderr, refused.stderr
    assert f"vtctlclient --server 127.0.0.1:{c.base} Workflow show new_customer.rb" in refused.stderr     # to be pasted
    # Nor is what would bare the old table, nor anything made or turned.
    refused = c.client("ApplyRoutingRules", "--rules", json.dumps({"rules": live}), check=False)
    assert refused.returncode == 1 and "without its routing rule 'customer.ra' would stand for the old table" in refused.stderr, refused.stderr
    c.client("DropTable", "customer.ra")
    turned = others + [{"from_table": "customer.rb", "to_tables": ["new_customer.rb"]}]
    refused = c.client("ApplyRoutingRules", "--rules", json.dumps({"rules": turned}), check=False)
    assert "is not switched by rules" in refused.stderr
    refused = c.client("ApplyRoutingRules", "--rules", json.dumps({"rules": live + [{"from_table": "customer.x", "to_tables": ["customer.y"]}]}),
                       check=False)
    assert "there is no routing rule of 'customer.x'" in refused.stderr
    before = rules_of(c)
    said = c.client("ApplyRoutingRules", "--dry-run", "--rules", json.dumps({"rules": live})).stdout
    assert said.startswith("[DRY RUN] Would have saved new RoutingRules object:\n{") and ".ra" not in said and rules_of(c) == before
    # Vitess's other way of writing it, from a file.
    path = f"{c.folder}/rules.json"
    with open(path, "w") as f:
        json.dump({"rules": [{"fromTable": r["from_table"], "toTables": r["to_tables"]} for r in live]}, f)
    said = c.client("ApplyRoutingRules", "--rules-file", path).stdout
    assert said.startswith("New RoutingRules object:\n{") and rules_of(c) == live
    c.mariadb("CREATE TABLE ra (id INT PRIMARY KEY)", "customer")       # a table of the keyspace's own again
    assert at(c, "customer", "SHOW TABLES").split() == ["ra", "rb"]
    assert c.mariadb("SELECT COUNT(*) FROM ra", "new_customer").strip() == "3"


@pytest.mark.parametrize("typed, said", [
    (("ApplyRoutingRules",), "one of --rules and --rules-file is needed"),
    (("ApplyRoutingRules", "--rules", "{"), "the rules: not JSON"),
    (("ApplyRoutingRules", "--skip-rebuild", "--rules", "{}"), "nothing is rebuilt"),
    (("DeleteKeyspace", "nowhere"), "'nowhere' does not exist"),
    (("DeleteTablets", "zone1-1"), "cannot delete tablet zone1-1 as it is a primary"),
    (("DeleteTablets", "--allow-primary", "zone1-77"), "zone1-77")])
def test_what_is_used_is_not_taken_away(fresh, typed, said):
    refused = fresh.client(*typed, check=False)
    assert refused.returncode != 0 and said in refused.stderr, refused.stderr


def test_a_keyspace_goes_once_nothing_uses_it(combo):
    c = combo.up("customer", "new_customer")
    at(c, "customer", table("t"))
    c.client("MoveTables", "--no-switch", "customer.t", "new_customer.t")
    refused = c.client("DeleteKeyspace", "--recursive", "new_customer", check=False)
    assert "keyspace 'new_customer' is used by workflow 'new_customer.t', which is not over" in refused.stderr
    refused = c.client("DeleteTablets", "--allow-primary", "zone1-2", check=False)
    assert "tablet 'zone1-2' is used by workflow 'new_customer.t'" in refused.stderr
    c.client("MoveTables", "customer.t", "new_customer.t")
    c.client("MoveTables", "Complete", "new_customer.t")
    refused = c.client("DeleteKeyspace", "--recursive", "customer", check=False)
    assert "keyspace 'customer' is used by a routing rule" in refused.stderr
    c.client("ApplyRoutingRules", "--rules", "{}")
    c.client("FollowKeyspace", "--force", "new_customer", "customer")
    refused = c.client("DeleteKeyspace", "--recursive", "customer", check=False)
    assert "new tables of keyspace 'new_customer' are made in 'customer'" in refused.stderr
    c.client("FollowKeyspace", "--end", "new_customer")
    refused = c.client("DeleteKeyspace", "customer", check=False)
    assert "keyspace customer still has tablets; use --recursive or remove them" in refused.stderr
    said = c.client("DeleteKeyspace", "--recursive", "customer").stdout
    assert "the vttablet of zone1-1 runs still" in said and said.endswith("Successfully deleted keyspace customer.\n")
    assert c.client("GetKeyspaces").stdout == "new_customer\n" and "zone1-1 " not in c.client("GetTablets").stdout
    assert c.mariadb("SELECT COUNT(*) FROM t", "new_customer").strip() == "3"
    assert at(c, "customer", "SHOW DATABASES LIKE 'customer'") == "customer"     # the server and its data are as they were

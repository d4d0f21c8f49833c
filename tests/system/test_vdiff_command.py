"""VDiff as Vitess's users type it: both spellings, its outputs, and what it refuses; both ways, with clients at work."""
import json
import os
import re
import urllib.request
import signal
import subprocess

import pymysql
import pytest

from lib import cases, flavours, kinds, mariadb, proc
from lib.combo import Failed
from lib.load import Load

NO_BINLOG = {"mariadb": "BINLOG ADMIN", "mysql": "SESSION_VARIABLES_ADMIN, SYSTEM_VARIABLES_ADMIN"}
WORKFLOW = "new_customer.shop"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d"


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


def behind(combo, keyspace, *statements):
    """Behind the stream's back: the fence of a side that does not serve lets its account alone by."""
    with pymysql.connect(host="127.0.0.1", port=combo.port("server", keyspace), user="vt_stream", database=keyspace, autocommit=True,
                         password=combo.credentials()["vt_stream"]["password"]) as conn, conn.cursor() as cur:
        for sql in statements:
            cur.execute(sql)
        return cur.fetchone()


def vtctldclient(combo, *args, check=True):
    done = subprocess.run([proc.program("vtctldclient"), "--server", f"127.0.0.1:{combo.base}", *args],
                          capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise Failed(done.stderr + done.stdout)
    return done


def vdiff(combo, *args, check=True):
    return combo.client("VDiff", *args, check=check)


@pytest.fixture(scope="module")
def shop(shared_combo):
    """Two tables that have arrived, and wait for their switch; what a test plants it takes away."""
    c = shared_combo
    at(c, "customer", "CREATE TABLE corder (id INT PRIMARY KEY, sku VARCHAR(20)); INSERT INTO corder SELECT seq, 'x' FROM seq_1_to_300; "
                      "CREATE TABLE cust (id INT PRIMARY KEY); INSERT INTO cust SELECT seq FROM seq_1_to_5")
    c.client("MoveTables", "Create", "--workflow", "shop", "--target-keyspace", "new_customer", "--source-keyspace", "customer",
             "--tables", "corder,cust")
    proc.wait_for(lambda: c.workflow("new_customer", "shop")["record"]["state"] == "Running", 60, "the tables to arrive")
    return c


@pytest.fixture
def fresh(shop):
    vdiff(shop, WORKFLOW, "delete", "all")
    yield shop
    behind(shop, "new_customer", "DELETE FROM corder WHERE id IN (7, 9) OR id > 300", "INSERT INTO corder VALUES (7, 'x'), (9, 'x')")


def test_without_any_there_is_none(fresh):
    assert vdiff(fresh, WORKFLOW, "show", "last").stdout == "No previous vdiff found for new_customer.shop\n"
    assert vdiff(fresh, "--format=json", WORKFLOW, "show", "last").stdout == "{}\n"
    assert vdiff(fresh, WORKFLOW, "show", "all").stdout == (
        "+------+----------+----------+-------+-------+\n| UUID | Workflow | Keyspace | Shard | State |\n"
        "+------+----------+----------+-------+-------+\n")
    assert json.loads(vdiff(fresh, "--format", "json", WORKFLOW, "show", "all").stdout) == []
    which = "bc74b91b-2ee8-4869-bc39-4740ce445e20"
    assert vdiff(fresh, WORKFLOW, "delete", which).stdout == "VDiff delete completed\n"
    for action in "show", "stop", "resume":
        with pytest.raises(Failed, match="there is no vdiff"):
            vdiff(fresh, WORKFLOW, action, which)


def test_create_and_show_the_second_version(fresh):
    said = vdiff(fresh, "--v2", WORKFLOW, "create").stdout
    which = re.fullmatch(f"VDiff ({UUID}) scheduled on target shards, use show to view progress\n", said).group(1)
    said = proc.wait_for(lambda: (lambda s: s if "completed" in s else None)(vdiff(fresh, WORKFLOW, "show", which).stdout), 60, "its end")
    assert re.fullmatch(f"VDiff Summary for new_customer.shop \\({which}\\)\nState:        completed\nRowsCompared: 305\n"
                        f"HasMismatch:  false\nStartedAt:    {TIME}\nCompletedAt:  {TIME}\n\n"
                        "Use \"--format=json\" for more detailed output.\n", said), said
    assert vdiff(fresh, WORKFLOW, "show", "last").stdout == said
    said = vdiff(fresh, "--verbose", WORKFLOW, "show", "last").stdout
    assert ("\nTable corder:\n\tState:            completed\n\tProcessedRows:    300\n\tMatchingRows:     300\n"
            "\nTable cust:\n\tState:            completed\n\tProcessedRows:    5\n\tMatchingRows:     5\n\nUse") in said
    assert f"| {which} | shop     | new_customer | 0     | completed |\n" in vdiff(fresh, WORKFLOW, "show", "all").stdout
    assert vdiff(fresh, WORKFLOW, "stop", which).stdout == "VDiff stop completed\n"     # of one that is done: nothing
    assert "State:        completed" in vdiff(fresh, WORKFLOW, "show", which).stdout
    assert vdiff(fresh, WORKFLOW, "resume", which).stdout == "VDiff resume scheduled\n"
    proc.wait_for(lambda: "completed" in vdiff(fresh, WORKFLOW, "show", which).stdout, 60, "its end")


def test_the_third_spelling_and_json(fresh):
    which = "bc74b91b-2ee8-4869-bc39-4740ce445e20"
    names = "--workflow", "shop", "--target-keyspace", "new_customer"
    said = vtctldclient(fresh, "VDiff", *names, "create", which, "--format", "json").stdout
    assert said == "{\n\t\"UUID\": \"bc74b91b-2ee8-4869-bc39-4740ce445e20\"\n}\n"
    with pytest.raises(Failed, match="there is a vdiff .* already"):
        vtctldclient(fresh, "VDiff", *names, "create", which)
    text = proc.wait_for(lambda: (lambda s: s if "completed" in s else None)(
        vtctldclient(fresh, "VDiff", "--format", "json", *names, "show", "last").stdout), 60, "its end")
    assert text.startswith("{\n\t\"Workflow\": \"shop\",\n\t\"Keyspace\": \"new_customer\",\n\t\"State\": \"completed\",\n")
    shown = json.loads(text)
    assert re.fullmatch(TIME, shown.pop("StartedAt")) and re.fullmatch(TIME, shown.pop("CompletedAt"))
    assert shown == {"Workflow": "shop", "Keyspace": "new_customer", "State": "completed", "UUID": which, "RowsCompared": 305,
                     "HasMismatch": False, "Shards": "0"}
    assert json.loads(vtctldclient(fresh, "VDiff", "--format", "json", *names, "show", "all").stdout) == [
        {"UUID": which, "Workflow": "shop", "Keyspace": "new_customer", "Shard": "0", "State": "completed"}]
    for action, status in ("stop", "completed"), ("resume", "scheduled"), ("delete", "completed"):
        said = json.loads(vtctldclient(fresh, "VDiff", "--format", "json", *names, action, which).stdout)
        assert said == {"UUID": which, "Action": action, "Status": status}
    assert "No previous vdiff" in vtctldclient(fresh, "VDiff", *names, "show", "last").stdout


def test_what_differs_is_told_and_waited_for(fresh):
    assert vdiff(fresh, "--wait", WORKFLOW, "create").returncode == 0
    behind(fresh, "new_customer", "UPDATE corder SET sku = 'X' WHERE id = 7", "DELETE FROM corder WHERE id = 9",
           "INSERT INTO corder VALUES (999, '')")
    done = vdiff(fresh, "--wait", "--verbose", WORKFLOW, check=False)
    assert done.returncode == 1 and "HasMismatch:  true\n" in done.stdout
    assert ("\tProcessedRows:    301\n\tMatchingRows:     298\n\tMismatchedRows:   1\n\tExtraRowsSource:  1\n"
            "\tExtraRowsTarget:  1\n") in done.stdout
    shown = json.loads(vdiff(fresh, "--format", "json", WORKFLOW, "show", "last").stdout)
    summary = shown["TableSummary"]["corder"]
    assert re.fullmatch(TIME, summary.pop("LastUpdated"))
    assert summary == {"TableName": "corder", "State": "completed", "RowsCompared": 301, "MatchingRows": 298, "MismatchedRows": 1,
                       "ExtraRowsSource": 1, "ExtraRowsTarget": 1}
    assert shown["Reports"]["corder"]["0"] == {
        "TableName": "corder", "ProcessedRows": 301, "MatchingRows": 298, "MismatchedRows": 1, "ExtraRowsSource": 1, "ExtraRowsTarget": 1,
        "ExtraRowsSourceDiffs": [{"Row": {"id": "9", "sku": "x"}, "Query": ""}],
        "ExtraRowsTargetDiffs": [{"Row": {"id": "999", "sku": ""}, "Query": ""}],
        "MismatchedRowsDiffs": [{"Source": {"Row": {"id": "7", "sku": "x"}, "Query": ""},
                                 "Target": {"Row": {"id": "7", "sku": "X"}, "Query": ""}}]}
    few = vdiff(fresh, "--wait", "--tables=cust", "--limit", "3", "--format", "json", "--verbose", WORKFLOW, "create")
    assert few.returncode == 0 and {t: s["RowsCompared"] for t, s in json.loads(few.stdout)["TableSummary"].items()} == {"cust": 3}
    none = vdiff(fresh, "--wait", "--max-report-sample-rows=0", "--format", "json", WORKFLOW, check=False)
    assert none.returncode == 1 and "MismatchedRowsDiffs" not in json.loads(none.stdout)["Reports"]["corder"]["0"]


def test_the_first_version_ends_with_a_line_for_each_table(fresh):
    assert vdiff(fresh, "--v1", WORKFLOW).stdout == (
        "Summary for corder: {ProcessedRows:300 MatchingRows:300 MismatchedRows:0 ExtraRowsSource:0 ExtraRowsTarget:0}\n"
        "Summary for cust: {ProcessedRows:5 MatchingRows:5 MismatchedRows:0 ExtraRowsSource:0 ExtraRowsTarget:0}\n")


def test_what_cannot_be_is_refused_with_what_to_do(fresh):
    for args, said in [
            (["nope.shop", "create"], "workflow nope/shop does not exist"), ([], "needs the name of a workflow.*Workflow list"),
            (["--workflow", "shop", "create"], "needs the name of a workflow"), ([WORKFLOW, "crate"], "unknown action.*did you mean create"),
            ([WORKFLOW, "show"], "VDiff show needs a UUID, or last|all"), ([WORKFLOW, "stop", "all"], "'all' is no UUID.*show all lists them"),
            ([WORKFLOW, "stop", "last"], "'last' is no UUID"), ([WORKFLOW, "delete", "last"], "'last' is no UUID, nor all"),
            ([WORKFLOW, "create", "x"], "'x' is no UUID"), ([WORKFLOW, "show", "last", "all"], "too many|one too many"),
            (["--tables", "nope", WORKFLOW], "has no table 'nope'.*names as they are at the target"),
            (["--tables", "/c/", WORKFLOW], "takes names"), (["--limit=-1", WORKFLOW], "limit"),
            (["--tablet-types=replica", WORKFLOW], "both sides are read at their primaries"),
            (["--filtered_replication_wait_time=30s", WORKFLOW], "streams are never stopped"), (["--only-pks", WORKFLOW], "leave it out"),
            (["--max-diff-duration", "1h", WORKFLOW], "no view of a table lasts"), (["--auto-retry", WORKFLOW], "always waited for")]:
        with pytest.raises(Failed, match=f"(?s){said}"):
            vdiff(fresh, *args)
    assert vdiff(fresh, WORKFLOW, "show", "all").stdout.count("|") == 6


def test_leaving_is_not_stopping(fresh):
    """Ctrl-C while it is waited for: it goes on, and how to come back is said."""
    at(fresh, "customer", "CREATE TABLE many (id INT PRIMARY KEY, v CHAR(200)); INSERT INTO many SELECT seq, seq FROM seq_1_to_200000")
    fresh.client("MoveTables", "Create", "--workflow", "many", "--target-keyspace", "new_customer", "--source-keyspace", "customer",
                 "--tables", "many")
    proc.wait_for(lambda: fresh.workflow("new_customer", "many")["record"]["state"] == "Running", 100, "the table to arrive")
    waiting = subprocess.Popen(fresh.client_command("VDiff", "--wait", "new_customer.many"), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    proc.wait_for(lambda: re.search(UUID, vdiff(fresh, "new_customer.many", "show", "all").stdout), 30, "the comparison to be there")
    waiting.send_signal(signal.SIGINT)
    out, err = waiting.communicate(timeout=60)
    if waiting.returncode == 130:           # it was not over already
        assert re.search(rf"the comparison goes on; vtctlclient .*VDiff new_customer.many show {UUID}", err), err
    proc.wait_for(lambda: "completed" in vdiff(fresh, "new_customer.many", "show", "last").stdout, 100, "its end")
    assert "HasMismatch:  false" in vdiff(fresh, "new_customer.many", "show", "last").stdout
    fresh.client("Workflow", "delete", "new_customer.many")


def test_what_is_repaired_is_told(fresh):
    behind(fresh, "new_customer", "UPDATE corder SET sku = 'X' WHERE id = 7", "DELETE FROM corder WHERE id = 9")
    done = vdiff(fresh, "--repair", "--wait", "--verbose", WORKFLOW)
    assert "HasMismatch:  true\nRepaired:     2 rows\n" in done.stdout and "\tRepairedRows:     2\n" in done.stdout
    shown = json.loads(vdiff(fresh, "--format", "json", WORKFLOW, "show", "last").stdout)
    assert shown["RepairedRows"] == 2 and shown["TableSummary"]["corder"]["RepairedRows"] == 2
    assert "HasMismatch:  false" in vdiff(fresh, "--wait", WORKFLOW).stdout


def test_a_way_back_is_repaired_and_stays_open(combo):
    """The guard of the old side knows what is repaired there for the stream's own."""
    c = combo.up("customer", "new_customer")
    at(c, "customer", "CREATE TABLE corder (id INT PRIMARY KEY, sku VARCHAR(20)); INSERT INTO corder SELECT seq, 'x' FROM seq_1_to_300; "
                      f"GRANT {NO_BINLOG[kinds.brand(kinds.wanted()[0])]} ON *.* TO 'vt_stream'@'127.0.0.1'")
    c.client("MoveTables", "customer.corder", "new_customer", "--workflow", "shop")
    behind(c, "customer", "SET sql_log_bin = 0", "UPDATE corder SET sku = 'X' WHERE id = 7", "DELETE FROM corder WHERE id = 9")
    done = vdiff(c, "--repair", "--wait", "--format", "json", WORKFLOW)
    assert json.loads(done.stdout)["RepairedRows"] == 2
    c.mariadb("UPDATE corder SET sku = 'y' WHERE id = 9", "customer")
    assert re.search(r"Way back: +open", c.client("Workflow", "show", WORKFLOW).stdout)
    c.client("MoveTables", "ReverseTraffic", WORKFLOW)
    assert at(c, "customer", "SELECT GROUP_CONCAT(sku ORDER BY id) FROM corder WHERE id IN (7, 8, 9)") == "x,x,y"


@pytest.mark.parametrize("source, target", cases.some(flavours.PAIRS, [("mysql", "mariadb")]))
def test_both_ways_with_clients_at_work(combo, source, target):
    """Forth before the switch, and back after it; nothing differs, and a row that somebody has changed is found."""
    flavours.up(combo, source, target)
    conn = flavours.at(combo, "customer", "STRICT_ALL_TABLES")
    flavours.run(conn, *mariadb.users_sql(3000))
    conn.close()
    load = Load(os.path.join(combo.folder, "journal"), combo.gate_port, clients=4, rate=200).start()
    try:
        combo.client("MoveTables", "Create", "--workflow", "shop", "--target-keyspace", "new_customer", "--source-keyspace", "customer",
                     "--tables", "users")
        proc.wait_for(lambda: combo.workflow("new_customer", "shop")["record"]["state"] == "Running", 60, "the table to arrive")
        assert equal(combo)
        combo.client("MoveTables", "SwitchTraffic", WORKFLOW)
        assert equal(combo)
        load.go_on(50)
        summary = load.stop()
    finally:
        load.abandon()
    assert summary["errors"] + summary["wrong_reads"] == 0, "\n".join(map(str, summary["first_errors"]))
    combo.client("MoveTables", "ReverseTraffic", WORKFLOW)
    victim = behind(combo, "new_customer", "SELECT MIN(id) FROM users")[0]
    behind(combo, "new_customer", f"DELETE FROM users WHERE id = {victim}")
    done = vdiff(combo, "--wait", "--format", "json", WORKFLOW, check=False)
    report = json.loads(done.stdout)["Reports"]["users"]["0"]
    assert done.returncode == 1 and report["ExtraRowsSource"] == 1 and report["MismatchedRows"] + report["ExtraRowsTarget"] == 0
    assert [d["Row"]["id"] for d in report["ExtraRowsSourceDiffs"]] == [str(victim)]


def equal(combo):
    done = vdiff(combo, "--wait", "--verbose", "--format", "json", WORKFLOW, check=False)
    shown = json.loads(done.stdout)
    assert shown["RowsCompared"] >= 3000 and not shown["HasMismatch"], done.stdout
    return done.returncode == 0


def test_a_continuous_proof_is_shown_stopped_and_differs(fresh):
    done = vdiff(fresh, "--continuous", "--wait", WORKFLOW)
    assert re.search(f"State:        completed\nRowsCompared: 305\nHasMismatch:  false\nStartedAt:    {TIME}\nCompletedAt:  {TIME}\n"
                     f"Continuous:   proving, since {TIME}\nProven:       [01] transactions, [01] changes of rows\nUpTo:         ", done.stdout), done.stdout
    behind(fresh, "customer", "UPDATE corder SET sku = 'new' WHERE id < 20")
    shown = proc.wait_for(lambda: (lambda s: s if s["ContinuousProof"]["RowChanges"] >= 19 else None)(
        json.loads(vdiff(fresh, "--format=json", WORKFLOW, "show", "last").stdout)), 60, "rows to be proven")
    assert shown["HasMismatch"] is False and shown["ContinuousProof"]["DifferingTables"] == [] and shown["ContinuousProof"]["Findings"] == 0
    behind(fresh, "new_customer", "UPDATE corder SET sku = 'X' WHERE id = 7")
    proc.wait_for(lambda: "HasMismatch:  true" in vdiff(fresh, WORKFLOW, "show", "last").stdout, 60, "the planted row")
    said = proc.wait_for(lambda: (lambda s: s if "MismatchedRows:   1" in s else None)(vdiff(fresh, "--verbose", WORKFLOW, "show", "last").stdout), 60, "it")
    assert "Differing:    corder\nFindings:     1, the last one: table 'new_customer.corder' was changed by another than the stream" in said
    with urllib.request.urlopen(f"http://{fresh.find('vttablet', 'new_customer')['http']}/metrics", timeout=10) as reply:
        assert 'vttablet_proof_differing_tables{workflow="new_customer/shop",round="1"} 1' in reply.read().decode()
    assert "Repaired:     1 rows" in vdiff(fresh, "--repair", "--wait", WORKFLOW).stdout
    which = shown["UUID"]
    proc.wait_for(lambda: "HasMismatch:  false" in vdiff(fresh, WORKFLOW, "show", which).stdout, 60, "it to be equal again")
    assert vdiff(fresh, WORKFLOW, "stop", which).stdout == "VDiff stop completed\n"
    assert "Continuous:   ended" in vdiff(fresh, WORKFLOW, "show", which).stdout and "stopped by VDiff stop" in vdiff(fresh, WORKFLOW, "show", which).stdout
    with pytest.raises(Failed, match="begins with all rows of all tables"):
        vdiff(fresh, "--continuous", "--tables", "corder", WORKFLOW)

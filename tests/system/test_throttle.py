"""A copy goes no faster than it may, and waits while its servers are busy: one cluster, a small table, limits that change meanwhile."""
import json
import subprocess
import time
import urllib.request

import pymysql
import pytest

from lib import proc
from lib.combo import Failed
from lib.mariadb import INNODB_TRX_EVERY

ROWS, WORKFLOW = 20000, "new_customer.w"
QUERY = "SELECT v FROM customer.flag"
VIEWS = "SELECT COUNT(*) FROM information_schema.innodb_trx"
AGE = "SELECT COALESCE(MAX(TIMESTAMPDIFF(SECOND, trx_started, NOW())), 0) FROM information_schema.innodb_trx"


def vtctldclient(combo, *args):
    return subprocess.run([proc.program("vtctldclient"), "--server", f"127.0.0.1:{combo.base}", *args], capture_output=True, text=True,
                          timeout=600, stdin=subprocess.DEVNULL, check=True).stdout


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


def flag(combo, value):
    at(combo, "customer", f"UPDATE flag SET v = {value}")


@pytest.fixture(scope="module")
def filled(shared_combo):
    at(shared_combo, "customer", f"CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(50)); INSERT INTO t SELECT seq, seq FROM seq_1_to_{ROWS}; "
                                 "CREATE TABLE flag (v INT NOT NULL); INSERT INTO flag VALUES (0)")
    return shared_combo


@pytest.fixture
def fresh(filled):
    flag(filled, 0)
    yield filled
    filled.client("Workflow", "delete", WORKFLOW)


def create(combo, *options, check=True):
    return combo.client("MoveTables", *options, "Create", "--source-keyspace", "customer", "--tables", "t", WORKFLOW, check=check)


def update(combo, *options, check=True):
    return combo.client("Workflow", *options, "update", WORKFLOW, check=check)


def seen(combo):
    return combo.workflow("new_customer", "w")


def copied(combo):
    return seen(combo)["progress"]["rows_copied"]


def shown(combo):
    """{label: text} of Workflow show."""
    lines = [line.partition(":") for line in combo.client("Workflow", "show", WORKFLOW).stdout.splitlines()]
    return {label: text.strip() for label, colon, text in lines if colon and not label.startswith(" ")}


def wait_throttled(combo, by):
    proc.wait_for(lambda: by in seen(combo)["progress"]["throttled"], 30, f"the copy to wait for {by}", lambda: str(seen(combo)["progress"]))


def wait_arrived(combo):
    proc.wait_for(lambda: seen(combo)["record"]["state"] == "Running", 60, "the rows to arrive", lambda: str(seen(combo)))
    assert copied(combo) == ROWS


def stands_still(combo, seconds=1):
    before = copied(combo)
    time.sleep(seconds)
    assert copied(combo) == before < ROWS


def test_rows_a_second_bound_the_copy_until_there_is_another_limit(fresh):
    begun = time.monotonic()
    create(fresh, "--max-rows-per-second", "100", "--max-bytes-per-second=1M")
    while (passed := time.monotonic() - begun) < 2:
        rows = copied(fresh)            # and a little time goes by until it is known: that is on the safe side
        assert rows <= 100 * (time.monotonic() - begun + 1) + 2 * 50, f"{rows} rows after {passed} s"
    assert rows >= 100                  # it does go on
    said = shown(fresh)
    assert said["Limits"] == "100 rows/s, 1048576 bytes/s"
    assert said["Throttled"].startswith("100 rows/s; since 20")
    assert "Throttled: 100 rows/s." in fresh.client("MoveTables", "Progress", WORKFLOW).stdout
    assert copied(fresh) < ROWS / 2
    update(fresh, "--max-rows-per-second=0", "--max-bytes-per-second", "0")
    wait_arrived(fresh)
    said = shown(fresh)
    assert "Limits" not in said and "Throttled" not in said


def test_the_short_form_takes_limits_too(fresh):
    move = ["MoveTables", "--no-switch", "--workflow", "w", "customer.t", "new_customer.t"]
    fresh.client(*move[:1], "--detach", "--max-bytes-per-second=8", *move[1:])
    wait_throttled(fresh, "8 bytes/s")
    stands_still(fresh, 0.5)
    fresh.client(*move[:1], "--max-bytes-per-second=0", *move[1:])
    wait_arrived(fresh)


def test_a_query_stops_the_copy_over_a_kill_and_never_a_switch(fresh):
    flag(fresh, 1)
    create(fresh, "--throttle-query", QUERY)
    wait_throttled(fresh, "--throttle-query gives 1")
    stands_still(fresh)
    since = seen(fresh)["progress"]["throttled_us"]
    assert abs(since / 1e6 - time.time()) < 60
    told = json.loads(vtctldclient(fresh, "Workflow", "--keyspace", "new_customer", "show", "--workflow", "w"))
    stream, = (s for shard in told["workflows"][0]["shard_streams"].values() for s in shard["streams"])
    assert stream["throttler_status"]["reason"] == "--throttle-query gives 1"
    assert stream["throttler_status"]["time_throttled"]["seconds"] == str(since // 1000000)
    with urllib.request.urlopen(f"http://{fresh.find('vttablet', 'new_customer')['http']}/metrics", timeout=10) as reply:
        assert 'vttablet_stream_throttled{workflow="new_customer/w",round="1"} 1\n' in reply.read().decode()
    # Nothing is open while it waits: neither a view nor a lock.
    proc.wait_for(lambda: at(fresh, "customer", VIEWS) == at(fresh, "new_customer", VIEWS) == "0", 10, "nothing to be open",
                  every=INNODB_TRX_EVERY)
    # What clients change meanwhile comes through.
    at(fresh, "customer", "UPDATE t SET v = 'changed' WHERE id = 7")
    update(fresh, "--max-rows-per-second", "100000")
    stored = "SELECT COUNT(*) FROM _switchyard.stream WHERE request LIKE '%\"rows\":100000%'"
    proc.wait_for(lambda: at(fresh, "new_customer", stored) == "1", 30, "the tablet to keep what it is told, without vtctld too")
    old = fresh.kill("vttablet", "new_customer")
    fresh.wait_restarted("vttablet", old, "new_customer")
    wait_throttled(fresh, "--throttle-query gives 1")
    assert shown(fresh)["Limits"] == f"100000 rows/s, query {QUERY}"
    stands_still(fresh, 0.5)
    done = fresh.client("MoveTables", "SwitchTraffic", WORKFLOW, check=False)
    assert done.returncode == 1 and "copy is still in progress" in done.stderr
    flag(fresh, 0)
    wait_arrived(fresh)
    flag(fresh, 1)
    fresh.client("MoveTables", "SwitchTraffic", WORKFLOW)
    assert at(fresh, "new_customer", "SELECT v FROM t WHERE id = 7") == "changed"
    fresh.client("MoveTables", "ReverseTraffic", WORKFLOW)


def test_a_query_that_fails_or_lasts_is_told_and_ends_nothing(fresh):
    create(fresh, "--throttle-query", QUERY, "--max-rows-per-second", "500")
    proc.wait_for(lambda: copied(fresh) > 0, 30, "the first rows")
    at(fresh, "customer", "RENAME TABLE flag TO flag_away")
    try:
        wait_throttled(fresh, "--throttle-query: Table 'customer.flag' doesn't exist")
        at(fresh, "customer", "CREATE VIEW flag AS SELECT SLEEP(5) AS v")
        wait_throttled(fresh, "--throttle-query: it takes longer than 1000 ms")
        proc.wait_for(lambda: at(fresh, "customer", "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'") == "0",
                      30, "no query to be left behind")
    finally:
        at(fresh, "customer", "DROP VIEW IF EXISTS flag; RENAME TABLE flag_away TO flag")
    update(fresh, "--max-rows-per-second", "0")
    wait_arrived(fresh)


def vdiff(combo):
    return json.loads(combo.client("VDiff", "--format=json", WORKFLOW, "show", "last").stdout)


def test_a_comparison_waits_too_and_can_be_stopped_and_switched_over(fresh):
    create(fresh)
    wait_arrived(fresh)
    update(fresh, "--throttle-query", QUERY)
    flag(fresh, 1)
    uuid = fresh.client("VDiff", WORKFLOW, "create").stdout.split()[1]
    wait_throttled(fresh, "--throttle-query gives 1")
    assert vdiff(fresh)["State"] == "started" and vdiff(fresh)["RowsCompared"] == 0
    fresh.client("VDiff", WORKFLOW, "stop", uuid)
    proc.wait_for(lambda: not seen(fresh)["progress"]["throttled"], 30, "nobody to wait any more")
    fresh.client("VDiff", WORKFLOW, "resume", uuid)
    wait_throttled(fresh, "--throttle-query gives 1")
    update(fresh, "--throttle-query=", "--max-rows-per-second=2000")
    wait_throttled(fresh, "2000 rows/s")
    assert vdiff(fresh)["RowsCompared"] < ROWS
    fresh.client("MoveTables", "SwitchTraffic", WORKFLOW)
    fresh.client("MoveTables", "ReverseTraffic", WORKFLOW)
    update(fresh, "--max-rows-per-second=0")
    fresh.client("VDiff", "--wait", WORKFLOW)
    assert vdiff(fresh)["State"] == "completed" and vdiff(fresh)["RowsCompared"] == ROWS and not vdiff(fresh)["HasMismatch"]


def connect(combo):
    return pymysql.connect(host="127.0.0.1", port=combo.port("server", "customer"), user="vt_dba",
                           password=combo.credentials()["vt_dba"]["password"], autocommit=True)


def test_no_view_lasts_while_ddl_has_the_table(fresh):
    """A SELECT that waits for the table would keep its view as long."""
    flag(fresh, 1)
    create(fresh, "--throttle-query", QUERY)
    wait_throttled(fresh, "--throttle-query gives 1")
    with connect(fresh) as locker, locker.cursor() as cur:
        cur.execute("LOCK TABLES customer.t WRITE")
        flag(fresh, 0)
        ages, end = [], time.monotonic() + 6
        while time.monotonic() < end:
            ages.append(int(at(fresh, "customer", AGE)))
            time.sleep(INNODB_TRX_EVERY)
        assert max(ages) <= 3, ages         # 2 s of waiting, and what is rounded
        assert copied(fresh) == 0
    wait_arrived(fresh)


def sleepers(combo, count):
    found = []
    for _ in range(count):
        conn = connect(combo)
        conn._execute_command(3, "SELECT SLEEP(60)")
        found.append(conn)
    return found


def test_threads_that_run_stop_the_copy_until_they_have_ended(fresh):
    sleeping = sleepers(fresh, 20)
    try:
        create(fresh, "--max-load", "threads_running=20,Innodb_history_list_length=1000000000")
        wait_throttled(fresh, "Threads_running of the source is 2")
        assert ", at most 20; since" in shown(fresh)["Throttled"]
        stands_still(fresh)
    finally:
        for conn in sleeping:
            at(fresh, "customer", f"KILL {conn.thread_id()}")
    wait_arrived(fresh)


@pytest.mark.parametrize("option, said", [
    ("--max-load=Threads=5", "'Threads=5' is no limit of a server's load"),
    ("--max-load=Threads_running=0", "'Threads_running=0' is no limit of a server's load"),
    ("--max-rows-per-second=-1", "-1 is not between 0 and"),
    ("--max-bytes-per-second=many", "option '--max-bytes-per-second'"),
    ("--throttle-query=SELEC 1", "--throttle-query: You have an error in your SQL syntax"),
    ("--throttle-query=SELECT v FROM customer.nowhere", "--throttle-query: Table 'customer.nowhere' doesn't exist"),
    ("--throttle-query=DELETE FROM customer.flag", "READ ONLY transaction"),
    ("--throttle-query=DO 1", "--throttle-query: it has no answer"),
    ("--throttle-query=SELECT SLEEP(3)", "--throttle-query: it takes longer than 1000 ms"),
])
def test_what_is_no_limit_is_refused_and_nothing_is_changed(refusing, option, said):
    c = refusing
    done = update(c, option, check=False)
    assert done.returncode != 0 and said in done.stderr
    assert shown(c)["Limits"] == "1 rows/s, Threads_running=900"
    assert at(c, "customer", "SELECT v FROM flag") == "0"
    done = c.client("MoveTables", option, "customer.flag", "new_customer.flag", check=False)
    assert done.returncode != 0 and said in done.stderr
    with pytest.raises(Failed):
        c.workflow("new_customer", "flag")


@pytest.fixture(scope="module")
def refusing(filled):
    create(filled, "--max-rows-per-second=1", "--max-load=Threads_running=900")
    yield filled
    filled.client("Workflow", "delete", WORKFLOW)

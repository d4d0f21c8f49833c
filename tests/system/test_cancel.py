"""A move that is cancelled: everything that it made is taken back, and it can begin anew."""
import contextlib
import os
import re
import signal
import subprocess
import urllib.request

import pytest

from lib import move, proc
from lib.streams import fill
from lib.tablets import Refused

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


# ---- What a tablet promises by itself

def delete(p, attempt=0):
    return p.target.call("stream_delete", **p.request(attempt=attempt, drop=True))


def tables_of(p, keyspace="new_customer"):
    return [name for name, in p.target.server.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = %s",
                                                  (keyspace,))]


def test_a_deleted_stream_leaves_nothing_and_late_calls_make_nothing(pair):
    p = pair("t")
    fill(p.source.server, 100)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    p.source.call("fence_install", **p.request(side="from"))
    delete(p, 2)
    delete(p, 2)
    p.source.call("fence_remove", **p.request(attempt=2, side="from"))
    assert tables_of(p) == []
    for server in (p.source.server, p.target.server):
        for table in ("stream", "copy_state", "heartbeat", "fence"):
            assert server.sql(f"SELECT COUNT(*) FROM _switchyard.{table}") == ((0,),), table
    assert p.source.server.sql("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = 'customer'") == ((0,),)
    with pytest.raises(Refused, match="outdated"):
        p.start()
    with pytest.raises(Refused, match="outdated"):
        p.source.call("fence_install", **p.request(side="from"))
    # Made anew under a higher number: nothing of the one before can reach it, also when the tablet has forgotten.
    p.target.call("stream_create", **p.request(attempt=4))
    p.target.kill()
    p.target.start()
    with pytest.raises(Refused, match="outdated"):
        delete(p, 2)
    p.wait("running")


def test_a_table_that_the_stream_did_not_make_is_not_dropped_with_it(pair):
    p = pair("t")
    fill(p.source.server, 100)
    p.source.start(), p.target.start()
    p.target.server.sql("CREATE TABLE t (id INT PRIMARY KEY)", database="new_customer")
    p.target.server.sql("INSERT INTO t VALUES (1)", database="new_customer")
    p.start()
    proc.wait_for(lambda: p.status()["state"] == "error", 20, "the stream to stop")
    delete(p, 2)
    assert p.target.server.sql("SELECT COUNT(*) FROM new_customer.t") == ((1,),)
    assert p.target.server.sql("SELECT COUNT(*) FROM _switchyard.stream") == ((0,),)


# ---- The whole command

POINTS = ["stream.before", "stream.after", "fence.after", "rules.after"]


def cancel(combo, *words):
    return combo.client(*(words or ("Workflow", "delete", move.WORKFLOW))).stdout


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


def check_nothing_left(combo):
    for keyspace in ("customer", "new_customer"):
        for table in ("stream", "copy_state", "heartbeat", "fence"):
            assert at(combo, keyspace, f"SELECT COUNT(*) FROM _switchyard.{table}") == "0", (keyspace, table)
        assert at(combo, keyspace, "SHOW TRIGGERS") == ""
    assert at(combo, "new_customer", "SHOW TABLES") == ""
    assert combo.api("get_routing_rules")["rules"] == []
    assert move.state(combo) == "cancelled"


def move_and_stop_by_ddl(combo):
    """Ends in state Error, as nobody can go on with it."""
    combo.client("MoveTables", "--no-switch", "customer.users", move.WORKFLOW)
    at(combo, "customer", "ALTER TABLE users COMMENT = 'something else'")
    proc.wait_for(lambda: move.state(combo) == "error", 30, "the stream to stop")


@contextlib.contextmanager
def load_until_moved(combo):
    """Clients write all the time; after what the test does the move is made anew and all they wrote is found."""
    load = move.start_load(combo, rate=150)
    try:
        yield
        combo.client("MoveTables", "customer.users", move.WORKFLOW)
        load.go_on(150)
    except BaseException:
        load.abandon()
        raise
    summary = load.stop()
    assert summary["errors"] == 0 and summary["wrong_reads"] == 0, summary["first_errors"]
    assert summary["disconnects"] == 0
    assert move.state(combo) == "switched"
    move.verify(combo, load)


def cancel_by_one_that_dies(combo, folder, point):
    """No vtctld runs but one that is asked, and killed there; then vtctld is started again."""
    combo.kill("vtcombo")
    combo.kill("vtctld")
    port = proc.free_port()
    with open(os.path.join(folder, "vtctld-armed.log"), "a") as log:
        armed = subprocess.Popen(
            [proc.program("vtctld"), "--topo", f"sqlite:{combo.data_dir}/topo.db", "--http", f"127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, "SWITCHYARD_FAULTS": f"workflow.cancel.{point}=kill"})
    try:
        ask = urllib.request.Request(f"http://127.0.0.1:{port}/api/workflow_delete", b'{"workflow": "new_customer/users"}')
        proc.wait_for(lambda: answers(port), 20, "the second vtctld to serve")
        urllib.request.urlopen(ask, timeout=100).close()
        assert armed.wait(300) == -signal.SIGKILL
    finally:
        proc.end(armed)
    combo.up()


def answers(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30).status == 200
    except OSError:
        return False


def test_cancelled_during_the_copy_and_with_a_tablet_away(combo):
    combo.up("customer", "new_customer", env={"SWITCHYARD_FAULTS": "stream.chunk.before=sleep:300"})
    move.fill(combo, 20000)
    with load_until_moved(combo):
        cancel_a_copy_that_is_watched(combo)
        check_nothing_left(combo)
        assert "cancelled already" in cancel(combo)
        combo.client("MoveTables", "--no-switch", "customer.users", move.WORKFLOW)
        cancel_with_a_tablet_away(combo)
        check_nothing_left(combo)


def cancel_a_copy_that_is_watched(combo):
    moving = move.Moving(combo)
    try:
        proc.wait_for(lambda: move.rows_copied(combo) > 0, 60, "rows copied")
        assert move.state(combo) == "copying"
        assert cancel(combo, "MoveTables", "cancel", move.WORKFLOW) == \
            "Successfully cancelled the users workflow in the new_customer keyspace\n"
        said, _ = moving.process.communicate(timeout=100)
    finally:
        moving.abandon()
    assert moving.process.returncode == 1 and "the workflow was cancelled" in said
    assert "MoveTables customer.users new_customer.users" in said


def cancel_with_a_tablet_away(combo):
    """While nobody starts it again: the command says what it waits for, and the same command goes on."""
    combo.kill("vtcombo")
    proc.kill_pid(combo.pid("vttablet", "new_customer"), 9)
    stuck = combo.client("Workflow", "new_customer/users", "delete", check=False)
    assert stuck.returncode == 1 and "still being cancelled: deleting the stream" in stuck.stderr
    assert "Workflow delete new_customer.users" in stuck.stderr
    refused = combo.client("MoveTables", "customer.users", move.WORKFLOW, check=False)
    assert refused.returncode == 1 and "is being cancelled" in refused.stderr
    combo.up()
    # vtctld, which was started again, goes on by itself: it may be at the end before the command comes.
    assert re.search("Successfully cancelled|cancelled already", cancel(combo))


def test_cancelled_after_ddl_by_vtctlds_that_are_killed(combo, folder):
    combo.up("customer", "new_customer")
    missing = combo.client("Workflow", "delete", move.WORKFLOW, check=False)
    assert missing.returncode == 1 and "workflow 'new_customer/users' does not exist" in missing.stderr
    move.fill(combo, 2000)
    with load_until_moved(combo):
        for point in POINTS:
            move_and_stop_by_ddl(combo)
            assert "vtctlclient Workflow delete new_customer/users" in move.show(combo)["record"]["hint"]
            cancel_by_one_that_dies(combo, folder, point)
            assert move.state(combo) in ("cancelling", "cancelled"), point
            assert "ancelled" in cancel(combo), point          # the one that goes on may have done it already
            check_nothing_left(combo)
    done = combo.client("Workflow", "delete", move.WORKFLOW, check=False)
    assert done.returncode == 1 and "you have already switched some or all read and write traffic" in done.stderr
    assert at(combo, "new_customer", "SELECT COUNT(*) > 0 FROM users") == "1"

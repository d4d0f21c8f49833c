"""The commands as people type them: spellings, answers, coming back, taking down the old table."""
import json
import signal
import subprocess

import pytest

from lib import move, proc

ROWS = 2000


@pytest.fixture
def filled(combo):
    combo.up("customer")
    move.fill(combo, ROWS)
    return combo


def test_the_described_commands_work_as_written(filled):
    c = filled
    c.client("CreateKeyspace", "new_customer")
    assert c.mariadb("SELECT COUNT(*) FROM users;", "customer").strip() == str(ROWS)
    c.client("MoveTables", "customer.users", "new_customer.users")
    tablets = c.client("GetTablets").stdout
    assert "zone1" in tablets and "customer" in tablets and "new_customer" in tablets
    routing = json.loads(c.client("GetSrvKeyspace", "zone1", "customer").stdout)["routing"]
    assert routing["tables"] == [{"table": "users", "served_by": "new_customer.users", "phase": "open"}]
    assert "new_customer.users" in c.client("GetRoutingRules").stdout
    assert c.client("GetKeyspaces").stdout.split() == ["customer", "new_customer"]
    assert "customer" in c.client("GetKeyspace", "customer").stdout


def test_a_keyspace_that_exists_is_refused(filled):
    done = filled.client("CreateKeyspace", "customer", check=False)
    assert done.returncode != 0 and "node already exists: keyspaces/customer/Keyspace" in done.stderr
    filled.client("CreateKeyspace", "--force", "customer")


@pytest.mark.parametrize("spelling", ["-grace-period", "--grace-period", "--grace_period", "-grace_period"])
def test_flags_in_any_spelling(filled, spelling):
    filled.client("CreateKeyspace", "new_customer")
    filled.client("MoveTables", spelling, "7s", "--no-switch", "customer.users", "new_customer.users")
    assert filled.workflow()["record"]["options"]["grace_period_us"] == 7_000_000


def test_an_unknown_command_suggests_the_one_meant(filled):
    done = filled.client("MoveTable", "customer.users", "new_customer.users", check=False)
    assert done.returncode != 0 and "MoveTables" in done.stderr


@pytest.mark.parametrize("typed, said", [
    (["--server"], "option '--server' needs a value"),
    (["--sever", "x"], "unknown option '--sever'"),
    (["--action_timeout", "soon", "GetKeyspaces"], "option '--action-timeout'"),
    (["--action-timeout"], "option '--action-timeout' needs a value"),
    (["Workflow", "frobnicate", "new_customer.users"], "unknown action 'frobnicate' of Workflow"),
    (["Workflow", "new_customer.users", "frobnicate"], "unknown action 'frobnicate' of Workflow"),
    (["Workflow", "users", "show"], "'users' is not of the form keyspace.workflow")])
def test_what_is_wrong_is_named(typed, said):
    done = subprocess.run([proc.program("vtctlclient"), *typed], capture_output=True, text=True, timeout=100)
    assert done.returncode != 0 and said in done.stderr


def test_help_shows_the_choices():
    said = subprocess.run([proc.program("vtctlclient"), "MoveTables", "--help"], capture_output=True, text=True,
                          timeout=100).stdout
    assert "--on-grace=abort|wait|kill" in said and "--format=text|json" in said


def test_server_is_found_by_flag_or_environment(filled):
    done = subprocess.run([proc.program("vtctlclient"), "GetKeyspaces"], capture_output=True, text=True,
                          env={"VTCTLD_SERVER": f"127.0.0.1:{filled.base}"}, timeout=100)
    assert done.stdout.split() == ["customer"]
    done = subprocess.run([proc.program("vtctlclient"), "--server", "127.0.0.1:1", "GetKeyspaces"], timeout=100,
                          capture_output=True, text=True)
    assert done.returncode != 0 and "127.0.0.1:1" in done.stderr and len(done.stderr.strip().splitlines()) <= 2


def test_interrupt_detaches_and_its_line_comes_back(combo):
    c = combo.up("customer", "new_customer", env={"SWITCHYARD_FAULTS": "stream.chunk.before=sleep:4000"})
    move.fill(c, ROWS)
    moving = move.Moving(c, "--no-switch", "--grace-period", "7s")
    proc.wait_for(lambda: move.state(c) == "copying", 20, "the copy to begin")
    moving.process.send_signal(signal.SIGINT)
    said, _ = moving.process.communicate(timeout=100)
    assert moving.process.returncode == 130
    line = said.strip().splitlines()[-1].split()
    assert line == ["vtctlclient", "--server", f"127.0.0.1:{c.base}", "MoveTables", "--no-switch", "--grace-period=7s",
                    "customer.users", "new_customer.users"]
    subprocess.run([proc.program("vtctlclient"), *line[1:]], check=True, timeout=300)
    assert move.state(c) == "running"    # it followed; it did not switch
    c.client("MoveTables", "customer.users", "new_customer.users")
    assert move.state(c) == "switched"
    assert c.workflow()["record"]["options"]["grace_period_us"] == 7_000_000


def test_detach_returns_at_once_and_the_move_goes_on(filled):
    filled.client("CreateKeyspace", "new_customer")
    filled.client("MoveTables", "--detach", "customer.users", "new_customer.users")
    proc.wait_for(lambda: move.state(filled) == "switched", 60, "the move to finish by itself")


def test_the_old_table_can_be_dropped_and_the_new_one_not(filled):
    c = filled
    c.client("CreateKeyspace", "new_customer")
    c.client("MoveTables", "--no-switch", "customer.users", "new_customer.users")
    assert c.client("DropTable", "customer.users", check=False).returncode != 0    # still served
    c.client("MoveTables", "customer.users", "new_customer.users")
    done = c.client("DropTable", "new_customer.users", check=False)
    assert done.returncode != 0
    c.client("DropTable", "customer.users")
    done = c.client("DropTable", "customer.users", check=False)
    assert done.returncode == 1 and "table 'customer.users' does not exist" in done.stderr and done.stdout == ""
    port = c.port("server", "customer")
    assert c.mariadb("SHOW TABLES", "customer", port=port, user="vt_dba").strip() == ""
    assert c.mariadb("SHOW TRIGGERS", "customer", port=port, user="vt_dba").strip() == ""
    assert c.mariadb("SELECT COUNT(*) FROM users", "customer").strip() == str(ROWS)   # the rules stay
    assert "new_customer.users" in c.client("GetRoutingRules").stdout


def test_ddl_on_the_moving_table_stops_the_stream_by_name(filled):
    c = filled
    c.client("CreateKeyspace", "new_customer")
    c.client("MoveTables", "--no-switch", "customer.users", "new_customer.users")
    c.mariadb("ALTER TABLE users ADD COLUMN extra INT", "customer", port=c.port("server", "customer"), user="vt_dba")
    stopped = proc.wait_for(lambda: (move.show(c) or {}).get("progress", {}).get("error"), 30, "the stream to stop")
    assert "users" in stopped
    done = c.client("MoveTables", "customer.users", "new_customer.users", check=False)
    assert done.returncode != 0 and "users" in done.stderr + done.stdout
    c.mariadb("INSERT INTO users (email) VALUES ('still@served.here')", "customer")

"""The whole move under load, and the same with each program killed during copy and during catch-up."""
import pytest

from lib import cases, move, proc

ROWS = 2000
MANY_ROWS = 60000   # about a second of copying under load
SLOW_ROWS = 20000   # some chunks of growing size, each of which begins late: long enough to be killed in
SLOW_COPY = {"SWITCHYARD_FAULTS": "stream.chunk.before=sleep:300"}

# Whose death costs clients their connections. Nothing else may cost them anything.
COSTS_CONNECTIONS = {("vtgate", None), ("server", "customer")}

VICTIMS = [("vttablet", "new_customer"), ("vttablet", "customer"), ("vtctld", None), ("vtgate", None),
           ("vtcombo", None), ("server", "customer"), ("server", "new_customer")]


@pytest.fixture
def filled(combo):
    combo.up("customer", "new_customer")
    move.fill(combo, ROWS)
    return combo


def finish_and_verify(combo, load, moving):
    try:
        said = moving.finish()
        load.go_on(500)                  # at the new side
    finally:
        moving.abandon()
        summary = load.stop()
    assert summary["errors"] == 0 and summary["wrong_reads"] == 0, (summary["first_errors"], said)
    move.verify(combo, load)
    assert move.state(combo) in ("switched", "complete")
    return summary


def test_a_table_moves_under_load_without_an_error_or_a_lost_write(combo):
    combo.up("customer", "new_customer")
    move.fill(combo, MANY_ROWS)
    load = move.start_load(combo, clients=8)
    load.go_on(1000)
    summary = finish_and_verify(combo, load, move.Moving(combo))
    assert summary["disconnects"] == 0
    # The old table is left in place and refuses writes of whoever comes past the gate.
    old = combo.port("server", "customer")
    assert int(combo.mariadb("SELECT COUNT(*) FROM users", "customer", port=old, user="vt_dba")) > 0
    with pytest.raises(Exception, match="1290|fence"):
        combo.mariadb("INSERT INTO users (email) VALUES ('past@the.gate')", "customer", port=old, user="vt_dba")


def test_the_same_command_again_says_that_it_is_done(filled):
    filled.client("MoveTables", "customer.users", move.WORKFLOW)
    again = filled.client("MoveTables", "customer.users", move.WORKFLOW)
    assert again.returncode == 0
    assert move.state(filled) in ("switched", "complete")


def test_both_keyspaces_see_the_table_after_the_move(filled):
    filled.client("MoveTables", "customer.users", move.WORKFLOW)
    for keyspace in ("customer", "new_customer"):
        assert filled.mariadb("SELECT COUNT(*) FROM users", keyspace).strip() == str(ROWS)
    filled.mariadb("INSERT INTO users (email) VALUES ('a@b.c')", "customer")
    assert filled.mariadb("SELECT COUNT(*) FROM users WHERE email = 'a@b.c'", "new_customer").strip() == "1"


def is_back(filled, old):
    for keyspace in ("customer", "new_customer"):
        filled.mariadb(f"INSERT INTO users (email) VALUES ('{keyspace}@b.c')", keyspace)
    assert filled.mariadb("SELECT COUNT(*) FROM users", "customer", port=old, user="vt_dba").strip() == str(ROWS + 2)


def test_a_table_moves_there_and_back_by_two_moves(filled):
    """The armed fence at the old place is another workflow's: it goes with the emptied table, and comes not back."""
    filled.client("MoveTables", "--no-enable-reverse-replication", "customer.users", move.WORKFLOW)
    old = filled.port("server", "customer")
    filled.mariadb("TRUNCATE TABLE users", "customer", port=old, user="vt_dba")
    filled.client("MoveTables", move.WORKFLOW, "customer.users")
    is_back(filled, old)


def test_an_old_table_that_somebody_has_emptied_is_not_served_again(filled):
    filled.client("MoveTables", "customer.users", move.WORKFLOW)
    old = filled.port("server", "customer")
    filled.mariadb("TRUNCATE TABLE users", "customer", port=old, user="vt_dba")
    proc.wait_for(lambda: "TRUNCATE" in filled.client("Workflow", "show", move.WORKFLOW).stdout, 60, "the way back to close")
    refused = filled.client("MoveTables", "ReverseTraffic", move.WORKFLOW, check=False)
    assert refused.returncode != 0 and "DropTable customer.users" in refused.stderr
    assert filled.mariadb("SELECT COUNT(*) FROM users", "customer").strip() == str(ROWS)
    said = filled.client("MoveTables", move.WORKFLOW, "customer.users").stdout     # not the way back: a copy
    assert "ends with this move" in said and f"{ROWS:,} rows" in said, said
    is_back(filled, old)


def test_no_switch_waits_and_the_same_command_without_it_switches(filled):
    load = move.start_load(filled)
    filled.client("MoveTables", "--no-switch", "customer.users", move.WORKFLOW)
    assert move.state(filled) == "running"
    load.go_on(3000)
    assert filled.mariadb("SELECT COUNT(*) FROM users", "customer") != ""
    finish_and_verify(filled, load, move.Moving(filled))


@pytest.mark.parametrize("name, keyspace", cases.some(VICTIMS, VICTIMS[::2]))
def test_killed_during_copy(combo, name, keyspace):
    combo.up("customer", "new_customer", env=SLOW_COPY)
    move.fill(combo, SLOW_ROWS)
    tolerate = (name, keyspace) in COSTS_CONNECTIONS
    load = move.start_load(combo, rate=400, tolerate=tolerate)
    moving = move.Moving(combo)
    try:
        proc.wait_for(lambda: move.rows_copied(combo) > 0 or moving.process.poll() is not None, 60, "rows copied")
        killed_in = move.state(combo)
        kill_and_return(combo, name, keyspace)
    finally:
        summary = finish_and_verify(combo, load, moving)
    assert killed_in == "copying", f"the copy was over before the kill: {killed_in}"
    assert tolerate or summary["disconnects"] == 0


@pytest.mark.parametrize("name, keyspace", cases.some(VICTIMS, VICTIMS[1::2]))
def test_killed_while_following(filled, name, keyspace):
    tolerate = (name, keyspace) in COSTS_CONNECTIONS
    load = move.start_load(filled, rate=400, tolerate=tolerate)
    move.Moving(filled, "--no-switch").finish()
    assert move.state(filled) == "running"
    kill_and_return(filled, name, keyspace)
    load.go_on(400)
    summary = finish_and_verify(filled, load, move.Moving(filled))
    assert tolerate or summary["disconnects"] == 0


def kill_and_return(combo, name, keyspace):
    if name == "vtcombo":
        combo.kill("vtcombo")
        combo.up()
        return
    old = combo.kill(name, keyspace)
    combo.wait_restarted(name, old, keyspace)

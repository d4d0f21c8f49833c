"""--vdiff: both sides are compared before a switch, and it does not happen when a row differs."""
import json

import pytest

from lib import move, proc
from lib.background import Background
from lib.combo import Failed

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

ROWS = 3000


def at(combo, keyspace, sql, user="vt_stream"):
    """As the stream's account, which a fence lets through."""
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user=user).strip()


class Writer(Background):
    pause_s = 0.005

    def one(self, cur):
        cur.execute("UPDATE users SET name = CONCAT('n', %s) WHERE id = 1 + %s MOD 300", (self.done, self.done))
        self.done += 1


@pytest.fixture
def filled(combo):
    combo.up("customer", "new_customer")
    move.fill(combo, ROWS)
    return combo


def state(combo):
    return combo.api("workflow_show", workflow="new_customer/users")["record"]


def answers(combo):
    try:
        return state(combo)
    except Failed:
        return None


def test_a_switch_waits_for_the_comparison_there_and_back(filled):
    writer = Writer(filled)
    writer.start()
    try:
        said = filled.client("MoveTables", "--vdiff", "customer.users", move.WORKFLOW).stdout
        first = state(filled)
        filled.client("MoveTables", "ReverseTraffic", "new_customer.users")     # it has the option still
        filled.client("MoveTables", "SwitchTraffic", "--no-vdiff", "new_customer.users")
    finally:
        writer.end()
    assert first["state"] == "Switched" and first["proof"] == "" and "comparing both sides" in said
    assert state(filled)["round"] == 4


def test_no_switch_while_a_row_differs(filled):
    filled.client("MoveTables", "--no-switch", "customer.users", move.WORKFLOW)
    at(filled, "new_customer", "UPDATE users SET name = 'planted' WHERE id = 7")
    said = filled.client("MoveTables", "SwitchTraffic", "--vdiff", "new_customer.users", check=False)
    assert said.returncode == 1 and "both sides are not equal: 1 row of table 'users' differs" in said.stderr, said.stderr
    assert "VDiff new_customer.users show last" in said.stderr
    record = state(filled)
    assert record["attempt"] == 0 and filled.mariadb("SELECT COUNT(*) FROM users", "customer").strip() == str(ROWS)
    filled.client("VDiff", "new_customer.users", "create", "--repair", "--wait", check=False)    # 1: something differed
    filled.client("MoveTables", "--vdiff", "customer.users", move.WORKFLOW)
    assert state(filled)["state"] == "Switched"


def test_a_comparison_goes_on_with_the_next_vtctld(combo):
    combo.up("customer", "new_customer", env={"SWITCHYARD_FAULTS": "vdiff.look.before=sleep:200"})
    move.fill(combo, ROWS)
    combo.client("MoveTables", "--no-switch", "customer.users", move.WORKFLOW)
    moving = move.Moving(combo, "--vdiff")
    proc.wait_for(lambda: state(combo)["proof"], 60, "the comparison to begin", lambda: state(combo))
    proof = state(combo)["proof"]
    pid = combo.pid("vtctld")
    combo.kill("vtctld")
    combo.wait_restarted("vtctld", pid)
    proc.wait_for(lambda: answers(combo) and state(combo)["proof"] in (proof, ""), 30, "vtctld to answer")
    moving.finish()
    assert state(combo)["state"] == "Switched"


def test_a_switch_that_was_given_up_compares_anew(combo):
    """What was equal then need not be so when somebody asks for the next time."""
    combo.up("customer", "new_customer", env={"SWITCHYARD_FAULTS": "trigger.make.before=error"})
    move.fill(combo, ROWS)
    at(combo, "customer", "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW SET NEW.name = NEW.name", "vt_dba")
    combo.client("MoveTables", "--no-switch", "customer.users", move.WORKFLOW)
    said = combo.client("MoveTables", "SwitchTraffic", "--vdiff", "--switch-attempts", "1", "new_customer.users", check=False)
    assert said.returncode == 1 and "a fault before trigger 't'" in said.stderr, said.stderr
    assert state(combo)["proof"] == ""
    at(combo, "new_customer", "UPDATE users SET name = 'planted' WHERE id = 7")
    said = combo.client("MoveTables", "--vdiff", "customer.users", move.WORKFLOW, check=False)
    assert said.returncode == 1 and "both sides are not equal" in said.stderr, said.stderr


def show(combo, which="last"):
    return json.loads(combo.client("VDiff", "--format=json", "new_customer.users", "show", which).stdout)


def test_a_continuous_proof_takes_the_place_of_the_comparison(filled):
    """No row is read; where a table differs there is no switch, and after the switch the proof is over."""
    filled.client("MoveTables", "--no-switch", "customer.users", move.WORKFLOW)
    filled.client("VDiff", "--continuous", "--wait", "new_customer.users")
    at(filled, "customer", "UPDATE users SET name = 'changed' WHERE id < 100")
    proc.wait_for(lambda: show(filled)["ContinuousProof"]["RowChanges"] >= 99, 60, "the changes to be proven")
    at(filled, "new_customer", "UPDATE users SET name = 'planted' WHERE id = 7")
    proc.wait_for(lambda: show(filled)["HasMismatch"], 60, "the planted row to be found")
    with pytest.raises(Failed, match="both sides are not equal: table 'users' differs, by their continuous proof"):
        filled.client("MoveTables", "SwitchTraffic", "--vdiff", "new_customer.users")
    at(filled, "new_customer", "UPDATE users SET name = 'changed' WHERE id = 7")
    proc.wait_for(lambda: not show(filled)["HasMismatch"], 60, "it to be equal again")
    said = filled.client("MoveTables", "--vdiff", "customer.users", move.WORKFLOW).stdout
    assert state(filled)["state"] == "Switched" and "comparing both sides" not in said

"""vtctld killed before and after each step of the cutover, under load: somebody resumes, nobody sees an error."""
import pytest

from lib import move, proc

ROWS = 2000
STEPS = ["preflight", "hold", "fence", "catch-up", "commit", "acknowledge", "release", "finish"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_vtctld_killed_at(combo, step, when):
    combo.up("customer", "new_customer", env={"SWITCHYARD_FAULTS": f"movetables.{step}.{when}=kill"})
    move.fill(combo, ROWS)
    load = move.start_load(combo, rate=300)
    armed = combo.pid("vtctld")
    moving = move.Moving(combo)
    try:
        proc.wait_for(lambda: not proc.alive(armed), 60, f"vtctld to die at {step}.{when}")
        # What its supervisor starts is armed again: another supervisor starts one that is not.
        combo.kill("vtcombo")
        combo.up()
        combo.wait_restarted("vtctld", combo.kill("vtctld"))
        moving.finish()
        load.go_on(300)
    finally:
        moving.abandon()
        summary = load.stop()
    assert summary["errors"] == 0 and summary["wrong_reads"] == 0, summary["first_errors"]
    assert summary["disconnects"] == 0
    assert move.state(combo) == "switched"
    move.verify(combo, load)

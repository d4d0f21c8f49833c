"""vtctld killed on the forward way of a switch without a way back, under load: somebody resumes, nobody sees an error.

test_kill_matrix.py has the switches with one; without it the last step is another."""
import pytest

from lib import move, proc

ROWS = 2000
POINTS = ["commit.after", "finish.before", "finish.after"]


@pytest.mark.parametrize("point", POINTS)
def test_vtctld_killed_at(combo, point):
    combo.up("customer", "new_customer", env={"SWITCHYARD_FAULTS": f"movetables.{point}=kill"})
    move.fill(combo, ROWS)
    load = move.start_load(combo, rate=150)
    armed = combo.pid("vtctld")
    moving = move.Moving(combo, "--enable-reverse-replication=false")
    try:
        proc.wait_for(lambda: not proc.alive(armed), 60, f"vtctld to die at {point}")
        # What its supervisor starts is armed again: another supervisor starts one that is not.
        combo.kill("vtcombo")
        combo.up()
        combo.wait_restarted("vtctld", combo.kill("vtctld"))
        moving.finish()
        load.go_on(150)
    finally:
        moving.abandon()
        summary = load.stop()
    assert summary["errors"] == 0 and summary["wrong_reads"] == 0, summary["first_errors"]
    assert summary["disconnects"] == 0
    assert move.state(combo) == "switched"
    move.verify(combo, load)

"""A cluster in which nothing happens: its programs are seldom woken."""
import time

import pytest

from lib import proc

REST_S = 5
# Of all threads of a program, a second: five to eleven, and seventy to ninety when the topology was polled.
WAKES = 30
PROGRAMS = {"vtctld": None, "vtgate": None, "vttablet": "customer", "vtcombo": None}


@pytest.fixture(scope="module")
def woken(shared_combo):
    """Program -> how often in REST_S seconds."""
    pids = {name: shared_combo.pid(name, keyspace) for name, keyspace in PROGRAMS.items()}
    time.sleep(REST_S)        # what the start has left to be done
    before = {name: proc.wakes(pid) for name, pid in pids.items()}
    time.sleep(REST_S)
    return {name: proc.wakes(pid) - before[name] for name, pid in pids.items()}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_at_rest_is_seldom_woken(woken, program):
    assert 0 < woken[program] < WAKES * REST_S     # more than never: it keeps a lease

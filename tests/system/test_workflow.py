"""Workflows are seen, stopped and begun anew: from the first moment, and whatever became of the move before."""
import os
import signal
import subprocess

import pytest

from lib import proc
from lib.combo import Failed

GOOD = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20)) ENGINE=InnoDB; INSERT INTO t VALUES (1,'a'),(2,'b');"
KEYSPACES = ("customer", "new_customer")


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


@pytest.fixture
def fresh(shared_combo):
    """Databases without tables, before and after."""
    def empty():
        for keyspace in KEYSPACES:
            for table in at(shared_combo, keyspace, "SHOW TABLES").split():
                at(shared_combo, keyspace, f"DROP TABLE `{table}`")
    empty()
    yield shared_combo
    empty()


def state(combo, workflow="new_customer/t"):
    try:
        return combo.api("workflow_show", workflow=workflow)["record"]["state"]
    except Failed:
        return None


# ---- While it is checked

@pytest.fixture
def checking(fresh):
    """A move whose source does not answer; its client, which is told nothing yet."""
    at(fresh, "customer", GOOD)
    pid = fresh.pid("vttablet", "customer")
    os.kill(pid, signal.SIGSTOP)
    client = subprocess.Popen(
        fresh.client_command("MoveTables", "--timeout", "120s", "customer.t", "new_customer.t"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield fresh, client
    finally:
        os.kill(pid, signal.SIGCONT)
        proc.end(client)


def test_a_move_that_is_being_checked_is_shown_and_deleted_and_its_client_told(checking):
    combo, client = checking
    proc.wait_for(lambda: state(combo) == "Checking", 30, "the move to be there")
    assert "Successfully cancelled" in combo.client("Workflow", "delete", "new_customer.t").stdout
    assert state(combo) is None
    _, complained = client.communicate(timeout=30)
    assert client.returncode == 1 and "deleted, while it was checked" in complained


def test_a_killed_client_leaves_a_move_that_can_be_seen_and_stopped(checking):
    combo, client = checking
    proc.wait_for(lambda: state(combo) == "Checking", 30, "the move to be there")
    client.kill()
    client.wait()
    assert "new_customer/t" in combo.api("workflow_list")["workflows"]
    assert "Checking" in combo.client("Workflow", "show", "new_customer.t").stdout
    combo.client("Workflow", "new_customer.t", "delete")
    assert state(combo) is None

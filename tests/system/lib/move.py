"""Helpers for tests that move customer.users while clients write to it."""
import os
import subprocess
import time

from . import proc
from .combo import Failed
from .load import Load
from . import mariadb

WORKFLOW = "new_customer.users"


def fill(combo, rows):
    """customer.users as in the demo, by the server's own sequence engine."""
    create, insert = mariadb.users_sql(rows)
    combo.mariadb(f"SET time_zone = '+00:00';\n{create};\n{insert};\n", "customer",
                  port=combo.port("server", "customer"), user="vt_dba")


def start_load(combo, clients=4, rate=0, tolerate=False):
    return Load(os.path.join(combo.folder, "journal"), combo.gate_port, clients=clients, rate=rate,
                tolerate=tolerate).start()


def show(combo):
    """The workflow's record and progress, or None before it exists or while vtctld is away."""
    try:
        return combo.workflow()
    except Failed:
        return None


def state(combo):
    """Of the workflow, once there is one and vtctld answers."""
    shown = proc.wait_for(lambda: show(combo), 30, "vtctld to show the workflow")
    return shown["record"]["state"].lower()


def rows_copied(combo):
    shown = show(combo)
    return (shown["progress"] or {}).get("rows_copied", 0) if shown else 0


class Moving:
    """`vtctlclient MoveTables` running beside the test."""

    def __init__(self, combo, *flags):
        self.combo, self.flags = combo, flags
        self.process = subprocess.Popen(combo.client_command("MoveTables", *flags, "customer.users", WORKFLOW),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True)

    def finish(self, seconds=300):
        """Waits; when it did not succeed the same command is typed again, as a person would."""
        end = time.monotonic() + seconds
        said, _ = self.process.communicate(timeout=seconds)
        code = self.process.returncode
        while code != 0:
            if time.monotonic() > end:
                raise Failed(said)
            time.sleep(0.5)
            done = self.combo.client("MoveTables", *self.flags, "customer.users", WORKFLOW, check=False)
            code, said = done.returncode, done.stdout + done.stderr
        return said

    def abandon(self):
        proc.end(self.process)


def verify(combo, load):
    """Through the gate and at the new server: both verdicts must be good."""
    gate = load.verify()
    server = load.verify(port=combo.port("server", "new_customer"), user="vt_app", database="new_customer",
                         password_file=combo.password_file("vt_app"))
    assert gate["ok"], gate
    assert server["ok"], server
    return server

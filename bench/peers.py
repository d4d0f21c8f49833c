"""The peers that copy between servers, as contenders of `bench/run copy` where their programs are.

$SPIRIT, $GHOSTFERRY and $GHOST name the programs `spirit`, `ghostferry-copydb` and `gh-ost` (one that knows --move-tables).
Each is timed to the moment at which the copy is there, its indexes are built and its lag is none, as it says itself:

    spirit       its end: it also compares both sides, and renames the source's table, which is taken back afterwards
    ghostferry   when its work has ended; it then waits for an interrupt
    gh-ost       when it postpones its cut-over, which it says once a second

All log in as an account of the benchmark's own without a password, so that no password stands on a command line.
"""
import json
import os
import subprocess
import time

from lib.combo import Failed
from tables import ACCOUNT

PATIENCE_S = 3600       # a million rows take each of them minutes at most


class Peer:
    """name and variable, how it is called, and what it says when it is done (None: it ends)."""

    def __init__(self, name, variable, done):
        self.name, self.variable, self.done = name, variable, done
        self.program = os.environ.get(variable)

    def absent(self):
        """Why it cannot run, or None."""
        if not self.program:
            return f"${self.variable} is not set"
        return None if os.access(self.program, os.X_OK) else f"${self.variable}: {self.program} is no program"

    def run(self, bench, target, database):
        log = os.path.join(bench.c.folder, f"{self.name}.log")
        with open(log, "w") as out:
            process = subprocess.Popen([self.program, *self.words(bench, target, database)], cwd=bench.c.folder,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            wait(process, log, self.done)
        except Failed as e:
            raise Failed(f"{self.name} {e}") from None
        finally:
            process.kill()
            process.wait()
        self.take_back(bench)

    def take_back(self, bench):
        """What it has changed at the source."""


def last_line(log):
    with open(log) as f:
        lines = [line for line in f.read().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "without a word"


def says(log, what):
    with open(log) as f:
        return what in f.read()


def wait(process, log, done):
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and not (done and says(log, done)):
        if time.monotonic() > deadline:
            raise Failed(f"has not ended after {PATIENCE_S} s: {last_line(log)}")
        time.sleep(0.02)
    if not says(log, done) if done else process.returncode != 0:
        raise Failed(f"ended with {process.returncode}: {last_line(log)}")


class Spirit(Peer):
    def words(self, bench, target, database):
        return ["move", "--source-dsn", f"{ACCOUNT}@tcp(127.0.0.1:{bench.source})/customer",
                "--target-dsn", f"{ACCOUNT}@tcp(127.0.0.1:{target})/{database}", "--source-tables", bench.table.name,
                "--defer-secondary-indexes"]

    def take_back(self, bench):
        bench.dba(f"RENAME TABLE {bench.table.name}_old TO {bench.table.name};", bench.source, "customer")


class Ghostferry(Peer):
    def words(self, bench, target, database):
        def side(port):
            return {"Host": "127.0.0.1", "Port": port, "User": ACCOUNT, "Collation": "utf8mb4_general_ci",
                    "Params": {"charset": "utf8mb4"}}
        path = os.path.join(bench.c.folder, "ghostferry.json")
        with open(path, "w") as f:
            # Its control server wants files of its source tree.
            json.dump({"Source": side(bench.source), "Target": side(target), "VerifierType": "NoVerification",
                       "Databases": {"Whitelist": ["customer"], "Rewrites": {"customer": database}},
                       "Tables": {"Whitelist": [bench.table.name]}, "AutomaticCutover": True, "SkipTargetVerification": True,
                       "ControlServerConfig": {"Enabled": False}}, f)
        return [path]


class GhOst(Peer):
    def words(self, bench, target, database):
        folder = bench.c.folder
        return [f"--move-tables={bench.table.name}", "--host=127.0.0.1", f"--port={bench.source}", f"--user={ACCOUNT}",
                "--database=customer", "--target-host=127.0.0.1", f"--target-port={target}", f"--target-user={ACCOUNT}",
                f"--target-database={database}", "--execute", "--gtid", "--allow-on-source-primary",
                f"--postpone-cut-over-flag-file={folder}/postponed", f"--serve-socket-file={folder}/gh-ost.sock",
                "--initially-drop-socket-file"]


PEERS = [Spirit("spirit", "SPIRIT", None),
         Ghostferry("ghostferry", "GHOSTFERRY", "main operations has terminated"),
         GhOst("gh-ost", "GHOST", "State: postponing cut-over")]

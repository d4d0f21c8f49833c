"""Named fault points: which there are in the source, and a vtctld that stands still at each of them."""
import glob
import os
import re
import signal
import threading
import time

from . import proc

DIRECT = re.compile(r'\bfault(?:_sleep_ms)?\("([a-z._-]+)"\)')
# Passed by a name that stands elsewhere in the file.
INDIRECT = re.compile(r'\bfault(_sleep_ms)?\((?!")|\bworkflow_pass\(|\bPOINTS\(')
NAME = re.compile(r'"([a-z]+(?:\.[a-z_-]+)+)"')
PREFIX = re.compile(r'#define POINTS\(name\)\s+(?:\.before = )?"([a-z.]+\.)" name')
STEP = re.compile(r'POINTS\("([a-z-]+)"\)')


def in_text(text):
    """The points of one file of the source."""
    found = set(DIRECT.findall(text))
    if INDIRECT.search(text):
        found |= set(NAME.findall(text))
    prefix = PREFIX.search(text)
    if prefix:
        found |= {f"{prefix[1]}{step}.{when}" for step in STEP.findall(text) for when in ("before", "after")}
    return found


def in_source():
    """{point: the file that passes it}"""
    found = {}
    for path in sorted(glob.glob(os.path.join(proc.TREE, "src", "**", "*.c"), recursive=True)):
        with open(path, encoding="utf-8") as f:
            for point in in_text(f.read()):
                found[point] = os.path.relpath(path, proc.TREE)
    return found


class Stepper(threading.Thread):
    """
    Follows a vtctld that stops itself at every point of a move (ENV), lets it go on, and at one point does something
    before. Also those that the supervisor starts in its place.
    """
    ENV = {"SWITCHYARD_FAULTS": "movetables.*=stop"}
    STOPPED_AT = re.compile(r"fault '([a-z._-]+)' acts")

    def __init__(self, combo):
        super().__init__(daemon=True)
        self.pid_file = os.path.join(combo.data_dir, "run", "vtctld.pid")
        self.log = os.path.join(combo.data_dir, "log", "vtctld.log")
        self.passed, self.failed = [], None
        self.target, self.act = None, None
        self.ended = threading.Event()

    def pid_that_stands(self):
        try:
            with open(self.pid_file) as f:
                pid, began = map(int, f.read().split())
            with open(f"/proc/{pid}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except (OSError, ValueError):       # there is none now
            return 0
        return pid if fields[0] == "T" and int(fields[19]) == began else 0

    def run(self):
        try:
            while not self.ended.is_set():
                pid = self.pid_that_stands()
                if pid:
                    self.step(pid)
                else:
                    time.sleep(0.002)
        except Exception as e:      # told by whoever waits
            self.failed = e

    def step(self, pid):
        point = self.STOPPED_AT.findall(proc.tail(self.log, 50))[-1]
        self.passed.append(point)
        if point == self.target:
            self.target = None
            self.act(pid)
        if proc.alive(pid):
            os.kill(pid, signal.SIGCONT)

    def at(self, point, act):
        """The next time that vtctld comes there: act(its pid), and then it goes on if it lives."""
        self.act = act
        self.target = point

    def wait_acted(self, seconds):
        def acted():
            if self.failed:
                raise self.failed
            return self.target is None
        proc.wait_for(acted, seconds, f"vtctld to come to {self.target}", lambda: proc.tail(self.log))

    def end(self):
        self.ended.set()
        self.join(60)

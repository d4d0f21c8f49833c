"""Processes of a test: started, found, ended by pid, and never by name."""
import glob
import itertools
import os
import signal
import socket
import subprocess
import time

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))


def build_dir():
    """Where the programs are: $SWITCHYARD_BUILD, else build/ of the tree."""
    return os.environ.get("SWITCHYARD_BUILD", os.path.join(TREE, "build"))


def program(name):
    """The path of one of our programs."""
    path = os.path.join(build_dir(), *(("tests", "load", "load") if name == "load" else ("src", "cmd", name)))
    if not os.path.exists(path):
        raise FileNotFoundError(f"'{path}' is not built")
    return path


def is_built(name):
    try:
        return bool(program(name))
    except FileNotFoundError:
        return False


# Below those that the kernel gives to outgoing connections, one of which might have the port before its server has
# it, and below those of free_base(). Each process takes them from a part of its own, one after the other.
FIRST_PORT, PORTS, OWN_PORTS = 10000, 9600, 200
_next_port = itertools.count()


def free_port():
    """Nobody else's, of all processes that test here, until this process ends."""
    for _ in range(PORTS):
        port = FIRST_PORT + (os.getpid() * OWN_PORTS + next(_next_port) % OWN_PORTS) % PORTS
        if is_free(port) and is_ours(port):
            return port
    raise RuntimeError("no free port")


def free_base(offsets):
    """A port base such that base+offset is free for each offset."""
    start = 20000 + (os.getpid() * 37) % 8000
    for base in range(start, start + 20000, 2500):
        base = 20000 + (base - 20000) % 9000
        if all(is_free(base + o) and is_ours(base + o) for o in offsets):
            return base
    raise RuntimeError("no free range of ports")


# Between the look at a port and its use: tests run in several processes, and each keeps what it has looked at
# until it ends. Names in the abstract namespace leave nothing behind.
_kept = {}


def is_ours(port):
    if port not in _kept:
        s = socket.socket(socket.AF_UNIX)
        try:
            s.bind(f"\0switchyard-test-port-{port}")
        except OSError:
            s.close()
            return False
        _kept[port] = s
    return True


def is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


PATIENCE = 5            # times what a machine needs that does nothing else; only a test that fails waits so long


def wait_for(ready, seconds, what, more=lambda: "", every=0.05):
    """seconds: more than enough on a machine that does nothing else. It asks `every` so many seconds."""
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while True:
        value = ready()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}. {more()}")
        time.sleep(every)


def tail(path, lines=15):
    try:
        with open(path, errors="replace") as f:
            return "".join(f.readlines()[-lines:])
    except OSError:
        return ""


def alive(pid):
    """Runs, and is not a zombie that nobody has waited for."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def start_time(pid):
    """Clock ticks since boot, or 0 when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return int(f.read().rsplit(")", 1)[1].split()[19])
    except (OSError, IndexError):
        return 0


def cpu_ns(pid):
    """Of all threads that live, to the nanosecond."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as f:
            total += int(f.read().split()[0])
    return total


def cpu_seconds(pid):
    """Of all threads so far; in units of 10 ms."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def most_memory_kb(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))


def wakes(pid):
    """How often its threads have waited for something until now."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path) as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt_switches"))
    return total


def end(process, sig=signal.SIGTERM, patience=10):
    """Ends one process that we started and waits for it."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(sig)
    try:
        process.wait(patience * PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(patience * PATIENCE)


def kill_pid(pid, sig=signal.SIGKILL, seconds=10):
    """Ends a process by its id, which somebody else may be the parent of."""
    assert pid > 1                         # 0 and less would be whole groups
    try:
        os.kill(pid, sig)
    except ProcessLookupError:
        return
    wait_for(lambda: not alive(pid), seconds, f"process {pid} to end")

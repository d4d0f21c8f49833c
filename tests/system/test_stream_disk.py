"""A target whose disk is full: the stream waits for room and goes on, in the copy and past it."""
import contextlib
import os
import subprocess

import pytest

from lib import mariadb, proc, tablets
from lib.streams import Pair, fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

SMALL_MB = 190          # what a server without rows takes, and some


@pytest.fixture
def small_pair(template, servers, folder):
    disk = os.path.join(folder, "disk")
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_MB}m,mode=755", "tmpfs", disk]).returncode != 0:
        pytest.skip("no small disk can be mounted here")
    target = mariadb.Server(template, disk, "t", 200, ["--innodb-log-file-size=16M"]).start()
    pair = Pair(tablets.Tablet(folder, servers("s"), "customer", 100), tablets.Tablet(folder, target, "new_customer", 200), "t")
    yield pair
    pair.source.stop(), pair.target.stop()
    target.remove()
    subprocess.run(["umount", disk], check=True)


def fill_disk(pair):
    """A file of ours takes all but a megabyte; the server may take some of it meanwhile."""
    where = pair.target.server.folder
    path = os.path.join(where, "ballast")
    with open(path, "wb") as f:
        while (room := (s := os.statvfs(where)).f_bavail * s.f_frsize - 2 ** 20) > 0:
            with contextlib.suppress(OSError):
                os.posix_fallocate(f.fileno(), f.seek(0, os.SEEK_END), min(room, 2 ** 22))
    return path


def says_that_it_waits(pair):
    status = pair.status()
    return ("is full" in status["error"] or "No space left" in status["error"]) and status["state"] != "error"


def test_a_full_disk_is_waited_out(small_pair):
    p = small_pair
    fill(p.source.server, 20000)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:50")
    p.start()
    proc.wait_for(lambda: p.status()["rows_copied"] > 0, 30, "the first chunk")
    for phase in ("the copy", "following"):
        ballast = fill_disk(p)
        p.source.server.sql("INSERT INTO t SELECT seq, CONCAT('v', seq), REPEAT('x', 50), 1 FROM seq_%s_to_%s",
                            (30000, 60000) if phase == "the copy" else (70000, 100000), database="customer")
        proc.wait_for(lambda: says_that_it_waits(p), 30, f"{phase} to wait for room", lambda: proc.tail(p.target.log))
        os.unlink(ballast)
        p.wait("running")
    p.catch_up()        # the server itself may wait for room: it looks again each minute
    p.freeze()
    p.check_equal()


@pytest.mark.long
def test_a_server_that_waits_for_room_by_itself(small_pair):
    """With no byte left for the binlog the server gives no error: it waits, and looks again each minute."""
    p = small_pair
    fill(p.source.server, 2000)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    ballast = fill_disk(p)
    with open(ballast, "ab", buffering=0) as f, contextlib.suppress(OSError):
        while True:
            f.write(bytes(4096))
    p.source.server.sql("INSERT INTO t SELECT seq, CONCAT('v', seq), REPEAT('x', 50), 1 FROM seq_30000_to_30100", database="customer")
    proc.wait_for(lambda: says_that_it_waits(p), 60, "the stream to say that it waits for room", lambda: proc.tail(p.target.log))
    os.unlink(ballast)
    proc.wait_for(lambda: p.target.server.sql("SELECT COUNT(*) FROM new_customer.t WHERE id >= 30000") == ((101,),), 180,
                  "the stream to go on")
    p.freeze()
    p.check_equal()

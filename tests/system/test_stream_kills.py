"""Connections of a stream killed at random on both servers while writers run: what arrives is what was there."""
import random
import time

import pytest

from lib import proc
from lib.streams import Killer, Writer, fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


POINTS = [f"{act}.{when}" for act in ("copy.commit", "stream.converge", "stream.exact") for when in ("before", "after")]


def test_killed_connections_lose_nothing(pair):
    seed = random.randrange(10 ** 6)
    print("seed", seed)        # shown when it fails
    p = pair("t")
    fill(p.source.server, 40000)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:100")
    writers = [Writer(p.source.server, 10 * seed + i) for i in range(2)]
    killer = Killer([p.source.server, p.target.server], seed)
    for t in (*writers, killer):
        t.start()
    p.start()
    time.sleep(5)
    killer.end()
    p.wait("running")
    killer = Killer([p.source.server, p.target.server], seed + 100)
    killer.start()
    time.sleep(3)
    killer.end()
    for w in writers:
        w.end()
    p.wait("running")
    p.freeze()
    p.check_equal()
    assert killer.kills > 0


def test_a_tablet_killed_while_it_writes_loses_nothing(pair):
    p = pair("t")
    fill(p.source.server, 5000)
    p.source.start(), p.target.start()
    writer = Writer(p.source.server, 1)
    writer.start()
    p.start()
    p.target.kill()
    for point in POINTS:            # in their order: a stream copies, converges, and is exact
        p.target.die_at(point)
    p.target.start()
    p.wait("running")
    writer.end()
    p.catch_up()
    p.check_equal()

"""How far a tablet's streams are behind, as its health in the topology tells it."""
import contextlib
import json
import os
import sqlite3

import pytest

from lib import proc
from lib.streams import Writer, fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


def told_lag_ms(p):
    """None before its health is there."""
    path = os.path.join(p.target.folder, "topo.db")
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT value FROM kv WHERE key = '/health/zone1-200'").fetchall()
    return json.loads(rows[0][0])["lag_ms"] if rows else None


def test_the_lag_is_in_the_tablets_health(pair):
    p = pair("t")
    fill(p.source.server)
    p.source.start(), p.target.start(faults="stream.run.before=sleep:3000")
    assert proc.wait_for(lambda: [ms] if (ms := told_lag_ms(p)) is not None else None, 20, "the tablet's health") == [0]
    p.start()
    p.wait("running")
    writer = Writer(p.source.server, 1)
    writer.start()
    proc.wait_for(lambda: (told_lag_ms(p) or 0) >= 1000, 30, "the lag to be told")
    writer.end()
    proc.wait_for(lambda: told_lag_ms(p) == 0, 60, "the stream to catch up")

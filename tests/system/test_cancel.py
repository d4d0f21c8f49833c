"""A move that is cancelled: everything that it made is taken back, and it can begin anew."""

import pytest

from lib import proc
from lib.streams import fill
from lib.tablets import Refused

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


# ---- What a tablet promises by itself

def delete(p, attempt=0):
    return p.target.call("stream_delete", **p.request(attempt=attempt, position="drop"))


def tables_of(p, keyspace="new_customer"):
    return [name for name, in p.target.server.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = %s",
                                                  (keyspace,))]


def test_a_deleted_stream_leaves_nothing_and_late_calls_make_nothing(pair):
    p = pair("t")
    fill(p.source.server, 100)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    p.source.call("fence_install", **p.request(on_side="source"))
    delete(p, 2)
    delete(p, 2)
    p.source.call("fence_remove", **p.request(attempt=2, on_side="source"))
    assert tables_of(p) == []
    for server in (p.source.server, p.target.server):
        for table in ("stream", "copy_state", "heartbeat", "fence"):
            assert server.sql(f"SELECT COUNT(*) FROM _vt.{table}") == ((0,),), table
    assert p.source.server.sql("SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = 'customer'") == ((0,),)
    with pytest.raises(Refused, match="outdated"):
        p.start()
    with pytest.raises(Refused, match="outdated"):
        p.source.call("fence_install", **p.request(on_side="source"))
    # Made anew under a higher number: nothing of the one before can reach it, also when the tablet has forgotten.
    p.target.call("stream_create", **p.request(attempt=4))
    p.target.kill()
    p.target.start()
    with pytest.raises(Refused, match="outdated"):
        delete(p, 2)
    p.wait("running")


def test_a_table_that_the_stream_did_not_make_is_not_dropped_with_it(pair):
    p = pair("t")
    fill(p.source.server, 100)
    p.source.start(), p.target.start()
    p.target.server.sql("CREATE TABLE t (id INT PRIMARY KEY)", database="new_customer")
    p.target.server.sql("INSERT INTO t VALUES (1)", database="new_customer")
    p.start()
    proc.wait_for(lambda: p.status()["state"] == "error", 20, "the stream to stop")
    delete(p, 2)
    assert p.target.server.sql("SELECT COUNT(*) FROM new_customer.t") == ((1,),)
    assert p.target.server.sql("SELECT COUNT(*) FROM _vt.stream") == ((0,),)

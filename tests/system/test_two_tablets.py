"""A second vttablet where there is one already: refused by name, and the first one loses nothing."""
import copy
import subprocess
import time

import pytest

from lib import proc
from lib.streams import Writer, fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


@pytest.fixture
def twin():
    """make(tablet, uid): another program beside the same server."""
    made = []

    def make(tablet, uid):
        other = copy.copy(tablet)
        other.uid, other.port, other.process = uid, proc.free_port(), None
        other.log = tablet.log + f".{uid}"
        made.append(other)
        return other

    yield make
    for other in made:
        other.stop()


def test_a_second_tablet_of_a_server_is_refused(pair, twin):
    p = pair("t")
    fill(p.source.server, 40000)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:100")
    writer = Writer(p.source.server, 1)
    writer.start()
    p.start()
    p.wait("copying")
    second = twin(p.target, 77)
    second.keyspace = "other"          # else it would be its second primary
    with pytest.raises(RuntimeError, match="another vttablet is at work beside server"):
        second.start()
    proc.end(second.process)
    assert second.process.returncode == 1
    p.wait("running")
    writer.end()
    p.freeze()
    p.check_equal()


def test_a_tablet_that_was_killed_comes_up_at_once(pair):
    p = pair("t")
    fill(p.source.server)
    p.source.start(), p.target.start()
    for _ in range(3):
        p.target.kill()
        began = time.monotonic()
        p.target.start()
        print("up after", time.monotonic() - began)
    p.start()
    p.wait("running")


def test_a_second_primary_of_a_keyspace_is_refused(pair, twin):
    p = pair("t")
    p.source.start()
    second = twin(p.target, 50)
    second.keyspace = "customer"
    with pytest.raises(RuntimeError, match="keyspace 'customer' has a primary already: tablet 'zone1-100' at"):
        second.start()
    assert p.target.server.sql("SHOW DATABASES LIKE '%switchyard'") == ()
    replacement = twin(p.target, 100)      # elsewhere, as the same tablet
    replacement.keyspace = "customer"
    p.source.stop()
    replacement.start()


def test_a_shard_is_refused_by_name(folder):
    done = subprocess.run([proc.program("vttablet"), "--topo", f"sqlite:{folder}/topo.db", "--server", "127.0.0.1:1",
                           "--keyspace", "customer", "--uid", "1", "--credentials", "none", "--shard", "-80"],
                          capture_output=True, text=True)
    assert done.returncode == 1 and "--shard '-80'" in done.stderr

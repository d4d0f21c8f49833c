"""How much a vttablet does at once is what its options say."""
import subprocess

import pytest

from lib import proc
from lib.streams import fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

ROWS = 350000                          # enough for three ranges, one for each chunk in flight


def connections(server):
    return server.sql("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'vt_stream'")[0][0]


def test_appliers_chunks_and_their_rows(pair):
    p = pair("t")
    fill(p.source.server, ROWS)
    p.source.server.sql("ANALYZE TABLE customer.t")
    p.source.start(), p.target.start(options=["--appliers=7", "--copy-parallel=3", "--chunk-rows=10000"])
    p.start()
    p.wait("running")
    target = p.target.server
    assert target.sql("SELECT COUNT(*) FROM _switchyard.copy_state")[0][0] == 3
    assert int(target.sql("SHOW GLOBAL STATUS LIKE 'Com_load'")[0][1]) >= ROWS // 10000
    assert connections(target) == 7 + 1    # and the guard; the copy's have been closed
    assert target.sql("SELECT COUNT(*) FROM new_customer.t")[0][0] == ROWS


@pytest.mark.parametrize("option", ["--appliers=17", "--appliers=0", "--copy-parallel=17", "--copy-parallel=0",
                                    "--chunk-rows=0", "--chunk-rows=100001"])
def test_what_is_out_of_bounds_is_refused_by_name(option):
    done = subprocess.run([proc.program("vttablet"), option], capture_output=True, text=True)
    assert done.returncode == 1 and option.split("=")[0] in done.stderr

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
    # All of them are looked at: by a few, MySQL takes 350,000 rows for any number from 260,000 to 440,000.
    p.source.server.sql("SET GLOBAL innodb_stats_persistent_sample_pages = 10000")
    p.source.server.sql("ANALYZE TABLE customer.t")
    p.source.start()
    p.target.start(options=["--appliers=7", "--copy-parallel=3", "--chunk-rows=10000"], faults="stream.chunk.before=sleep:200")
    target = p.target.server
    p.start()
    proc.wait_for(lambda: connections(target) == 7 + 1 + 3, 60, "seven appliers, their guard and three that copy",
                  lambda: str(connections(target)))
    p.wait("running")
    assert target.sql("SELECT COUNT(*) FROM _switchyard.copy_state")[0][0] == 3
    loads = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_stmt_execute', 'Com_load')"      # by the server's way
    assert max(int(n) for _, n in target.sql(loads)) >= ROWS // 10000
    assert connections(target) == 1 + 1    # an exact stream writes through one, and there is the guard
    assert target.sql("SELECT COUNT(*) FROM new_customer.t")[0][0] == ROWS


@pytest.mark.parametrize("option", ["--appliers=17", "--appliers=0", "--copy-parallel=17", "--copy-parallel=0",
                                    "--chunk-rows=0", "--chunk-rows=100001"])
def test_what_is_out_of_bounds_is_refused_by_name(option):
    done = subprocess.run([proc.program("vttablet"), option], capture_output=True, text=True)
    assert done.returncode == 1 and option.split("=")[0] in done.stderr


def test_the_largest_table_is_copied_first(pair):
    """It takes longest: begun last, it would be copied alone at the end."""
    p = pair("t")
    p.tables = [(name, name) for name in ("a_small", "b_large", "c_middle")]
    source = p.source.server
    for (name, _), rows in zip(p.tables, (10, 5000, 500)):
        source.sql(f"CREATE TABLE customer.{name} (id INT PRIMARY KEY)")
        source.sql(f"INSERT INTO customer.{name} SELECT seq FROM customer.seq_1_to_{rows}")
        source.sql(f"ANALYZE TABLE customer.{name}")
    p.source.start(), p.target.start(options=["--copy-parallel=1"])
    source.sql("SET GLOBAL log_output = 'TABLE'")
    source.sql("SET GLOBAL general_log = 1")
    p.start()
    p.wait("running")
    source.sql("SET GLOBAL general_log = 0")
    read = [sql for (sql,) in source.sql(
        "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE argument LIKE '%FORCE INDEX%' ORDER BY event_time, thread_id")]
    order = []
    for sql in read:
        name = next(n for n, _ in p.tables if f"`{n}`" in sql)
        if name not in order:
            order.append(name)
    assert order == ["b_large", "c_middle", "a_small"]

"""The way back, asked of the two vttablets: rows that follow, what closes it, and kills."""
import time
from concurrent.futures import ThreadPoolExecutor

import pymysql
import pytest

from lib import proc, tablets, xa
from lib.rounds import FENCED, Rounds
from lib.streams import Writer, fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


@pytest.fixture
def rounds(pair):
    p = pair("t")
    fill(p.source.server, 500)
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    return Rounds(p)


def run(conn, *statements):
    with conn.cursor() as cur:
        for sql in statements:
            cur.execute(sql)


WRITES = ["INSERT INTO t (u, name, x) VALUES ('new', 'n', 1)", "UPDATE t SET name = 'm' WHERE id < 50",
          "UPDATE t SET id = id + 10000 WHERE id BETWEEN 60 AND 70", "DELETE FROM t WHERE id BETWEEN 80 AND 90",
          "UPDATE t a JOIN t b ON a.id = 101 AND b.id = 102 SET a.name = b.name"]


def test_rows_go_back_and_forth(rounds):
    for _ in range(4):
        rounds.switch()
        run(rounds.app(rounds.served), *WRITES, "DELETE FROM t WHERE u = 'new' OR id > 10000")
        rounds.check_equal()
        with pytest.raises(pymysql.Error) as e:
            run(rounds.app(rounds.other), WRITES[1])
        assert e.value.args[0] == FENCED
        status = rounds.status()
        assert status["state"] == "running" and status["exact"] and status["closed"] == ""
    states = [rounds.status(r)["state"] for r in range(1, 6)]
    assert states == ["stopped"] * 4 + ["running"]


def test_a_writer_goes_on_through_a_way_back(rounds):
    rounds.switch()
    writer = Writer(Redirected(rounds.served.server, "new_customer"), 7)
    writer.start()
    proc.wait_for(lambda: rounds.status()["changes_applied"] > 300, 60, "changes to come back")
    rounds.other.kill()
    rounds.other.start()
    proc.wait_for(lambda: rounds.status()["changes_applied"] > 300, 60, "changes to come back")
    writer.end()
    rounds.check_equal()


class Redirected:
    """A server whose clients use another database than they ask for."""

    def __init__(self, server, database):
        self.server, self.database = server, database

    def connect(self, _, **options):
        return self.server.connect(self.database, **options)


def test_what_is_prepared_rests_and_can_be_replaced(rounds):
    rounds.hold()
    q = rounds.prepare()
    assert rounds.prepare() == q
    assert rounds.status(2)["state"] == "prepared"
    rounds.served.kill()
    rounds.served.start()
    assert rounds.status(2)["state"] == "prepared" and rounds.prepare() == q
    rounds.roll_back()
    with pytest.raises(tablets.Refused, match="no stream of workflow 'new_customer/t', round 2"):
        rounds.status(2)
    run(rounds.app(rounds.served), *WRITES)
    rounds.hold()
    rounds.prepare()
    rounds.roll_back(delete=False)      # its undo did not arrive
    run(rounds.app(rounds.served), *WRITES[1:])
    rounds.hold()
    again = rounds.prepare()
    rounds.attempt -= 2
    with pytest.raises(tablets.Refused, match="outdated"):
        rounds.prepare()
    rounds.attempt += 2
    assert rounds.prepare() == again
    rounds.commit()
    run(rounds.app(rounds.served), *WRITES[1:])
    rounds.begin()                      # late: serving did not wait for it
    rounds.begin()
    rounds.check_equal()
    rounds.attempt += 2
    with pytest.raises(tablets.Refused, match="round 2, is running already"):
        rounds.round -= 1
        rounds.prepare()


def test_a_way_back_has_no_tables_to_drop_and_goes_alone(rounds):
    rounds.switch()
    with pytest.raises(tablets.Refused, match="its tables are not its own"):
        rounds.other.call("stream_delete", **rounds.request(2, drop=True))
    rounds.check_equal()
    rounds.other.call("stream_delete", **rounds.request(2))
    assert rounds.status(1)["state"] == "stopped"
    assert rounds.other.server.sql("SELECT COUNT(*) FROM _switchyard.stream") == ((0,),)
    with pytest.raises(tablets.Refused, match="is no way back"):
        rounds.served.call("stream_prepare", **rounds.request(1, guard_from=rounds.position, start=rounds.start))


def test_ddl_where_the_tables_are_served_closes_it(rounds):
    rounds.switch()
    run(rounds.app(rounds.served), *WRITES)
    rounds.check_equal()                # it has read the definition
    run(rounds.app(rounds.served), "ALTER TABLE t ADD extra INT", "UPDATE t SET extra = 7 WHERE id < 10")
    rounds.closed(f"what is written at '{rounds.served.address}' does not come here any more")
    assert "ALTER TABLE t ADD extra INT" in rounds.status()["closed"] and rounds.status()["hint"] == ""
    rounds.other.kill()
    rounds.other.start()
    rounds.closed("ALTER TABLE t ADD extra INT")


def test_ddl_before_it_has_read_the_definition_closes_it_too(rounds):
    rounds.hold()
    rounds.prepare()
    rounds.commit()
    run(rounds.app(rounds.served), *WRITES, "ALTER TABLE t ADD extra INT")
    rounds.begin()
    rounds.closed("has 4 columns in the binlog, 5 in its definition: it was altered after these rows were written")


def test_a_row_that_does_not_fit_closes_it(rounds):
    rounds.switch()
    with tablets.app(rounds.other.server, "customer", user="vt_stream") as c:
        run(c, "SET sql_log_bin = 0", "DELETE FROM t WHERE id = 5")     # in no binlog: the stream itself finds it
    run(rounds.app(rounds.served), "UPDATE t SET name = 'x' WHERE id = 5")
    rounds.closed("differs from its source")
    run(rounds.app(rounds.served), "UPDATE t SET name = 'y' WHERE id = 6")


def purge(server):
    """All files but the last; the server lets go of a file when it notices that its reader is gone."""
    server.sql("FLUSH BINARY LOGS")

    def purged():
        server.sql("PURGE BINARY LOGS TO %s", (server.place()[0],))
        return len(server.sql("SHOW BINARY LOGS")) == 1
    proc.wait_for(purged, 60, "the binlog to be purged")


def test_a_binlog_that_is_purged_closes_it(rounds):
    rounds.switch()
    rounds.check_equal()
    rounds.other.kill()
    run(rounds.app(rounds.served), *WRITES)
    purge(rounds.served.server)
    rounds.other.start()
    rounds.closed("binlog")


def disarmed_write(rounds, sql):
    """As whoever may do all: the fence's row is changed behind the programs' back."""
    rounds.other.server.sql("UPDATE _switchyard.fence SET armed = 0")
    with tablets.app(rounds.other.server, rounds.sides[rounds.other], user="vt_dba") as c:
        run(c, sql)
    rounds.other.server.sql("UPDATE _switchyard.fence SET armed = 1")


CHANGES = {"truncate": ("TRUNCATE TABLE t", "TRUNCATE TABLE t"), "alter": ("ALTER TABLE t ADD extra INT", "ADD extra INT"),
           "write": ("UPDATE t SET x = 7 WHERE id = 1", "rows of table 'customer.t' were changed by another than its stream"),
           "drop": ("DROP TABLE t", "DROP TABLE"),
           "xa": ("XA START 'a'; UPDATE t SET x = 7 WHERE id = 1; XA END 'a'; XA PREPARE 'a'", "XA PREPARE of changes")}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_behind_the_streams_back_closes_it_for_good(rounds, change):
    statements, words = CHANGES[change]
    rounds.switch()
    run(rounds.app(rounds.served), *WRITES)
    rounds.check_equal()
    assert rounds.status()["closed"] == ""
    proc.wait_for(lambda: rounds.status()["guard_lag_ms"] == 0, 30, "the guard to know how far it is")
    rounds.other.server.sql("UPDATE _switchyard.fence SET armed = 0")
    with tablets.app(rounds.other.server, "customer", user="vt_dba") as c:
        run(c, *statements.split("; "))
        rounds.closed(words)
        if change == "xa":
            run(c, "XA ROLLBACK 'a'")
    rounds.other.server.sql("UPDATE _switchyard.fence SET armed = 1")
    run(rounds.app(rounds.served), "INSERT INTO t (u) VALUES ('served on')")
    if change in ("truncate", "write", "xa"):
        with pytest.raises(tablets.Refused, match="there is no way back: the tables at .* are not as they were left"):
            rounds.hold()
    rounds.other.kill()
    rounds.other.start(faults="guard.tail.before=sleep:800000")
    rounds.closed(words)


def test_xa_at_the_side_that_serves_follows(rounds):
    rounds.switch()
    with rounds.app(rounds.served) as conn:
        xa.prepare(conn, "mine", "UPDATE t SET x = 77 WHERE id = 1")
        xa.end(conn, "mine")
        xa.prepare(conn, "kept", "UPDATE t SET x = 78 WHERE id = 2")
        proc.wait_for(lambda: rounds.status()["prepared"] == "X'6b657074',X'',1", 30, "its rows to be kept", rounds.status)
        rounds.other.kill()
        rounds.other.start()
        xa.end(conn, "kept")
    rounds.check_equal()
    assert rounds.status()["closed"] == "" and rounds.status()["prepared"] == ""


def test_what_happened_while_no_program_looked_closes_it(rounds):
    rounds.switch()
    rounds.check_equal()
    rounds.other.kill()
    disarmed_write(rounds, "UPDATE t SET x = 7 WHERE id = 1")
    disarmed_write(rounds, "CREATE TABLE elsewhere (id INT PRIMARY KEY)")
    rounds.other.start(faults="guard.tail.before=sleep:8000")
    rounds.freeze()
    with pytest.raises(tablets.Refused, match="rows of table 'customer.t' were changed"):   # it waits for the guard
        rounds.of_other("lock")


def cannot(rounds, sql):
    """A client that passes every fence, at the side that was left: it has to wait."""
    with rounds.other.server.connect("customer") as c, c.cursor() as cur:
        cur.execute("SET lock_wait_timeout = 1, innodb_lock_wait_timeout = 1")
        with pytest.raises(pymysql.Error, match="Lock wait timeout"):
            cur.execute(sql)


def test_nobody_changes_what_is_to_be_served_once_the_guard_was_asked(rounds):
    rounds.switch()
    rounds.check_equal()
    for _ in range(2):      # an attempt that is rolled back, and one that is not
        rounds.hold()
        assert rounds.of_other("lock_status")["held"]
        for sql in ("TRUNCATE TABLE t", "ALTER TABLE t ADD y INT", "DELETE FROM t WHERE id < 0"):
            cannot(rounds, sql)
        rounds.of_other("lock")
        with rounds.other.server.connect("customer") as c, c.cursor() as cur:
            assert cur.execute("SELECT * FROM t") > 0
        if rounds.attempt < 6:
            rounds.roll_back()
            assert not rounds.of_other("lock_status")["held"]
            rounds.check_equal()
    rounds.prepare()
    rounds.of_served("unlock")
    rounds.of_other("disarm")
    rounds.other.server.sql("TRUNCATE TABLE t", database="customer")    # its own clients': it is served
    rounds.of_other("finish")
    rounds.round += 1
    rounds.begin()
    rounds.closed("TRUNCATE TABLE t")


def test_clients_of_what_is_served_again_are_no_finding(rounds):
    """A way back ends when its tables serve; what is left of it goes later."""
    rounds.switch()
    rounds.check_equal()
    rounds.hold()
    rounds.prepare()
    rounds.of_served("unlock")
    rounds.of_other("disarm")
    run(rounds.app(rounds.other), *WRITES)
    time.sleep(1)               # in which a guard reads them
    assert rounds.status()["closed"] == "" and "as they were left" not in proc.tail(rounds.other.log)
    rounds.of_other("finish")
    rounds.round += 1
    rounds.begin()
    rounds.check_equal()


def test_the_lock_of_what_is_to_be_served_dies_with_its_tablet(rounds):
    rounds.switch()
    rounds.check_equal()
    rounds.hold()
    rounds.other.kill()
    rounds.other.start()
    assert not rounds.of_other("lock_status")["held"]
    rounds.of_other("lock")
    assert rounds.of_other("lock_status")["held"]
    rounds.roll_back()


def test_a_lock_that_comes_when_its_attempt_is_over_is_let_go(rounds):
    rounds.switch()
    rounds.check_equal()
    rounds.freeze()
    with rounds.other.server.connect("customer") as c, c.cursor() as cur:
        cur.execute("BEGIN")
        cur.execute("DELETE FROM t WHERE id < 0")       # no trigger sees it; nobody may lock the table meanwhile
        with ThreadPoolExecutor(1) as pool:
            late = pool.submit(rounds.of_other, "lock")
            wait_for_lock(rounds.other.server)
            rounds.attempt += 1
            rounds.of_other("thaw")
            cur.execute("COMMIT")
            with pytest.raises(tablets.Refused, match="outdated"):
                late.result()
    rounds.attempt += 1
    rounds.other.server.sql("ANALYZE TABLE t", database="customer")
    with rounds.other.server.connect("customer") as c, c.cursor() as cur:
        cur.execute("SET lock_wait_timeout = 0")
        cur.execute("LOCK TABLES t WRITE")


def wait_for_lock(server):
    """Until somebody asks for a READ lock, and waits or has been refused."""
    proc.wait_for(lambda: server.sql("SELECT 1 FROM information_schema.processlist WHERE info LIKE 'LOCK TABLES %%READ%%' "
                                     "AND state LIKE 'Waiting%%'"), 30, "the lock to wait")


def test_what_is_done_to_other_tables_and_by_ourselves_closes_nothing(rounds):
    rounds.switch()
    old = rounds.other.server
    old.sql("CREATE TABLE elsewhere (id INT PRIMARY KEY)", database="customer")
    old.sql("INSERT INTO elsewhere SELECT seq FROM seq_1_to_1000", database="customer")
    old.sql("TRUNCATE TABLE elsewhere", database="customer")
    old.sql("ANALYZE TABLE t", database="customer")
    with tablets.app(old, "customer", user="vt_dba") as c:
        run(c, "XA START 'b'", "INSERT INTO elsewhere VALUES (1)", "XA END 'b'", "XA PREPARE 'b'", "XA COMMIT 'b'")
    rounds.other.call("set_next_values", **rounds.request(2, values=[{"next": 20000}]))
    run(rounds.app(rounds.served), *WRITES)
    rounds.check_equal()
    old.sql("FLUSH BINARY LOGS")
    rounds.other.kill()
    rounds.other.start()
    for _ in range(2):
        rounds.switch()
        rounds.check_equal()
    assert rounds.status()["closed"] == "" and rounds.round == 4


def test_the_row_of_another_round_makes_no_change_the_streams(rounds):
    for _ in range(3):
        rounds.switch()
        rounds.check_equal()
    with tablets.app(rounds.other.server, "customer", user="vt_dba") as c:
        run(c, "BEGIN", "UPDATE _switchyard.stream SET hint = 'other' WHERE round = 2",
            "UPDATE _switchyard.fence SET armed = 0", "UPDATE t SET x = 8 WHERE id = 1",
            "UPDATE _switchyard.fence SET armed = 1", "COMMIT")
    rounds.closed("rows of table 'customer.t' were changed by another than its stream")

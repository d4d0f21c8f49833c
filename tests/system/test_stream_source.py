"""What a source's binlog holds besides plain transactions: a stream takes it and loses nothing, or stops by name."""

import pymysql
import pytest

from lib import proc
from lib.streams import fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

MYISAM = "CREATE TABLE my (id INT PRIMARY KEY, v INT) ENGINE=MyISAM"

# Each runs on a connection of its own.
GOES_ON = {
    "a savepoint": ["BEGIN", "UPDATE t SET name='a' WHERE id=1", "SAVEPOINT s", "UPDATE t SET name='b' WHERE id=2",
                    "ROLLBACK TO s", "UPDATE t SET name='c' WHERE id=3", "COMMIT"],
    "a savepoint that the binlog shows, beside MyISAM": [
        MYISAM, "BEGIN", "UPDATE t SET name='a2' WHERE id=1", "INSERT INTO my VALUES (1, 1)", "SAVEPOINT s",
        "UPDATE t SET name='undone' WHERE id=2", "INSERT INTO my VALUES (2, 2)", "SAVEPOINT s2", "DELETE FROM t WHERE id=4",
        "ROLLBACK TO s2", "ROLLBACK TO s", "UPDATE t SET name='c2' WHERE id=3", "COMMIT"],
    "a savepoint that the binlog shows, beside a temporary table": [
        "BEGIN", "UPDATE t SET name='a3' WHERE id=1", "CREATE TEMPORARY TABLE tmp (id INT)", "SAVEPOINT `a b`",
        "UPDATE t SET name='undone' WHERE id=2", "ROLLBACK TO `A b`", "UPDATE t SET name='c3' WHERE id=3", "COMMIT"],
    "a rollback beside MyISAM": [
        MYISAM, "BEGIN", "UPDATE t SET name='undone' WHERE id=1", "INSERT INTO my VALUES (1, 1)", "ROLLBACK"],
    "one statement on both engines": [
        MYISAM, "INSERT INTO my VALUES (1, 1), (2, 2)", "UPDATE t JOIN my ON t.id = my.id SET t.name='joined', my.v=9"],
    "CREATE TABLE ... SELECT": ["CREATE TABLE c2 SELECT id FROM other", "CREATE OR REPLACE TABLE c2 ENGINE=MyISAM SELECT 1 AS a"],
    "rotation": ["BEGIN", "UPDATE t SET name='r' WHERE id=1", "FLUSH BINARY LOGS", "FLUSH BINARY LOGS",
                 "UPDATE t SET name='r' WHERE id=2", "COMMIT", "FLUSH BINARY LOGS", "FLUSH TABLES", "ANALYZE TABLE t"],
    "annotations": ["SET binlog_annotate_row_events=1", "UPDATE t SET name='annotated' WHERE id=1"],
    "checksums, on and off again": [
        "SET GLOBAL binlog_checksum=CRC32", "UPDATE t SET name='sum' WHERE id=1",
        "SET GLOBAL binlog_checksum=NONE", "UPDATE t SET name='none' WHERE id=2"],
    "several domains": ["SET gtid_domain_id=7", "UPDATE t SET name='d7' WHERE id=1", "SET gtid_domain_id=3",
                        "UPDATE t SET name='d3' WHERE id=2", "SET gtid_domain_id=0", "UPDATE t SET name='d0' WHERE id=3"],
    "other servers' numbers": ["SET server_id=77", "UPDATE t SET name='s77' WHERE id=1", "SET server_id=78",
                               "UPDATE t SET name='s78' WHERE id=2"],
    "XA on another table": ["XA START 'x'", "UPDATE other SET v=5", "XA END 'x'", "XA PREPARE 'x'", "XA COMMIT 'x'"],
    "XA on another table, rolled back": ["XA START 'x'", "UPDATE other SET v=6", "XA END 'x'", "XA PREPARE 'x'", "XA ROLLBACK 'x'"],
    "XA in one phase": ["XA START 'x'", "UPDATE t SET name='one' WHERE id=1", "XA END 'x'", "XA COMMIT 'x' ONE PHASE"],
    "XA on the table": ["XA START 'x','y',3", "UPDATE t SET name='xa' WHERE id=1", "UPDATE other SET v=7", "UPDATE t SET id=-1 WHERE id=1",
                        "XA END 'x','y',3", "XA PREPARE 'x','y',3", "XA COMMIT 'x','y',3"],
    "XA on the table, rolled back": ["XA START 'x'", "UPDATE t SET name='no' WHERE id=1", "XA END 'x'", "XA PREPARE 'x'", "XA ROLLBACK 'x'"],
    "XA on both engines, rolled back": [MYISAM, "XA START 'x'", "UPDATE t SET name='no' WHERE id=1", "INSERT INTO my VALUES (1, 1)",
                                        "XA END 'x'", "XA ROLLBACK 'x'"],
    "XA with a savepoint": ["XA START 'x'", "UPDATE t SET name='yes' WHERE id=1", "SAVEPOINT s", "UPDATE t SET name='no' WHERE id=2",
                            "ROLLBACK TO s", "XA END 'x'", "XA PREPARE 'x'", "XA COMMIT 'x'"],
    "XA that only reads": ["XA START 'x'", "SELECT COUNT(*) FROM t", "XA END 'x'", "XA PREPARE 'x'", "XA COMMIT 'x'"],
    "statements on another table": [
        "SET binlog_format=STATEMENT", "BEGIN", "INSERT INTO other VALUES (9, RAND())", "SET @a=5",
        "INSERT INTO other VALUES (10, @a)", "COMMIT", "CREATE TEMPORARY TABLE tmp (id INT)", "INSERT INTO tmp VALUES (1)"],
    "keys that change places": ["BEGIN", "UPDATE t SET id=-1 WHERE id=1", "UPDATE t SET id=1 WHERE id=2",
                                "UPDATE t SET id=2 WHERE id=-1", "COMMIT"],
    "unique values that change places": ["BEGIN", "UPDATE t SET u='tmp' WHERE id=11", "UPDATE t SET u='u011' WHERE id=12",
                                         "UPDATE t SET u='u012' WHERE id=11", "COMMIT"],
    "rows deleted and made anew": ["BEGIN", "DELETE FROM t WHERE id < 50",
                                   "INSERT INTO t SELECT seq, CONCAT('u0', 50 - seq), 'again', 1 FROM seq_1_to_49", "COMMIT"],
    "rows that come and go": ["INSERT INTO t VALUES (9001, 'q', 'q', 1)", "DELETE FROM t WHERE id = 9001",
                              "INSERT INTO t VALUES (9001, 'q', 'p', 1)", "DELETE FROM t WHERE id = 9001"],
    "DDL of others": ["CREATE TABLE b (id INT PRIMARY KEY)", "ALTER TABLE b ADD COLUMN w INT",
                      "CREATE TRIGGER tr BEFORE INSERT ON b FOR EACH ROW SET NEW.w=1", "DROP TRIGGER tr", "RENAME TABLE b TO c",
                      "DROP TABLE c", "CREATE VIEW vv AS SELECT * FROM other", "DROP VIEW vv", "CREATE SEQUENCE sq",
                      "SELECT NEXTVAL(sq)", "CREATE DATABASE d2", "CREATE TABLE d2.t (id INT PRIMARY KEY)",
                      "INSERT INTO d2.t VALUES (1)", "DROP DATABASE d2", "CREATE PROCEDURE pp() UPDATE other SET v=1", "CALL pp()"],
    "accounts": ["CREATE USER joe", "GRANT SELECT ON customer.* TO joe", "GRANT SELECT ON customer.other TO joe", "DROP USER joe"],
    "other engines": ["CREATE TABLE mem (id INT) ENGINE=MEMORY", "INSERT INTO mem VALUES (1)", "TRUNCATE mem",
                      "CREATE TABLE ar (id INT) ENGINE=Aria", "INSERT INTO ar VALUES (1)", "DELETE FROM ar"],
    "an ALTER that fails, written in two phases": [
        "SET binlog_alter_two_phase=1", "UPDATE t SET name='same' WHERE id < 3", "!ALTER TABLE t ADD UNIQUE twice (name)",
        "ALTER TABLE other ADD COLUMN w INT", "UPDATE t SET name='behind it' WHERE id = 1"],
    "compression": [
        "SET GLOBAL log_bin_compress=ON", "SET GLOBAL log_bin_compress_min_len=10", "UPDATE t SET name=REPEAT('text', 5)",
        "INSERT INTO t SELECT seq, CONCAT('p', seq), REPEAT('a', 50), 1 FROM seq_20001_to_20050", "DELETE FROM t WHERE id > 20030",
        "DELETE FROM t WHERE name LIKE 'aaa%'",
        "SET binlog_format=STATEMENT", "UPDATE other SET v=v+1 WHERE id=1 AND 'a text that is long enough' LIKE '%enough'",
        "SET binlog_format=ROW", "ALTER TABLE other COMMENT='as long as it takes to be smaller when packed packed packed'",
        "UPDATE t SET name='packed' WHERE id BETWEEN 5 AND 60", "SET GLOBAL log_bin_compress=OFF"],
    "SET STATEMENT": ["SET STATEMENT max_statement_time=10 FOR UPDATE t SET name='ss' WHERE id=1"],
}

STOPS = {
    "a compressed statement": ["SET GLOBAL log_bin_compress=ON", "SET GLOBAL log_bin_compress_min_len=10",
                               "SET binlog_format=STATEMENT", "UPDATE t SET name='text' WHERE id=1 OR name='texttexttexttexttexttext'"],
    "statement": ["SET binlog_format=STATEMENT", "UPDATE t SET name='text' WHERE id=1"],
    "an ALTER in two phases": ["SET binlog_alter_two_phase=1", "UPDATE t SET name='alter' WHERE id=1",
                               "ALTER TABLE t ADD COLUMN w INT"],
    "incomplete image": ["SET binlog_row_image=MINIMAL", "UPDATE t SET name='minimal' WHERE id=1"],
}


def run_all(server, statements):
    """One with a "!" must fail."""
    conn = server.connect("customer")
    with conn.cursor() as cur:
        for s in statements:
            if s[0] == "!":
                with pytest.raises(pymysql.Error):
                    cur.execute(s[1:])
            else:
                cur.execute(s)
    conn.close()


def running(pair):
    p = pair("t")
    fill(p.source.server, 100)
    p.source.server.sql("CREATE TABLE other (id INT PRIMARY KEY, v DOUBLE)", database="customer")
    p.source.server.sql("INSERT INTO other VALUES (1, 1), (2, 2)", database="customer")
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    return p


def test_a_stream_goes_on_through_all_that_a_binlog_may_hold(pair):
    p = running(pair)
    attempt = 0
    for what, statements in GOES_ON.items():
        attempt += 1
        run_all(p.source.server, statements)
        try:
            p.freeze(attempt)
            p.check_equal()
        except Exception as e:
            raise AssertionError(f"{what}: {e}") from e
        p.target.call("thaw", **p.request(attempt=attempt))
        p.source.server.sql("DROP TABLE IF EXISTS my", database="customer")


@pytest.mark.parametrize("what", STOPS)
def test_a_stream_stops_by_name(pair, what):
    p = running(pair)
    run_all(p.source.server, STOPS[what])
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 20, "the stream to stop")
    assert "'customer.t'" in status["error"] or "moved table" in status["error"], status["error"]
    assert p.target.server.sql("SELECT COUNT(*) FROM new_customer.t WHERE name IN ('xa', 'text', 'minimal')") == ((0,),)

def write_in(server, domains):
    """A change of the table in each."""
    conn = server.connect("customer", autocommit=True)
    with conn.cursor() as cur:
        for domain in domains:
            cur.execute(f"SET gtid_domain_id = {domain}")
            cur.execute("UPDATE t SET name = %s WHERE id = %s", (f"d{domain}", 1 + domain % 100))
    conn.close()


def test_a_position_of_hundreds_of_domains(pair):
    """It is long at the start, grows while the stream runs, outlives a restart, and freezes."""
    both = pair("t")
    source = both.source.server
    fill(source, 100)
    write_in(source, range(1000, 1120))
    both.source.start()
    both.target.start()
    both.start()
    both.wait("running")
    write_in(source, range(1100, 1400))
    both.target.kill()
    write_in(source, range(1400, 1420))
    both.target.start()
    both.wait("running")
    both.freeze()
    assert set(both.status()["position"].split(",")) == set(source.sql("SELECT @@global.gtid_binlog_pos")[0][0].split(","))
    both.check_equal()

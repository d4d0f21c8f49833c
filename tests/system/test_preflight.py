"""What cannot be moved is refused in one sentence with a hint, and everything is as it was before."""
import pytest

from lib import proc, tablets
from lib.streams import fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")


@pytest.fixture
def tablet(kept_server, folder):
    made = tablets.Tablet(folder, kept_server, "customer", 100).start()
    yield made
    made.stop()


def request(table="t", **more):
    return {"workflow": "new_customer/t", "from": {"database": "customer"}, "to": {"database": "customer"},
            "tables": [{"from": table, "to": table}], "side": "from", **more}


def state(server):
    """All that a probe could have left behind."""
    tables = server.sql("SELECT table_schema, table_name, create_time FROM information_schema.tables "
                        "WHERE table_schema NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')")
    return (tables, server.sql("SELECT * FROM information_schema.triggers"), server.sql("SELECT * FROM _switchyard.fence"),
            server.sql("SELECT * FROM _switchyard.heartbeat"), server.sql("SELECT * FROM _switchyard.stream"),
            server.sql("SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES WHERE VARIABLE_NAME "
                       "NOT LIKE '%GTID%' AND VARIABLE_NAME NOT IN ('TIMESTAMP', 'LAST_INSERT_ID')"))


def refusal(tablet, method="check_from", **more):
    before = state(tablet.server)
    with pytest.raises(tablets.Refused) as refused:
        tablet.call(method, **request(**more))
    assert state(tablet.server) == before
    assert refused.value.kind in ("refused", "not found", "not-found", "not_found"), refused.value
    assert refused.value.hint
    return refused.value.text


GOOD = "CREATE TABLE t (id INT PRIMARY KEY, v INT)"


def test_a_good_table_is_described_and_left_as_it_was(tablet):
    tablet.server.sql(GOOD, database="customer")
    tablet.server.sql("INSERT INTO t VALUES (1, 1)", database="customer")
    before = state(tablet.server)
    answer = tablet.call("check_from", **request())
    assert state(tablet.server) == before
    assert "`id` int(11) NOT NULL" in answer["tables"][0]["definition"]


@pytest.mark.parametrize("ddl, words", [
    (None, "no table 'customer.t'"),
    ("CREATE TABLE t (id INT PRIMARY KEY, w TIMESTAMP NULL, v DATE AS (DATE(w)) STORED)", "column 'v' of table 'customer.t' keeps what is generated"),
    ("CREATE TABLE t (id INT PRIMARY KEY, w TIMESTAMP NULL, v DATE AS (DATE(w)) VIRTUAL, KEY k (v))", "column 'v' of table 'customer.t' keeps"),
    ("CREATE TABLE t (id INT PRIMARY KEY) ENGINE=MyISAM", "MyISAM"),
    ("CREATE TABLE t (id INT PRIMARY KEY) ENGINE=Aria", "Aria"),
    ("CREATE VIEW t AS SELECT 1 AS id", "VIEW"),
    ("CREATE SEQUENCE t", "SEQUENCE"),
    ("CREATE TABLE t (id INT PRIMARY KEY) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME PARTITIONS 2", "SYSTEM VERSIONED"),
])
def test_a_table_that_cannot_move_is_refused_by_name(tablet, ddl, words):
    if ddl:
        tablet.server.sql(ddl, database="customer")
    assert words in refusal(tablet)


@pytest.mark.parametrize("ddl, words", [
    ("CREATE TABLE p (id INT PRIMARY KEY, t_id INT, CONSTRAINT fk FOREIGN KEY (t_id) REFERENCES t (id))", "foreign key 'fk'"),
    ("CREATE TRIGGER trg BEFORE INSERT ON t FOR EACH ROW SET @a = (SELECT MAX(id) FROM stays)", "trigger 'trg'"),
    ("CREATE VIEW w AS SELECT * FROM t", "view 'customer.w'"),
    ("CREATE PROCEDURE pr() SELECT COUNT(*) FROM t", "routine 'customer.pr'"),
    ("CREATE FUNCTION fu() RETURNS INT READS SQL DATA RETURN (SELECT MAX(id) FROM `t`)", "routine 'customer.fu'"),
    ("CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DO DELETE FROM customer.t", "event 'customer.ev'"),
])
def test_what_names_the_table_is_refused(tablet, ddl, words):
    tablet.server.sql(GOOD, database="customer")
    tablet.server.sql(ddl, database="customer")
    assert words in refusal(tablet)


def test_a_body_that_names_another_table_does_not_matter(tablet):
    tablet.server.sql(GOOD, database="customer")
    tablet.server.sql("CREATE TABLE t_log (id INT PRIMARY KEY)", database="customer")
    tablet.server.sql("CREATE VIEW w AS SELECT * FROM t_log", database="customer")
    tablet.server.sql("CREATE PROCEDURE pr() SELECT COUNT(*) FROM t_log", database="customer")
    assert tablet.call("check_from", **request())


@pytest.mark.parametrize("sql, back, words", [
    ("SET GLOBAL binlog_format = 'MIXED'", "SET GLOBAL binlog_format = 'ROW'", "binlog_format"),
    ("SET GLOBAL binlog_row_image = 'MINIMAL'", "SET GLOBAL binlog_row_image = 'FULL'", "binlog_row_image"),
])
def test_a_binlog_that_does_not_tell_all_is_refused(tablet, sql, back, words):
    tablet.server.sql(GOOD, database="customer")
    tablet.server.sql(sql)
    assert words in refusal(tablet)
    tablet.server.sql(back)
    assert tablet.call("check_from", **request())


@pytest.mark.parametrize("method", ["check_from", "check_to"])
@pytest.mark.parametrize("name, other, good", [
    ("tx_isolation", "'READ-COMMITTED'", "'REPEATABLE-READ'"),
    ("autocommit", "0", "1"),
    ("completion_type", "'CHAIN'", "'NO_CHAIN'"),
    ("sql_mode", "'ANSI_QUOTES'", "DEFAULT"),
    ("sql_mode", "'NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'", "DEFAULT"),
    ("enforce_storage_engine", "'MyISAM'", "NULL"),
    ("max_allowed_packet", "4096", "16777216"),
])
def test_settings_that_neither_the_gates_nor_our_sessions_can_do_with_are_refused(tablet, method, name, other, good):
    tablet.server.sql(GOOD, database="customer")
    definition = tablet.call("check_from", **request())["tables"][0]["definition"]
    tablet.server.sql(f"SET GLOBAL {name} = {other}")
    with pytest.raises(tablets.Refused) as refused:
        tablet.call(method, **request(definitions=[definition]))
    assert refused.value.kind == "refused" and name in refused.value.text
    assert f"SET GLOBAL {name}={good}" in refused.value.hint
    tablet.server.sql(f"SET GLOBAL {name} = {good}")
    tablet.call(method, **request(definitions=[definition]))


@pytest.mark.parametrize("method", ["check_from", "check_to"])
@pytest.mark.parametrize("name, other", [("autocommit", "0"), ("tx_isolation", "''READ-COMMITTED''"),
                                         ("sql_mode", "''ANSI_QUOTES''"), ("completion_type", "1")])
def test_what_init_connect_makes_of_clients_sessions_is_looked_at(tablet, method, name, other):
    tablet.server.sql(GOOD, database="customer")
    definition = tablet.call("check_from", **request())["tables"][0]["definition"]
    tablet.server.sql(f"SET GLOBAL init_connect = 'SET {name} = {other}, sql_select_limit = 0'")
    with pytest.raises(tablets.Refused) as refused:
        tablet.call(method, **request(definitions=[definition]))
    assert refused.value.kind == "refused" and name in refused.value.text and "in clients' sessions" in refused.value.text
    assert "SET GLOBAL init_connect" in refused.value.hint
    tablet.server.sql("SET GLOBAL init_connect = 'SET sql_select_limit = 0'")
    tablet.call(method, **request(definitions=[definition]))


def test_a_server_without_a_binlog_is_refused(servers, folder):
    made = tablets.Tablet(folder, servers("s", "--skip-log-bin"), "customer", 100).start()
    try:
        made.server.sql(GOOD, database="customer")
        assert "the binlog is off" in refusal(made)
    finally:
        made.stop()


@pytest.mark.parametrize("method", ["check_from", "check_to"])
def test_a_server_that_takes_other_cases_for_the_same_table_is_refused(servers, folder, method):
    made = tablets.Tablet(folder, servers("s", "--lower-case-table-names=1"), "customer", 100).start()
    try:
        made.server.sql(GOOD, database="customer")
        with pytest.raises(tablets.Refused) as refused:
            made.call(method, **request())
        assert refused.value.kind == "refused" and "lower_case_table_names" in refused.value.text
        assert refused.value.hint
    finally:
        made.stop()


def test_a_definition_for_each_table_or_none(tablet):
    with pytest.raises(tablets.Refused) as refused:
        tablet.call("check_to", **request(definitions=["CREATE TABLE `t` (`id` int)"] * 2))
    assert refused.value.kind == "refused" and "2 definitions for 1 tables" in refused.value.text


def test_a_target_with_rows_or_another_definition_is_refused(tablet):
    tablet.server.sql(GOOD, database="customer")
    definition = tablet.call("check_from", **request())["tables"][0]["definition"]
    tablet.call("check_to", **request(definitions=[definition]))
    assert "defined differently" in refusal(tablet, method="check_to", definitions=[definition + " "])
    tablet.server.sql("INSERT INTO t VALUES (1, 1)", database="customer")
    assert "not empty" in refusal(tablet, method="check_to", definitions=[definition])


@pytest.mark.parametrize("user, revoke", [
    ("vt_dba", "REVOKE TRIGGER ON *.* FROM 'vt_dba'@'127.0.0.1'"),
    ("vt_stream", "REVOKE REPLICATION SLAVE ON *.* FROM 'vt_stream'@'127.0.0.1'"),
    ("vt_stream", "REVOKE BINLOG MONITOR ON *.* FROM 'vt_stream'@'127.0.0.1'"),
])
def test_a_privilege_that_is_missing_is_found_by_doing(tablet, user, revoke):
    tablet.server.sql(GOOD, database="customer")
    tablet.server.sql(revoke)
    before = state(tablet.server)
    with pytest.raises(tablets.Refused) as refused:
        tablet.call("check_from", **request())
    assert state(tablet.server) == before
    assert refused.value.kind == "refused" and f"account '{user}'" in refused.value.text
    assert refused.value.hint.startswith("GRANT ")
    tablet.server.sql(refused.value.hint)
    tablet.call("check_from", **request())


def test_with_a_binlog_who_has_not_SUPER_makes_triggers_only_where_the_server_trusts_them(tablet):
    tablet.server.sql(GOOD, database="customer")
    tablet.server.sql("REVOKE SUPER ON *.* FROM 'vt_dba'@'127.0.0.1'")
    assert "account 'vt_dba' may make no trigger" in refusal(tablet)
    tablet.server.sql("SET GLOBAL log_bin_trust_function_creators=1")
    tablet.call("check_from", **request())


@pytest.mark.parametrize("lost", ["SELECT", "INSERT", "UPDATE", "DELETE", "ALL PRIVILEGES"])
def test_a_privilege_that_clients_would_miss_at_the_target_is_found_by_doing(tablet, lost):
    tablet.server.sql(f"REVOKE {lost} ON customer.* FROM 'vt_app'@'127.0.0.1'")
    before = state(tablet.server)
    with pytest.raises(tablets.Refused) as refused:
        tablet.call("check_to", **request())
    assert state(tablet.server) == before
    assert refused.value.kind == "refused" and "account 'vt_app'" in refused.value.text
    tablet.server.sql(refused.value.hint)
    tablet.call("check_to", **request())


def test_before_each_attempt_clients_are_tried_at_the_table_itself(pair):
    both = pair("t")
    both.source.start()
    both.target.start()
    fill(both.source.server, 10)
    both.start()
    both.wait("running")
    there = both.target.server
    place = r"`new\_customer`.*"        # as the hint has it
    there.sql("REVOKE ALL PRIVILEGES ON new_customer.* FROM 'vt_app'@'127.0.0.1'")
    there.sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {place} TO 'vt_app'@'127.0.0.1'")
    for lost in ("SELECT", "INSERT", "UPDATE", "DELETE"):
        there.sql(f"REVOKE {lost} ON {place} FROM 'vt_app'@'127.0.0.1'")
        with pytest.raises(tablets.Refused) as refused:
            both.target.call("fence_install", **both.request(side="to"))
        assert refused.value.kind == "refused" and "account 'vt_app'" in refused.value.text
        assert refused.value.hint == f"GRANT SELECT, INSERT, UPDATE, DELETE ON {place} TO 'vt_app'@'127.0.0.1'"
        assert there.sql("SELECT * FROM _switchyard.fence") == ()
        there.sql(refused.value.hint)
    both.target.call("fence_install", **both.request(side="to"))
    both.target.call("fence_install", **both.request(side="to"))
    both.check_equal()


@pytest.mark.parametrize("altered, undone, words", [
    ("ALTER TABLE t ADD COLUMN extra INT", "ALTER TABLE t DROP COLUMN extra", "not defined as its source"),
    ("ALTER TABLE t ADD INDEX more (x)", "ALTER TABLE t DROP INDEX more", "not defined as its source"),
    ("ALTER TABLE t DROP INDEX u", None, "not defined as its source"),
    ("CREATE TRIGGER mine BEFORE INSERT ON t FOR EACH ROW SET NEW.name = 'x'", "DROP TRIGGER mine", "'mine'"),
])
def test_before_each_attempt_the_table_at_the_target_is_the_source_s(pair, altered, undone, words):
    both = pair("t")
    both.source.start()
    both.target.start()
    fill(both.source.server, 10)
    both.start()
    both.wait("running")
    there = both.target.server
    there.sql(altered, database="new_customer")
    with pytest.raises(tablets.Refused) as refused:
        both.target.call("fence_install", **both.request(side="to"))
    assert refused.value.kind == "refused" and refused.value.hint
    assert "'new_customer.t'" in refused.value.text and words in refused.value.text
    assert there.sql("SELECT * FROM _switchyard.fence") == ()
    if undone:
        there.sql(undone, database="new_customer")
        both.target.call("fence_install", **both.request(side="to"))


def test_a_name_needs_its_quotes_and_gets_them(tablet):
    tablet.server.sql("CREATE TABLE `a b'c` (`i``d` INT PRIMARY KEY, `select` INT)", database="customer")
    assert tablet.call("check_from", **request(table="a b'c"))


@pytest.mark.parametrize("default", ["NEXTVAL(sq)", "(NEXT VALUE FOR sq + 1)", "(PREVIOUS VALUE FOR sq)"])
def test_a_default_that_takes_from_a_sequence_is_refused_by_name(tablet, default):
    tablet.server.sql("CREATE SEQUENCE sq", database="customer")
    tablet.server.sql(f"CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(20) DEFAULT 'nextval(', n INT DEFAULT {default})",
                      database="customer")
    assert "column 'n' of table 'customer.t' takes its default from a sequence" in refusal(tablet)
    tablet.server.sql("ALTER TABLE t ALTER COLUMN n DROP DEFAULT", database="customer")
    assert tablet.call("check_from", **request())


@pytest.mark.parametrize("setting, words", [
    ("--binlog-do-db=other", "'customer' is left out of the binlog (binlog_do_db)"),
    ("--binlog-ignore-db=customer", "(binlog_ignore_db)"),
    ("--binlog-do-db=customer", "'_switchyard' is left out"),
])
def test_a_binlog_that_leaves_out_databases_is_refused(servers, folder, setting, words):
    with_filter = tablets.Tablet(folder, servers("s", setting), "customer", 100)
    try:
        with_filter.start()
        with_filter.server.sql(GOOD, database="customer")
        assert words in refusal(with_filter)
    finally:
        with_filter.stop()


@pytest.mark.parametrize("line, words", [
    ("`v` int(11) DEFAULT nextval(`nowhere`.`sq`)", "table 'customer.t': the table cannot be made at the target"),
    ("`v` varchar(9) CHARACTER SET nope DEFAULT NULL", "Unknown character set: 'nope'"),
    ("`v` integer DEFAULT NULL", "differently at the target: '`v` int(11) DEFAULT NULL' instead of '`v` integer DEFAULT NULL'"),
    ("`v` int(11) DEFAULT NULL, KEY (v)", "differently at the target"),
])
def test_a_definition_that_the_target_makes_something_else_of_is_refused_by_trying(tablet, line, words):
    definition = f"CREATE TABLE `t` (\n  `id` int(11) NOT NULL,\n  {line},\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB"
    before = state(tablet.server)
    assert words in refusal(tablet, method="check_to", definitions=[definition])
    assert state(tablet.server) == before


def test_every_kind_of_definition_is_the_same_when_it_is_tried(tablet):
    """What SHOW CREATE TABLE prints of these is not what was typed."""
    tablet.server.sql(
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a INT INVISIBLE DEFAULT 5, b INT DEFAULT (a + 1), "
        "c VARCHAR(36) DEFAULT (uuid()), d DOUBLE DEFAULT (rand()), e TIMESTAMP NOT NULL, f TIMESTAMP NULL, "
        "g TIMESTAMP(3) NOT NULL DEFAULT NOW(3) ON UPDATE NOW(3), h TEXT, i VARCHAR(3000) CHARACTER SET utf8mb4, "
        "j JSON, k ENUM('a,''b','c') COMMENT 'AUTO_INCREMENT=7', l DATE DEFAULT '0000-00-00', "
        "m DATE NOT NULL, n DATE NOT NULL, PERIOD FOR p (m, n), "
        "CONSTRAINT ch CHECK (a <> 0 AND LENGTH(c) < 99), FULLTEXT KEY ft (h), UNIQUE (i), UNIQUE (a, p WITHOUT OVERLAPS), "
        "KEY (b) IGNORED, KEY (h(10)) COMMENT 'x', UNIQUE (b, a) USING HASH) "
        "COMMENT=' AUTO_INCREMENT=9' ROW_FORMAT=DYNAMIC STATS_PERSISTENT=1 PAGE_COMPRESSED=1 AUTO_INCREMENT=77",
        database="customer")
    definition = tablet.call("check_from", **request())["tables"][0]["definition"]
    assert "COMMENT=' AUTO_INCREMENT=9'" in definition and "AUTO_INCREMENT=77" not in definition
    tablet.server.sql("DROP TABLE t", database="customer")
    tablet.call("check_to", **request(definitions=[definition]))


def test_what_clients_lack_is_to_be_granted_to_the_account_that_the_server_knows(pair):
    p = pair("t")
    p.source.server.sql(GOOD, database="customer")
    p.source.start(), p.target.start()
    p.start()
    p.wait("running")
    p.target.server.sql("RENAME USER 'vt_app'@'127.0.0.1' TO 'vt_app'@'127.0.%'")
    p.target.server.sql("REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'vt_app'@'127.0.%'")
    with pytest.raises(tablets.Refused) as refused:
        p.target.call("fence_install", **p.request(side="to", attempt=1))
    assert "account 'vt_app'" in refused.value.text
    assert refused.value.hint == r"GRANT SELECT, INSERT, UPDATE, DELETE ON `new\_customer`.* TO 'vt_app'@'127.0.%'"
    p.target.server.sql(refused.value.hint)
    p.target.call("fence_install", **p.request(side="to", attempt=1))
    p.target.server.sql("DROP USER 'vt_app'@'127.0.%'")
    with pytest.raises(tablets.Refused) as refused:
        p.target.call("fence_install", **p.request(side="to", attempt=1))
    assert refused.value.hint == "vttablet --init prints the statements that make it"

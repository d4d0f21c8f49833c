"""CHECK constraints by the names that servers have made up, and by those that were given: a table's at MariaDB, a database's at MySQL."""
import re

import pytest

from lib import proc, tablets

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

TABLES = ["CREATE TABLE a (id INT PRIMARY KEY, v INT, CHECK (v > -9), CONSTRAINT same CHECK (id > 0))",
          "CREATE TABLE b (id INT PRIMARY KEY, v INT, CHECK (v > -8))"]


def make(p, *tables):
    p.tables = [("a", "a"), ("b", "c")]
    for sql in tables:
        p.source.server.sql(sql, database="customer")
        p.source.server.sql("INSERT INTO " + re.search(r"TABLE (\w)", sql)[1] + " VALUES (1, 1)", database="customer")
    p.source.start()
    p.target.start()


def ask(p, common):
    told = p.source.call("check_from", **p.request(side="from", common=common))["tables"]
    p.target.call("check_to", **p.request(side="to", common=common, definitions=[t["definition"] for t in told]))


def refused(p, common):
    with pytest.raises(tablets.Refused) as e:
        ask(p, common)
    return e.value.text, e.value.hint


def names(server, database):
    return {(t, n) for t, n in server.sql("SELECT table_name, constraint_name FROM information_schema.table_constraints WHERE "
                                          "constraint_type = 'CHECK' AND constraint_schema = %s", (database,))}


def test_names_that_a_server_has_made_up_are_made_up_anew(pair_of):
    p = pair_of("mariadb-10.11", "mysql-9.7", "t")
    make(p, *TABLES)
    ask(p, True)
    p.start()
    p.wait("running")
    p.freeze()
    assert names(p.source.server, "customer") == {("a", "CONSTRAINT_1"), ("a", "same"), ("b", "CONSTRAINT_1")}
    assert names(p.target.server, "new_customer") == {("a", "a_chk_1"), ("a", "same"), ("c", "c_chk_1")}


def test_one_name_of_two_tables_is_refused_where_names_are_the_databases(pair_of):
    p = pair_of("mariadb-10.11", "mysql-9.7", "t")
    make(p, TABLES[0], "CREATE TABLE b (id INT PRIMARY KEY, v INT, CONSTRAINT SAME CHECK (v > -8))")
    text, hint = refused(p, True)
    assert "tables 'customer.a' and 'customer.b' both have a constraint 'SAME'" in text
    p.source.server.sql(re.match("(ALTER TABLE .*) at the source", hint)[1], database="customer")
    ask(p, True)
    p.start()
    p.wait("running")
    p.freeze()
    assert names(p.target.server, "new_customer") == {("a", "a_chk_1"), ("a", "same"), ("c", "b_SAME")}


def test_a_name_that_would_be_made_up_too_long_is_refused(pair_of):
    p = pair_of("mariadb-10.11", "mysql-9.7", "t")
    make(p, *TABLES)
    p.tables = [("a", "a"), ("b", 59 * "b")]
    text, hint = refused(p, True)
    assert "a check of table 'customer.b' has no name" in text and "is longer than 64 characters" in text and "ALTER TABLE `b`" in hint
    p.source.server.sql("ALTER TABLE b DROP CONSTRAINT CONSTRAINT_1, ADD CONSTRAINT fine CHECK (v > -8)", database="customer")
    ask(p, True)
    p.tables = [("a", "a"), ("b", 58 * "b")]
    p.source.server.sql("ALTER TABLE b DROP CONSTRAINT fine, ADD CHECK (v > -8)", database="customer")
    ask(p, True)
    p.start()
    p.wait("running")


def test_a_name_that_is_taken_at_the_target_is_refused(pair_of):
    p = pair_of("mysql-9.7", "mysql-9.7", "t")
    make(p, *TABLES)
    there = p.target.server
    there.sql("CREATE TABLE old (id INT PRIMARY KEY, CONSTRAINT same CHECK (id > 1))", database="new_customer")
    text, hint = refused(p, False)
    assert "the name of the constraint 'same' is taken at the target, by one of table 'new_customer.old'" in text
    there.sql(re.search("ALTER TABLE .*", hint)[0], database="new_customer")
    ask(p, False)


def test_an_empty_copy_at_the_target_may_have_the_names(pair_of):
    p = pair_of("mysql-9.7", "mysql-9.7", "t")
    make(p, *TABLES)
    for sql in TABLES:
        p.target.server.sql(sql.replace("TABLE b", "TABLE c"), database="new_customer")
    ask(p, False)
    p.start()
    p.wait("running")
    assert names(p.target.server, "new_customer") == {("a", "a_chk_1"), ("a", "same"), ("c", "c_chk_1")}

"""A table that its new server calls otherwise, and moves that follow one another."""
import contextlib
import threading

import pymysql
import pytest

from lib import proc

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

TABLE = ("CREATE TABLE {} (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20), n INT NOT NULL DEFAULT 0, UNIQUE KEY n (n, id), "
         "CONSTRAINT small CHECK (n < 1000000))")


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


class Writer(threading.Thread):
    """Writes by the table's first name, which stands in front of columns too, and counts what was acknowledged."""

    def __init__(self, combo, table, database):
        super().__init__()
        self.conn = pymysql.connect(host="127.0.0.1", port=combo.gate_port, user="app", database=database, autocommit=True)
        self.table, self.ended, self.rows, self.failed = table, threading.Event(), 0, None

    def run(self):
        t = self.table
        try:
            with contextlib.closing(self.conn), self.conn.cursor() as cur:
                while not self.ended.is_set():
                    cur.execute(f"INSERT INTO {t} (v, n) VALUES ('w', 1) ON DUPLICATE KEY UPDATE v = CONCAT({t}.v, 'x')")
                    self.rows += 1
                    row = cur.lastrowid
                    assert cur.execute(f"UPDATE {t} SET {t}.n = {t}.n + 1 WHERE {t}.id = %s", (row,)) == 1
                    cur.execute(f"SELECT {t}.n FROM {t} WHERE {t}.id = %s", (row,))
                    assert cur.fetchall() == ((2,),)
        except Exception as e:      # told by end()
            self.failed = e

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.ended.set()
        self.join()
        assert self.failed is None, self.failed


def defined(combo, name):
    """But for its name, and the next value."""
    keyspace, table = name.split(".")
    text = at(combo, keyspace, f"SHOW CREATE TABLE {table}")
    return text[text.index("("):text.index("AUTO_INCREMENT=")]


def served(combo, names, where):
    """The same rows by every name, and at the server that has them."""
    keyspace, table = where.split(".")
    rows = at(combo, keyspace, f"SELECT id, v, n FROM {table} ORDER BY id")
    for name in names:
        assert combo.mariadb(f"SELECT id, v, n FROM {name} ORDER BY id").strip() == rows, name
    return rows.count("\n") + 1


def test_there_and_back_by_other_names(shared_combo):
    c, names = shared_combo, ["customer.t"]
    at(c, "customer", TABLE.format("t") + "; INSERT INTO t (v, n) VALUES ('a', 7)")
    definition = defined(c, "customer.t")
    with Writer(c, "t", "customer") as writer:
        for to in ("new_customer.u", "customer.v", "new_customer.u"):
            keyspace, table = to.split(".")
            at(c, keyspace, f"DROP TABLE IF EXISTS {table}")
            c.client("MoveTables", names[-1], to)
            names.append(to)
            assert defined(c, to) == definition
            assert "nothing to do" in c.client("MoveTables", names[-2], to).stdout
    assert served(c, set(names), "new_customer.u") == writer.rows + 1
    assert set(c.mariadb("SHOW TABLES", "customer").split()) >= {"t", "v"}
    c.client("MoveTables", "--no-switch", "new_customer.u", "customer.w")
    c.client("Workflow", "delete", "customer.w")
    refused = c.client("MoveTables", "customer.t", "new_customer.x", check=False)
    assert "'customer.t' is served from 'new_customer.u'" in refused.stderr
    assert served(c, set(names), "new_customer.u") == writer.rows + 1


def test_a_table_locked_by_its_first_name(shared_combo):
    c = shared_combo
    at(c, "customer", TABLE.format("locked"))
    c.client("MoveTables", "customer.locked", "new_customer.shut")
    said = c.mariadb("LOCK TABLES locked WRITE; INSERT INTO locked (v) VALUES ('a'); SELECT locked.v FROM locked; "
                     "DELETE FROM locked WHERE locked.v = 'a'; UNLOCK TABLES", "customer")
    assert said.strip() == "a"
    refused = c.mariadb("SELECT COUNT(*) FROM shut", "new_customer")
    assert refused.strip() == "0"
    answers_call_it_so(c)


def columns(cur, sql):
    cur.execute(sql)
    return {(f.db, f.table_name, f.org_table) for f in cur._result.fields}


def answers_call_it_so(c):
    """customer.locked is new_customer.shut, which no answer says."""
    with contextlib.closing(pymysql.connect(host="127.0.0.1", port=c.gate_port, user="app", database="customer",
                                            autocommit=True)) as conn, conn.cursor() as cur:
        for sql in ("SELECT * FROM locked", "SELECT locked.id, v FROM customer.locked WHERE locked.n > 0",
                    "INSERT INTO locked (v) VALUES ('r') RETURNING id, v", "DELETE FROM locked RETURNING id"):
            assert columns(cur, sql) == {(b"customer", "locked", "locked")}, sql
        assert columns(cur, "SELECT x.id FROM locked x") == {(b"customer", "x", "locked")}
        assert columns(cur, "SELECT id FROM new_customer.shut") == {(b"new_customer", "shut", "shut")}
        cur.execute("SHOW CREATE TABLE locked")
        name, text = cur.fetchone()
        assert name == "locked" and text.startswith("CREATE TABLE `locked` (\n")
        cur.execute("SHOW INDEX FROM locked")
        assert {row[0] for row in cur.fetchall()} == {"locked"}
        cur.execute("CHECK TABLE locked")
        assert cur.fetchone()[0] == "customer.locked"
        with pytest.raises(pymysql.MySQLError, match="failed for `customer`.`locked`"):
            cur.execute("INSERT INTO locked (n) VALUES (1000000)")


def test_round_about(combo):
    """a > b > c > a, and on: no move that is over stands in the way of the next."""
    c = combo.up("a", "b", "c")
    at(c, "a", TABLE.format("t"))
    rounds = [("a.t", "b.t"), ("b.t", "c.t"), ("c.t", "a.t"), ("a.t", "b.t")]
    with Writer(c, "t", "a") as writer:
        for source, target in rounds:
            at(c, target[0], f"DROP TABLE IF EXISTS {target[2:]}")
            c.client("MoveTables", source, target)
    assert served(c, {name for pair in rounds for name in pair}, "b.t") == writer.rows

"""Definitions of moved tables: names that two gates know, a move that is not disturbed, programs that die."""
import contextlib
import os
import subprocess
import threading

import pymysql
import pytest

from lib import combo as combos, proc

pytestmark = pytest.mark.skipif(bool(combos.missing_programs()), reason="not all programs are built")

HOME = {"customer.t": "new_customer.t", "new_customer.t": "new_customer.t"}
NO_TABLE, NOT_SUPPORTED, TRY_AGAIN, GATE_GONE = 1146, 1235, 1205, (2006, 2013, 1053)


def connect(port, database="customer"):
    return pymysql.connect(host="127.0.0.1", port=port, user="app", database=database, autocommit=True, read_timeout=300)


def ask(port, sql, database="customer"):
    """Rows, or the error's number."""
    with contextlib.closing(connect(port, database)) as c, c.cursor() as cursor:
        try:
            cursor.execute(sql)
            return cursor.fetchall()
        except pymysql.MySQLError as e:
            return e.args[0]


def rules(combo):
    """Where each name goes."""
    return {r["from_table"]: r["to_tables"][0] for r in combo.api("get_routing_rules")["rules"]}


@contextlib.contextmanager
def second_gate(combo):
    gate = subprocess.Popen([proc.program("vtgate"), "--topo", "sqlite:" + os.path.join(combo.data_dir, "topo.db"), "--http",
                             "127.0.0.1:0", "--mysql", "127.0.0.1:0", "--id", "second", "--credentials",
                             os.path.join(combo.data_dir, "credentials.json")], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)
    try:
        yield int(gate.stdout.readline().rsplit(":", 1)[1])
    finally:
        gate.kill()
        gate.wait()


def fill(combo):
    for sql in ("DROP TABLE IF EXISTS t", "CREATE TABLE t(id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES(1,1),(2,2)"):
        ask(combo.gate_port, sql)


def moved(combo):
    fill(combo)
    combo.client("MoveTables", "customer.t", "new_customer.t")


def test_a_name_follows_its_table_at_every_gate(combo):
    """Not while it is being moved, and afterwards before the statement is answered."""
    combo.up("customer", "new_customer")
    fill(combo)
    combo.client("MoveTables", "--no-switch", "customer.t", "new_customer.t")
    for sql in ("RENAME TABLE t TO u", "ALTER TABLE t RENAME TO u"):
        assert ask(combo.gate_port, sql) == NOT_SUPPORTED
    with second_gate(combo) as other, contextlib.closing(connect(combo.gate_port)) as c, c.cursor() as cursor:
        cursor.execute("HANDLER t OPEN")
        combo.client("MoveTables", "customer.t", "new_customer.t")     # its stream has not stopped
        with pytest.raises(pymysql.MySQLError, match="1109"):          # never a row of the old table
            cursor.execute("HANDLER t READ FIRST")
        cursor.execute("HANDLER t OPEN")
        cursor.execute("HANDLER t READ FIRST")
        assert cursor.fetchall() == ((1, 1),)
        cursor.execute("HANDLER t CLOSE")
        for _ in range(3):
            cursor.execute("RENAME TABLE t TO u")
            assert ask(other, "SELECT COUNT(*) FROM u") == ((2,),)
            assert ask(other, "SELECT COUNT(*) FROM t") == NO_TABLE
            cursor.execute("RENAME TABLE u TO t")
            assert ask(other, "SELECT COUNT(*) FROM t") == ((2,),)
            assert ask(other, "CREATE TABLE u(a INT)") == ()       # at home again, by whichever gate
            assert ask(other, "DROP TABLE u") == ()
        cursor.execute("CREATE VIEW w AS SELECT v FROM t")
        assert ask(other, "SELECT SUM(v) FROM w") == ((3,),)
        assert ask(other, "DROP VIEW w") == ()
        assert rules(combo) == HOME
        rounds_of_names(combo, other)


def rounds_of_names(combo, other):
    """Whoever reads that a table is gone may make another one at once, under the name that it had there; or hang up."""
    with contextlib.closing(connect(other)) as c, c.cursor() as cursor:
        for _ in range(5):
            for gone in ("DROP TABLE made", "RENAME TABLE made TO t2"):
                assert ask(combo.gate_port, "CREATE TABLE made LIKE t") == ()
                assert ask(combo.gate_port, gone) == ()
                cursor.execute("CREATE TABLE new_customer.made(id INT)")
                assert ask(other, "SELECT * FROM made") == NO_TABLE
                cursor.execute("DROP TABLE new_customer.made")
            cursor.execute("DROP TABLE t2")
        # One that fails leaves no name either.
        with pytest.raises(pymysql.MySQLError, match="1062"):
            cursor.execute("CREATE TABLE made(id INT PRIMARY KEY) AS SELECT 1 AS id FROM t")
        assert rules(combo) == HOME


def test_vtctld_dies_while_a_name_is_on_its_way(combo):
    """The client is told to try again, nothing waits for ever, and the next one does it."""
    combo.up("customer", "new_customer", env={"SWITCHYARD_FAULTS": "naming.checked=kill@2"})
    moved(combo)
    assert ask(combo.gate_port, "CREATE VIEW first AS SELECT v FROM t") == ()
    old = combo.pid("vtctld")
    assert ask(combo.gate_port, "RENAME TABLE t TO u") == TRY_AGAIN
    combo.wait_restarted("vtctld", old)
    assert ask(combo.gate_port, "SELECT COUNT(*) FROM t") == ((2,),)
    assert ask(combo.gate_port, "SELECT COUNT(*) FROM u") == NO_TABLE
    proc.wait_for(lambda: ask(combo.gate_port, "RENAME TABLE t TO u") == (), 20, "the name to be routed")
    assert ask(combo.gate_port, "SELECT COUNT(*) FROM u") == ((2,),)
    assert ask(combo.gate_port, "RENAME TABLE u TO t") == ()


class Renamer(threading.Thread):
    """Renames t to u and back until it is told to stop; whatever it is answered it goes on where the table is."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.stop, self.done, self.odd = port, False, 0, []

    def run(self):
        while not self.stop:
            for sql in ("RENAME TABLE t TO u", "RENAME TABLE u TO t"):
                try:
                    said = ask(self.port, sql)
                except pymysql.MySQLError as e:
                    said = e.args[0]
                self.done += said == ()
                if said not in ((), NO_TABLE, 1050, TRY_AGAIN, 2003, *GATE_GONE):
                    self.odd.append((sql, said))


@pytest.mark.long
def test_kills_while_names_change(combo):
    """t or u is the table, never none for long and never another; no rule ends where no table is meant to be."""
    combo.up("customer", "new_customer")
    moved(combo)
    with second_gate(combo) as other:
        renamer = Renamer(combo.gate_port)
        renamer.start()
        seen = set()
        for name in ("vtctld", "vtgate", "vtctld"):
            old = combo.kill(name)
            for _ in range(40):
                seen.add(ask(other, "SELECT COUNT(*) FROM t"))
                seen.add(ask(other, "SELECT COUNT(*) FROM u"))
            combo.wait_restarted(name, old)
        before = renamer.done
        proc.wait_for(lambda: renamer.done > before + 4, 30, "names to change again")
        renamer.stop = True
        renamer.join(60)
    assert not renamer.odd and seen <= {((2,),), NO_TABLE}, (renamer.odd, seen)
    found = [ask(combo.gate_port, f"SELECT COUNT(*) FROM {name}") for name in "tu"]
    assert sorted(found, key=str) == sorted([((2,),), NO_TABLE], key=str)

"""Clients see themselves and their own connections through vtgate, with the ids that KILL takes."""
import contextlib
import os
import threading
import time

import pymysql
import pytest

from lib import combo

pytestmark = pytest.mark.skipif(bool(combo.missing_programs()), reason="not all programs are built")


def connect(cluster, **more):
    return contextlib.closing(pymysql.connect(host="127.0.0.1", port=cluster.gate_port,
                                              **{"user": "app", "database": "customer", "autocommit": True, **more}))


def ask(c, sql):
    with c.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


LISTS = ["SHOW PROCESSLIST", "SHOW FULL PROCESSLIST", "select Id, User, Host, db, Command, Time, State, Info, Progress "
         "FROM information_schema.processlist ORDER BY Id"]


@pytest.mark.parametrize("sql", LISTS)
def test_the_list_is_of_the_clients_own_connections(shared_combo, sql):
    with connect(shared_combo) as a, connect(shared_combo, database=None, charset="latin1") as b:
        mine = [ask(c, "SELECT CONNECTION_ID()")[0][0] for c in (a, b)]
        rows = {row[0]: row for row in ask(a, sql)}
        assert set(mine) <= set(rows)
        host = f"127.0.0.1:{a._sock.getsockname()[1]}"
        assert rows[mine[0]][1:5] == ("app", host, "customer", "Query") and rows[mine[0]][7] == sql[:len(rows[mine[0]][7])]
        assert rows[mine[1]][3:5] == (None, "Sleep") and rows[mine[1]][7] is None
        assert {row[1] for row in rows.values()} == {"app"}


def test_what_the_list_shows_can_be_killed(shared_combo):
    said = []

    def sleep(c):
        try:
            said.append(ask(c, "SELECT SLEEP(30), 'ü\U0001f600' FROM s LIMIT 1"))
        except pymysql.MySQLError as e:
            said.append(e.args[0])

    with connect(shared_combo) as a, connect(shared_combo, charset="utf8mb4") as b:
        ask(a, "CREATE OR REPLACE TABLE s (id INT PRIMARY KEY)")
        ask(a, "INSERT INTO s VALUES (1)")
        t = threading.Thread(target=sleep, args=(b,))
        t.start()
        deadline = time.monotonic() + 30
        found = ()
        while not found and time.monotonic() < deadline:
            found = ask(a, "SELECT id, info, command FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30)%'")
        assert found[0][1:] == ("SELECT SLEEP(30), 'ü????' FROM s LIMIT 1", "Query")
        ask(a, f"KILL QUERY {found[0][0]}")
        t.join()
        assert said == [1317]
        ask(a, f"KILL {found[0][0]}")
        while ask(a, f"SELECT COUNT(*) FROM information_schema.processlist WHERE id = {found[0][0]}") != ((0,),):
            assert time.monotonic() < deadline


def test_half_a_statement_is_not_shown_as_the_last_one(shared_combo):
    with connect(shared_combo) as a, connect(shared_combo) as b:
        own = ask(a, "SELECT CONNECTION_ID()")[0][0]
        ask(a, "SELECT 'the last one'")
        a._sock.sendall(b"\x64\0\0\0\x03SELECT 1")
        deadline = time.monotonic() + 30
        row = ("Sleep", None)
        while row[0] == "Sleep" and time.monotonic() < deadline:
            row = ask(b, f"SELECT command, info FROM information_schema.processlist WHERE id = {own}")[0]
        assert row == ("Query", None)


def test_a_file_is_not_shown_as_its_statement(shared_combo, tmp_path):
    """It takes the statement's place in the gate's buffer."""
    fifo = str(tmp_path / "file")
    os.mkfifo(fifo)
    with connect(shared_combo, local_infile=True) as a, connect(shared_combo) as b:
        own = ask(a, "SELECT CONNECTION_ID()")[0][0]
        ask(a, "CREATE OR REPLACE TABLE filled (id INT, v VARCHAR(40))")
        t = threading.Thread(target=ask, args=(a, f"LOAD DATA LOCAL INFILE '{fifo}' INTO TABLE filled"))
        t.start()
        with open(fifo, "w", encoding="utf-8") as f:
            for n in range(20000):
                f.write(f"{n}\ta row of the file, and not of the client\n")
            f.flush()
            deadline, info = time.monotonic() + 15, "LOAD"
            while info is not None and info.startswith("LOAD") and time.monotonic() < deadline:
                info = ask(b, f"SELECT info FROM information_schema.processlist WHERE id = {own}")[0][0]
        t.join()
        assert info is None
        assert ask(a, "SELECT COUNT(*) FROM filled") == ((20000,),)
        ask(a, "DROP TABLE filled")


def test_the_list_is_like_a_servers(shared_combo):
    with connect(shared_combo) as c, c.cursor() as cursor:
        columns = []
        for sql in ("SELECT * FROM information_schema.processlist", "SHOW PROCESSLIST"):
            cursor.execute(sql)
            columns.append([d[0] for d in cursor.description])
        assert columns[0] == ["ID", "USER", "HOST", "DB", "COMMAND", "TIME", "STATE", "INFO", "TIME_MS", "STAGE", "MAX_STAGE",
                              "PROGRESS", "MEMORY_USED", "MAX_MEMORY_USED", "EXAMINED_ROWS", "QUERY_ID", "INFO_BINARY", "TID"]
        assert columns[1] == ["Id", "User", "Host", "db", "Command", "Time", "State", "Info", "Progress"]
        cursor.execute("SELECT COUNT(*) > 0, SUM(p.time) >= 0 FROM information_schema.processlist p JOIN (SELECT 1) x "
                       "WHERE p.id = CONNECTION_ID()")
        assert cursor.fetchone() == (1, 1)
        with pytest.raises(pymysql.MySQLError) as e:
            cursor.execute("SHOW PROCESSLIST LIKE 'x'")
        assert e.value.args[0] == 1064
        cursor.execute("BEGIN")
        cursor.execute("SHOW PROCESSLIST")
        assert all("vt_app" not in str(row) for row in cursor.fetchall())


def test_many_ask_at_once(shared_combo):
    """Whoever waits for the list waits for its turn: no mailbox runs over."""
    counts = []

    def many():
        with connect(shared_combo) as c:
            counts.extend(len(ask(c, "SHOW PROCESSLIST")) for _ in range(10))

    threads = [threading.Thread(target=many) for _ in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(counts) == 120 and min(counts) >= 1


def test_a_client_is_itself(shared_combo):
    with connect(shared_combo) as c:
        assert ask(c, "SELECT USER(), SESSION_USER(), SYSTEM_USER(), CURRENT_USER, CURRENT_USER()") == (
            ("app@127.0.0.1",) * 3 + ("app@%",) * 2,)
        ask(c, "CREATE OR REPLACE TABLE made AS SELECT USER() AS u")
        assert ask(c, "SELECT u FROM made WHERE u = USER()") == (("app@127.0.0.1",),)
        ask(c, "DROP TABLE made")


@pytest.mark.parametrize("table", ["USER", "SCHEMA", "TABLE", "COLUMN"])
def test_privileges_are_the_clients(shared_combo, table):
    with connect(shared_combo) as c:
        for sql in ("SELECT * FROM information_schema.{}_PRIVILEGES",
                    "SELECT p.* FROM information_schema.{}_PRIVILEGES p WHERE grantee LIKE '%@%'"):
            rows = ask(c, sql.format(table))
            assert {row[0] for row in rows} <= {"'app'@'%'"}
            assert rows or table in ("TABLE", "COLUMN")

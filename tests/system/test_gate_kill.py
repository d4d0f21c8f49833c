"""KILL by the ids that the gate gave: what drivers' timeouts and cancel buttons send over a second connection."""
import contextlib
import threading

import pymysql
import pytest

from lib import combo, kinds, proc, raw

pytestmark = pytest.mark.skipif(bool(combo.missing_programs()), reason="not all programs are built")


# What a killed SLEEP comes to: an error, or that it was interrupted.
SLEEP_KILLED = {"mariadb": 1317, "mysql": ((1,),)}[kinds.brand(kinds.wanted()[0])]


def connect(where):
    return pymysql.connect(host="127.0.0.1", port=where.gate_port, user="app", database="customer", autocommit=True)


class Running(threading.Thread):
    """A statement on a connection of its own."""

    def __init__(self, where, sql, *before):
        super().__init__()
        self.c, self.sql, self.answer = connect(where), sql, None
        with self.c.cursor() as cursor:
            for b in before:
                cursor.execute(b)
        self.start()

    def run(self):
        try:
            with self.c.cursor() as cursor:
                cursor.execute(self.sql)
                self.answer = cursor.fetchall()
        except pymysql.MySQLError as e:
            self.answer = e.args[0]

    def ended(self):
        self.join(60)
        assert not self.is_alive(), "it runs on"
        return self.answer


@pytest.fixture(scope="module")
def cluster(shared_combo):
    with contextlib.closing(connect(shared_combo)) as c, c.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS locked (id INT PRIMARY KEY, n INT)")
        cursor.execute("REPLACE INTO locked VALUES (1, 0), (2, 0)")
    return shared_combo


def is_at_server(cluster, text):
    found = cluster.mariadb(f"SELECT id FROM information_schema.processlist WHERE info LIKE '{text}%'", "customer",
                            cluster.port("server", "customer"), "vt_dba")
    return found.strip()


def running(cluster, sql, *before):
    r = Running(cluster, sql, *before)
    proc.wait_for(lambda: is_at_server(cluster, sql[:24].replace("'", "_")), 30, f"{sql} to run")
    return r


def test_ids_of_every_worker_are_killed_from_every_other(cluster):
    """Sixteen connections are spread over the workers."""
    killers = [connect(cluster) for _ in range(4)]
    for i in range(4):
        r = running(cluster, f"SELECT SLEEP(5{i}0)")
        with killers[i].cursor() as cursor:
            assert cursor.execute(f"KILL QUERY {r.c.thread_id()}") == 0
        assert r.ended() == SLEEP_KILLED
        with r.c.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchall() == ((1,),), "the connection stays"
        r.c.close()
    for k in killers:
        k.close()


def test_a_killed_statement_is_taken_back_and_its_transaction_stays(cluster):
    with contextlib.closing(connect(cluster)) as holder, holder.cursor() as held:
        held.execute("BEGIN")
        held.execute("UPDATE locked SET n = 7 WHERE id = 2")
        r = running(cluster, "UPDATE locked SET n = n + 1", "BEGIN", "UPDATE locked SET n = 3 WHERE id = 1")
        held.execute(f"KILL SOFT QUERY {r.c.thread_id()}")
        assert r.ended() == 1317
        held.execute("ROLLBACK")
        with r.c.cursor() as cursor:
            cursor.execute("SELECT id, n FROM locked ORDER BY id")
            assert cursor.fetchall() == ((1, 3), (2, 0))
            cursor.execute("COMMIT")
            cursor.execute("UPDATE locked SET n = 0")
        r.c.close()


def test_a_killed_connection_ends_at_the_server_too(cluster):
    """An autocommit write that waits for a lock must not happen after its client was told that it is dead."""
    with contextlib.closing(connect(cluster)) as holder, holder.cursor() as held:
        held.execute("BEGIN")
        held.execute("UPDATE locked SET n = 7 WHERE id = 2")
        r = running(cluster, "UPDATE locked SET n = n + 100")
        held.execute(f"KILL {r.c.thread_id()}")
        assert r.ended() in (1927, 2013)
        proc.wait_for(lambda: not is_at_server(cluster, "UPDATE locked SET n = n + 1"), 30, "it to end")
        held.execute("ROLLBACK")
        held.execute("SELECT SUM(n) FROM locked")
        assert held.fetchall() == ((0,),)


def test_idle_and_unknown_and_own_ones(cluster):
    def ask(port, other, ids, **who):
        with raw.Client(port, **who) as c:
            told = [raw.error(c.query(f"KILL {n}")) for n in ids]
            told.append(c.query(f"KILL QUERY {other.id}"))
            told.append(other.query("SELECT 1"))
            told.append(c.ask(raw.PROCESS_KILL, other.id.to_bytes(4, "little")))
            with pytest.raises((EOFError, AssertionError, OSError)):
                other.query("SELECT 1")
            told += [raw.error(c.query(sql)) for sql in ("KILL QUERY ID 99999999", "KILL QUERY CONNECTION_ID()", f"KILL QUERY {c.id}",
                                                         "kill  soft\nquery (connection_id ( ))")]
            told += [c.query("KILL USER nobody"), c.query("KILL HARD QUERY USER nobody@localhost"),
                     raw.error(c.query("KILL CONNECTION_ID()"))]
            with pytest.raises((EOFError, OSError)):
                c.query("SELECT 1")
        return told
    unknown = (0, 99999999, 99999999999, -1, "HARD CONNECTION 99999967", "QUERY 99999998")
    server = {"user": "vt_app", "password": cluster.credentials()["vt_app"]["password"]}
    port = cluster.port("server", "customer")
    direct = ask(port, raw.Client(port, **server), unknown, **server)
    assert ask(cluster.gate_port, raw.Client(cluster.gate_port), unknown) == direct


def test_all_statements_of_a_user(cluster):
    sleepers = [running(cluster, f"SELECT SLEEP(6{i}0)") for i in range(3)]
    with contextlib.closing(connect(cluster)) as c, c.cursor() as cursor:
        assert cursor.execute("KILL QUERY USER app") >= 3
        assert [s.ended() for s in sleepers] == [SLEEP_KILLED] * 3
        cursor.execute("SELECT 1")
    for s in sleepers:
        s.c.close()


def test_a_pool_that_is_full_of_what_is_to_be_killed_is_no_obstacle(cluster):
    """Killing goes over a connection of its own; and the next client of a backend is never hit."""
    with contextlib.closing(connect(cluster)) as c, c.cursor() as cursor:
        for i in range(30):
            r = Running(cluster, "SELECT SLEEP(0.02)")
            cursor.execute(f"KILL QUERY {r.c.thread_id()}")
            assert r.ended() in (1317, ((0,),))
            cursor.execute("SELECT 5")
            assert cursor.fetchall() == ((5,),)
            r.c.close()

"""What clients of different habits live through while a table changes hands."""
import functools
import os
import subprocess
import threading
import time

import pymysql
import pytest

from lib import move, proc

ROWS = 2000


@pytest.fixture
def ready(combo):
    """A move that is running and waits for its switch."""
    combo.up("customer", "new_customer")
    move.fill(combo, ROWS)
    combo.mariadb("CREATE TABLE other (id INT PRIMARY KEY, v INT); INSERT INTO other VALUES (1, 0)", "customer")
    combo.client("MoveTables", "--no-switch", "customer.users", move.WORKFLOW)
    return combo


class Client:
    """One connection through the gate."""

    def __init__(self, combo, database="customer", port=None):
        self.conn = pymysql.connect(host="127.0.0.1", port=port or combo.gate_port, user="app", database=database,
                                    autocommit=True, charset="utf8mb4")

    def run(self, sql):
        with self.conn.cursor() as cur:
            cur.execute(sql)
            return cur.fetchall()

    def later(self, sql):
        """Runs it in a thread: .join() it, then .result or .error."""
        t = Later(self, sql)
        t.start()
        return t

    def close(self):
        self.conn.close()


class Later(threading.Thread):
    def __init__(self, client, sql):
        super().__init__(daemon=True)
        self.client, self.sql, self.result, self.error = client, sql, None, None

    def run(self):
        try:
            self.result = self.client.run(self.sql)
        except pymysql.Error as e:
            self.error = e


@pytest.fixture
def client(ready):
    made = []

    def make(database="customer"):
        made.append(Client(ready, database))
        return made[-1]

    yield make
    for c in made:
        try:
            c.close()
        except pymysql.Error:
            pass


def name_of(combo, number=1):
    return combo.mariadb(f"SELECT name FROM users WHERE id = {number}", "customer").strip()


def events(combo, step):
    return [e["what"] for e in combo.workflow()["record"]["events"] if e["step"] == step]


def in_hold(combo):
    return events(combo, "hold") != []


def test_open_writer_is_waited_for_and_nobody_sees_an_error(ready, client):
    writer, waiter = client(), client()
    writer.run("BEGIN")
    writer.run("UPDATE users SET name = 'from before the hold' WHERE id = 1")
    moving = move.Moving(ready, "--on-grace", "wait", "--timeout", "300s")
    proc.wait_for(lambda: in_hold(ready), 20, "the hold")
    held = waiter.later("UPDATE users SET name = 'during the hold' WHERE id = 2")
    time.sleep(0.3)
    assert held.is_alive()                             # it waits
    assert writer.run("SELECT name FROM users WHERE id = 1") == (("from before the hold",),)
    writer.run("UPDATE users SET balance = 5 WHERE id = 1")   # what was let in goes on
    writer.run("COMMIT")
    moving.finish()
    held.join(100)
    assert held.error is None and not held.is_alive()
    assert move.state(ready) == "switched"
    assert name_of(ready, 1) == "from before the hold" and name_of(ready, 2) == "during the hold"


def test_a_client_that_waits_with_one_connection_for_the_transaction_of_another(ready, client):
    """As MediaWiki does, which keeps its cache by a connection of its own: without an answer there it ends nothing here."""
    writer, others = client(), [client() for _ in range(6)]        # some of them at each loop of the gate
    ddl = client().later
    writer.run("BEGIN")
    writer.run("UPDATE users SET name = 'from before the hold' WHERE id = 1")
    moving = move.Moving(ready, "--on-grace", "wait", "--timeout", "300s")
    proc.wait_for(lambda: in_hold(ready), 20, "the hold")
    altered = ddl("ALTER TABLE users COMMENT 'as it is after the switch'")
    for i, other in enumerate(others, 2):
        other.run(f"UPDATE users SET name = 'cached' WHERE id = {i}")
        assert other.run(f"SELECT name FROM users WHERE id = {i}") == (("cached",),)
    assert events(ready, "fence") == [] and altered.is_alive()
    writer.run("COMMIT")
    moving.finish()
    altered.join(100)
    assert altered.error is None and move.state(ready) == "switched"
    assert [name_of(ready, i) for i in range(1, 8)] == ["from before the hold"] + 6 * ["cached"]


# Later than a second a statement is let in, and waits for the DDL.
@pytest.mark.parametrize("seconds, how", [(0.5, ""), (1.5, ""), (0.5, ", ALGORITHM=COPY"), (1.5, ", ALGORITHM=COPY")])
def test_ddl_of_a_client_that_bypasses_the_gate_in_a_hold(ready, client, seconds, how):
    """The attempt lets it go first, since it waits for that itself; it is done at the target too. While one copies the table it
    keeps no reader out: it may end behind the switch instead, at a table that is served no more."""
    ready.client("Workflow", "update", "--on-ddl", "EXEC", move.WORKFLOW)
    writer = client()
    writer.run("BEGIN")
    writer.run("UPDATE users SET name = 'from before the hold' WHERE id = 1")
    moving = move.Moving(ready, "--on-grace", "wait", "--timeout", "300s")
    proc.wait_for(lambda: in_hold(ready), 20, "the hold")
    server = functools.partial(ready.mariadb, user="vt_dba")
    altered = threading.Thread(daemon=True, target=server, args=(f"ALTER TABLE users ADD COLUMN extra INT NOT NULL DEFAULT 7{how}", "customer"),
                               kwargs={"port": ready.port("server", "customer")})
    altered.start()
    held = client().later("UPDATE users SET name = 'held' WHERE id = 2")
    time.sleep(seconds)
    assert altered.is_alive() and held.is_alive()
    writer.run("COMMIT")
    moving.finish(100)                  # well before the lock would be given up
    altered.join(100), held.join(100)
    assert not altered.is_alive() and held.error is None and move.state(ready) == "switched"
    assert name_of(ready, 1) == "from before the hold" and name_of(ready, 2) == "held"
    columns = [server("SELECT COUNT(*) FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'extra'",
                      k, port=ready.port("server", k)).strip() for k in ("new_customer", "customer")]
    assert columns == ["1", "1"] or (how and columns == ["0", "1"])
    assert server("SELECT COUNT(*) FROM users", "new_customer", port=ready.port("server", "new_customer")).strip() == str(ROWS)


def test_what_waits_has_its_connection_at_the_other_side_already(ready, client):
    """It is made while nothing else can be done. A session that keeps something anywhere is left alone."""
    writer, waiter, keeper = client(), client(), client()
    keeper.run("CREATE TEMPORARY TABLE mine (id INT)")
    waiter.run("SET time_zone = '+03:00', autocommit = 0")       # outside of a transaction it is let in after a second
    writer.run("BEGIN")
    writer.run("UPDATE users SET name = 'from before the hold' WHERE id = 1")

    def at_new_side():
        return int(ready.mariadb("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'vt_app'",
                                 port=ready.port("server", "new_customer"), user="vt_dba"))

    before = at_new_side()
    moving = move.Moving(ready, "--on-grace", "wait", "--timeout", "300s")
    proc.wait_for(lambda: in_hold(ready), 20, "the hold")
    kept = keeper.later("UPDATE users SET name = 'of the keeper' WHERE id = 3")
    time.sleep(0.3)
    assert at_new_side() == before
    held = waiter.later("UPDATE users SET name = @@time_zone WHERE id = 2")
    proc.wait_for(lambda: at_new_side() == before + 1, 20, "the connection")
    time.sleep(1.2)
    assert held.is_alive()
    writer.run("COMMIT")
    moving.finish()
    held.join(100)
    kept.join(100)
    assert held.error is None and kept.error is None
    waiter.run("COMMIT")
    assert name_of(ready, 2) == "+03:00" and name_of(ready, 3) == "of the keeper"
    assert keeper.run("SELECT COUNT(*) FROM mine") == ((0,),)


def test_grace_period_over_rolls_back_and_a_later_attempt_succeeds(ready, client):
    writer = client()
    writer.run("BEGIN")
    writer.run("UPDATE users SET name = 'slow' WHERE id = 1")
    done = ready.client("MoveTables", "--grace-period", "500ms", "--switch-attempts", "1", "customer.users",
                        move.WORKFLOW, check=False)
    assert done.returncode != 0
    assert move.state(ready) == "error"
    client().run("UPDATE users SET name = 'not held any more' WHERE id = 3")
    writer.run("COMMIT")
    ready.client("MoveTables", "customer.users", move.WORKFLOW)
    assert move.state(ready) == "switched"
    assert name_of(ready, 1) == "slow" and name_of(ready, 3) == "not held any more"


@pytest.fixture
def narrow_gate(ready):
    """A client of a second gate, which holds a kilobyte of statements."""
    gate = subprocess.Popen([proc.program("vtgate"), "--topo", "sqlite:" + os.path.join(ready.data_dir, "topo.db"),
                             "--credentials", os.path.join(ready.data_dir, "credentials.json"), "--id", "narrow",
                             "--hold-buffer", "1024"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    port = int(gate.stdout.readline().rsplit(":", 1)[1])
    yield Client(ready, port=port)
    gate.kill()
    gate.wait()


def test_rows_kept_at_one_gate_that_another_one_waits_for_end_the_attempt(ready, client, narrow_gate):
    first = client()
    first.run("BEGIN")
    first.run("UPDATE users SET name = 'first' WHERE id = 1")
    moving = move.Moving(ready, "--force", "--on-grace", "wait", "--timeout", "300s")
    proc.wait_for(lambda: in_hold(ready), 20, "the hold")
    narrow_gate.run("BEGIN")
    narrow_gate.run("UPDATE other SET v = 1 WHERE id = 1")
    held = narrow_gate.later("UPDATE users SET name = 'second' WHERE id = 2")
    waiting = first.later("UPDATE other SET v = v + 1 WHERE id = 1")      # for a client that waits for the hold
    held.join(100)
    assert not held.is_alive() and held.error is None, held.error
    narrow_gate.run("COMMIT")
    waiting.join(100)
    assert not waiting.is_alive() and waiting.error is None, waiting.error
    first.run("COMMIT")
    moving.finish()
    assert ready.mariadb("SELECT v FROM other", "customer").strip() == "2"
    assert name_of(ready, 1) == "first" and name_of(ready, 2) == "second"


def test_full_hold_buffer_rolls_back_at_once_and_refuses_nobody(ready, client, narrow_gate):
    writer = client()
    writer.run("BEGIN")
    writer.run("UPDATE users SET name = 'slow' WHERE id = 1")
    moving = move.Moving(ready, "--on-grace", "wait", "--timeout", "300s", "--switch-attempts", "1")
    proc.wait_for(lambda: in_hold(ready), 20, "the hold")
    large = narrow_gate.later(f"UPDATE users SET name = 'large' WHERE id = 2 /* {'x' * 2000} */")
    said, _ = moving.process.communicate(timeout=150)    # long before the timeout, with the writer still there
    assert moving.process.returncode != 0 and "the hold buffer of gate 'narrow' is full" in said
    large.join(100)
    assert large.error is None and not large.is_alive()
    writer.run("COMMIT")
    ready.client("MoveTables", "--grace-period", "10s", "customer.users", move.WORKFLOW)
    assert name_of(ready, 1) == "slow" and name_of(ready, 2) == "large"


def test_on_grace_kill_ends_the_open_writer_only(ready, client):
    writer, bystander = client(), client()
    bystander.run("BEGIN")
    bystander.run("SELECT v FROM other")               # only reads: nobody waits for it
    writer.run("BEGIN")
    writer.run("UPDATE users SET name = 'lost with its connection' WHERE id = 1")
    ready.client("MoveTables", "--grace-period", "500ms", "--on-grace", "kill", "customer.users", move.WORKFLOW)
    assert move.state(ready) == "switched"
    with pytest.raises(pymysql.Error):
        writer.run("COMMIT")
    assert name_of(ready, 1) != "lost with its connection"
    assert bystander.run("SELECT v FROM other") == ((0,),)
    bystander.run("COMMIT")


def test_transaction_that_reads_other_tables_is_not_waited_for(ready, client):
    c = client()
    c.run("BEGIN")
    assert c.run("SELECT v FROM other") == ((0,),)
    ready.client("MoveTables", "--grace-period", "5s", "--switch-attempts", "1", "customer.users", move.WORKFLOW)
    assert move.state(ready) == "switched"
    c.run("COMMIT")


def test_transaction_that_wrote_beside_the_table_is_waited_for(ready, client):
    """It could still write to the table: what it locked there would be in nobody's way."""
    c = client()
    c.run("BEGIN")
    c.run("UPDATE other SET v = v + 1 WHERE id = 1")
    moving = move.Moving(ready, "--on-grace", "wait", "--timeout", "300s")
    proc.wait_for(lambda: in_hold(ready), 20, "the hold")
    c.run("UPDATE users SET name = 'let through' WHERE id = 1")
    c.run("COMMIT")
    moving.finish()
    assert name_of(ready, 1) == "let through" and c.run("SELECT v FROM other") == ((1,),)


def test_idle_reader_keeps_its_snapshot_and_delays_nobody(ready, client):
    reader, writer = client(), client()
    reader.run("BEGIN")
    before = reader.run("SELECT name FROM users WHERE id = 1")
    ready.client("MoveTables", "--reader-wait", "200ms", "--switch-attempts", "1", "customer.users", move.WORKFLOW)
    writer.run("UPDATE users SET name = 'after' WHERE id = 1")
    assert reader.run("SELECT name FROM users WHERE id = 1") == before
    reader.run("COMMIT")
    assert reader.run("SELECT name FROM users WHERE id = 1") == (("after",),)


def test_snapshot_that_outlived_the_switch_gets_1213_for_its_first_write(ready, client):
    c = client()
    c.run("BEGIN")
    c.run("SELECT name FROM users WHERE id = 1")
    ready.client("MoveTables", "--reader-wait", "200ms", "--switch-attempts", "1", "customer.users", move.WORKFLOW)
    with pytest.raises(pymysql.OperationalError) as e:
        c.run("UPDATE users SET name = 'too late' WHERE id = 1")
    assert e.value.args[0] == 1213
    c.run("ROLLBACK")
    c.run("UPDATE users SET name = 'again' WHERE id = 1")
    assert name_of(ready, 1) == "again"


def test_what_is_prepared_in_sql_goes_over_with_the_table(ready, client):
    c = client()
    c.run("PREPARE put FROM 'UPDATE users SET name = ? WHERE id = 1'")
    c.run("SET @v = 'before'")
    c.run("EXECUTE put USING @v")
    ready.client("MoveTables", "customer.users", move.WORKFLOW)
    c.run("SET @v = 'after'")
    c.run("EXECUTE put USING @v")
    assert c.run("SELECT name FROM users WHERE id = 1") == (("after",),)


def test_auto_increment_goes_on_above_everything_given_out(ready, client):
    c = client()
    c.run("INSERT INTO users (id, email) VALUES (900000, 'high@example.com')")
    c.run("DELETE FROM users WHERE id = 900000")
    c.run("INSERT INTO users (email) VALUES ('x@example.com')")
    last = c.run("SELECT LAST_INSERT_ID()")[0][0]
    c.run("DELETE FROM users WHERE id = LAST_INSERT_ID()")
    ready.client("MoveTables", "customer.users", move.WORKFLOW)
    c.run("INSERT INTO users (email) VALUES ('y@example.com')")
    assert c.run("SELECT LAST_INSERT_ID()")[0][0] > last >= 900001

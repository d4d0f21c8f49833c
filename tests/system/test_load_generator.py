"""The load generator itself: quiet on a healthy server, loud about every kind of damage."""
import os

import pytest

from lib import mariadb, proc
from lib.load import Load

ROWS = 3000


@pytest.fixture
def server(kept_server):
    mariadb.load_users(kept_server, "customer", ROWS)
    return kept_server


def run_for(load, statements):
    load.start()
    load.go_on(statements)
    return load.stop()


def make(server, folder, **more):
    return Load(os.path.join(folder, "journal"), None, socket=server.socket, user="root", **more)


def test_no_error_and_no_difference_on_a_healthy_server(server, folder):
    load = make(server, folder, clients=8)
    summary = run_for(load, 6000)
    assert summary["errors"] == 0 and summary["wrong_reads"] == 0, summary["first_errors"]
    assert load.code == 0
    verdict = load.verify()
    assert verdict["ok"], verdict["first"]
    assert verdict["checked_writes"] > 1500
    assert verdict["rows"] == server.sql("SELECT COUNT(*) FROM customer.users")[0][0]


def test_a_second_run_on_the_same_table_is_as_quiet(server, folder):
    for seed in (1, 1):
        load = make(server, folder, clients=8, seed=seed)
        summary = run_for(load, 2000)
        assert summary["errors"] == 0 and summary["wrong_reads"] == 0, summary["first_errors"]
        verdict = load.verify()
        assert verdict["ok"], verdict["first"]


@pytest.mark.parametrize("damage, counter", [
    ("DELETE FROM users WHERE email LIKE 'v%' AND email NOT LIKE 'v1.1003000@%' LIMIT 1", "lost_writes"),
    ("UPDATE users SET balance = balance + 0.01 WHERE email LIKE 'v%' LIMIT 1", "lost_writes"),
    ("UPDATE users SET data = CONCAT(data, ' ') WHERE email LIKE 'v%' AND data <> '' LIMIT 1", "lost_writes"),
    ("UPDATE users SET data = '' WHERE email LIKE 'v%' AND data IS NULL LIMIT 1", "lost_writes"),
    ("UPDATE users SET created_at = created_at + INTERVAL 1 SECOND WHERE email NOT LIKE 'v%' LIMIT 1", "wrong_rows"),
    ("UPDATE users SET email = UPPER(email) WHERE email NOT LIKE 'v%' AND email REGEXP BINARY '[a-z]' LIMIT 1",
     "wrong_rows"),
    ("DELETE FROM users WHERE email NOT LIKE 'v%' LIMIT 1", "wrong_rows"),
    ("INSERT INTO users (email) VALUES ('nobody@example.com')", "duplicates"),
    ("INSERT INTO users (email, name, created_at, balance, data) SELECT CONCAT('x', email), name, created_at,"
     " balance, data FROM users WHERE email LIKE 'v%' LIMIT 1", "duplicates"),
])
def test_planted_damage_is_counted_once_and_named(server, folder, damage, counter):
    load = make(server, folder, clients=3)
    run_for(load, 1000)
    conn = server.connect("customer")
    with conn.cursor() as cur:
        assert cur.execute(damage) == 1
    conn.close()
    verdict = load.verify()
    assert not verdict["ok"] and verdict[counter] == 1, verdict
    assert sum(verdict[c] for c in ("lost_writes", "wrong_rows", "duplicates")) == 1
    assert verdict["first"]


def test_a_deleted_row_that_is_back_is_a_lost_write(server, folder):
    load = make(server, folder, clients=2)
    run_for(load, 4000)
    gone = server.sql(f"SELECT seq FROM customer.seq_1_to_{ROWS} WHERE seq NOT IN (SELECT id FROM customer.users) LIMIT 1")
    server.sql(f"INSERT INTO customer.users (id, email) VALUES ({gone[0][0]}, 'back@example.com')")
    verdict = load.verify()
    assert verdict["lost_writes"] == 1 and verdict["wrong_rows"] == 0


def test_a_client_notices_a_row_changed_behind_its_back(server, folder):
    load = make(server, folder, clients=2)
    load.start()
    server.sql("UPDATE customer.users SET name = 'somebody else', balance = 1")
    load.go_on(2000)
    summary = load.stop()
    assert summary["wrong_reads"] > 0 and load.code == 1
    assert any("does not hold version" in e["text"] for e in summary["first_errors"])


def test_a_server_killed_midway_costs_connections_and_no_acknowledged_write(server, folder):
    load = make(server, folder, clients=6, tolerate=True)
    load.start()
    for _ in range(2):
        load.go_on(1000)
        server.kill()
        server.start()
    load.go_on(1000)
    summary = load.stop()
    assert summary["errors"] == 0 and summary["disconnects"] >= 12, summary["first_errors"]
    verdict = load.verify()
    assert verdict["ok"], verdict["first"]


def test_a_lost_connection_is_an_error_unless_tolerated(server, folder):
    load = make(server, folder, clients=2)
    load.start()
    load.go_on(100)
    victim = server.sql("SELECT id FROM information_schema.processlist WHERE user = 'root' AND db = 'customer'"
                        " AND id <> CONNECTION_ID() LIMIT 1")[0][0]
    server.sql(f"KILL {victim}")
    proc.wait_for(lambda: load.stats()["disconnects"] > 0, 10, "the client to notice")
    summary = load.stop()
    assert summary["errors"] >= 1 and load.code == 1
    assert load.verify()["ok"]


def test_a_stall_is_found_in_its_interval(server, folder):
    load = make(server, folder, clients=3)
    load.start()
    load.mark("quiet")
    load.go_on(1000)
    load.mark("between")
    load.go_on(100)   # a statement under way counts for both; none of the quiet ones is to meet the lock
    began = load.mark("locked")["at_us"]
    conn = server.connect("customer")
    with conn.cursor() as cur:
        cur.execute("LOCK TABLES users READ")
        cur.execute("SELECT SLEEP(0.7)")
        cur.execute("UNLOCK TABLES")
    conn.close()
    ended = load.mark("after")["at_us"]
    load.go_on(100)   # the statements that waited have their answers
    window = load.window("the_lock", began, ended)
    summary = load.stop()
    waits = {i["name"]: i["longest_ms"] for i in summary["intervals"]}
    assert waits["locked"] >= 600 and window["longest_ms"] >= 600
    assert summary["longest"]["longest_ms"] == waits["locked"]
    assert waits["quiet"] < waits["locked"]


def test_the_rate_is_kept(server, folder):
    load = make(server, folder, clients=4, rate=400)
    load.start()
    first = load.mark("begin")["at_us"]
    start = load.stats()["statements"]
    load.go_on(400)
    seen = load.stats()
    load.stop()
    # What is asked for, and what a late client may make up for; less on a machine that has no more to give.
    assert 400 <= seen["statements"] - start <= (seen["at_us"] - first) / 1_000_000 * 400 + 120


def make_orders(server):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "demo", "orders.sql")) as f:
        for statement in f.read().split(";\n"):
            if statement.strip():
                server.sql(statement, database="customer")


def test_orders_and_their_lines_are_as_they_were_written(server, folder):
    make_orders(server)
    for _ in range(2):      # beside the orders of an earlier run
        load = make(server, folder, clients=4, orders=True, burst=True)
        summary = run_for(load, 2000)
        assert summary["errors"] == 0 and summary["wrong_reads"] == 0, summary["first_errors"]
        verdict = load.verify()
        assert verdict["ok"], verdict["first"]
    assert server.sql("SELECT COUNT(*) FROM customer.orders")[0][0] > 100


@pytest.mark.parametrize("damage, counter", [
    ("DELETE FROM orders ORDER BY id DESC LIMIT 1", "lost_writes"),
    ("UPDATE orders SET total=total+1 ORDER BY id DESC LIMIT 1", "wrong_rows"),
    ("UPDATE order_lines SET amount=amount+1 ORDER BY order_id DESC LIMIT 1", "wrong_rows"),
    ("INSERT INTO orders (client, seq, total) SELECT client, seq+1000000, total FROM orders ORDER BY id DESC LIMIT 1",
     "duplicates"),
])
def test_damaged_orders_are_counted(server, folder, damage, counter):
    make_orders(server)
    load = make(server, folder, clients=2, orders=True)
    run_for(load, 1000)
    conn = server.connect("customer")
    with conn.cursor() as cur:
        cur.execute("SET foreign_key_checks=0")
        assert cur.execute(damage) == 1
    conn.close()
    verdict = load.verify()
    assert not verdict["ok"] and verdict[counter] == 1, verdict

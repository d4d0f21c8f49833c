"""What a move would break is said before it is made: on real servers, by what clients have really run."""
import json
import subprocess
import time

import pytest

from lib import proc

SECRET = "s3cr3t-4711"
TABLES = ("CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(99));"
          "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, who INT);"
          f"INSERT INTO users VALUES (1, '{SECRET}'); INSERT INTO orders VALUES (1, 1);")


@pytest.fixture
def shop(combo):
    combo.up("customer", "new_customer")
    combo.mariadb(TABLES, "customer")
    return combo


def move(combo, *args, tables="customer.users", to="new_customer"):
    return combo.client("MoveTables", *args, tables, to, check=False)


def test_a_statement_that_joins_a_moved_with_a_staying_table_is_named(shop):
    join = f"SELECT u.name FROM users u JOIN orders o ON o.who = u.id WHERE u.name = '{SECRET}';"
    shop.mariadb(join * 3, "customer")
    done = move(shop)
    assert done.returncode != 0
    assert "a statement that ran 3 times" in done.stdout
    assert "names customer.users, which moves, with customer.orders, which stays: select u . name" in done.stdout
    assert "(" in done.stdout and "1 gate" in done.stdout
    assert "move customer.orders with them, or --force" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert shop.api("workflow_list", keyspace="")["workflows"] == []       # nothing was made
    assert shop.mariadb(join, "customer").strip() == SECRET                # and goes on working
    listed = json.loads(move(shop, "--format", "json").stdout.splitlines()[0])
    assert listed["refused"] and listed["findings"][0]["severity"] == "refuses"
    both = move(shop, tables="customer.users,orders")                      # a closed set moves
    assert both.returncode == 0, both.stdout + both.stderr
    assert shop.mariadb(join, "customer").strip() == SECRET


def test_a_transaction_that_spans_is_named_and_force_moves(shop):
    shop.mariadb(f"BEGIN; UPDATE users SET name = '{SECRET}2'; UPDATE orders SET who = 2; COMMIT;", "customer")
    done = move(shop)
    assert done.returncode != 0
    assert "1 transaction, the last" in done.stdout and "customer.orders, customer.users" in done.stdout
    forced = move(shop, "--force")
    assert forced.returncode == 0, forced.stdout + forced.stderr
    assert "refuses: 1 transaction," in forced.stdout and SECRET not in forced.stdout
    assert SECRET not in json.dumps(shop.workflow("new_customer", "users"))


def test_an_empty_record_is_not_called_safe(shop):
    pid = shop.pid("vtgate")
    shop.kill("vtgate")
    shop.wait_restarted("vtgate", pid)
    proc.wait_for(lambda: "0 statements seen by 1 gate" in shop.client("GetStatements").stdout, 30, "the new gate")
    done = move(shop, "--no-switch")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warns: no statement on these tables was seen" in done.stdout
    shop.mariadb("SELECT * FROM users u JOIN orders o ON o.who = u.id;", "customer")
    late = move(shop, "--switch-attempts", "1")                            # looked at again before the switch
    assert late.returncode != 0 and "would be refused" in late.stderr, late.stdout + late.stderr
    assert shop.workflow()["record"]["state"] == "Error"
    assert move(shop, "--force").returncode == 0


def test_who_is_there_without_a_gate_and_for_long(shop):
    port = shop.port("server", "customer")
    direct = subprocess.Popen(
        ["mariadb", f"--defaults-file={shop._defaults('vt_dba')}", "--protocol=tcp", "-h127.0.0.1", f"-P{port}",
         "-uvt_dba", "-N", "-e",
         "CREATE USER backup@'127.0.0.1'; GRANT ALL ON customer.* TO backup@'127.0.0.1'"], stdin=subprocess.DEVNULL)
    assert direct.wait() == 0
    held = subprocess.Popen(
        ["mariadb", "--no-defaults", "--protocol=tcp", "-h127.0.0.1", f"-P{port}", "-ubackup", "-N", "customer"],
        stdin=subprocess.PIPE, text=True)
    try:
        held.stdin.write("BEGIN; UPDATE orders SET who = 3;\n")
        held.stdin.flush()
        time.sleep(12)
        done = move(shop, "--no-switch", tables="customer.users")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warns: 'backup' from '127.0.0.1' has 1 connection to database 'customer'" in done.stdout
        assert "warns: a transaction of 'backup' has been open" in done.stdout
    finally:
        held.stdin.close()
        held.wait()

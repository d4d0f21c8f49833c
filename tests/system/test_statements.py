"""GetStatements: what the gates keep of their clients' statements, and that it is no client's data."""
import json
import os
import signal
import urllib.request

SECRET = "s3cr3t-4711"
FIRST = "CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(99)); CREATE TABLE orders (id INT PRIMARY KEY, who INT);"


def run(combo, sql, keyspace="customer"):
    return combo.mariadb(sql, keyspace)


def find(seen, text):
    return next((d for d in seen["statements"] if d["text"] == text), None)


def test_statements_are_counted_and_no_literal_is_shown(combo):
    combo.up("customer")
    run(combo, FIRST)
    run(combo, "".join(f"INSERT INTO people VALUES ({471100 + i}, '{SECRET}');\n" for i in range(5)))
    run(combo, f"SELECT name FROM people WHERE name = '{SECRET}';"
               f"SELECT p.name FROM people p JOIN orders o ON o.who = p.id AND p.name = \"{SECRET}\";"
               f"PREPARE p FROM 'DELETE FROM orders WHERE who = \"{SECRET}\"'; EXECUTE p;"
               f"SET @x = '{SECRET}';")
    run(combo, f"BEGIN; UPDATE people SET name = '{SECRET}2' WHERE id = 471100; DELETE FROM orders; COMMIT;")
    text, raw = combo.client("GetStatements").stdout, combo.client("GetStatements", "--format", "json").stdout
    gate = urllib.request.urlopen(f"http://{combo.find('vtgate')['http']}/gate/statements", timeout=10).read().decode()
    for shown in (text, raw, gate):
        assert SECRET not in shown and "4711" not in shown and "insert into people values" in shown, shown
    seen = json.loads(raw)
    insert = find(seen, "insert into people values ( ? )")
    assert (insert["count"], insert["rows"], insert["errors"], insert["tables"]) == (5, 5, 0, ["customer.people"])
    assert sum(b["count"] for b in insert["latency"]) == 5
    assert find(seen, "select name from people where name = ?")["rows"] == 5
    join = next(d for d in seen["statements"] if " join " in d["text"])
    assert join["tables"] == ["customer.orders", "customer.people"]
    assert [(s["tables"], s["count"]) for s in seen["spans"]] == [(["customer.orders", "customer.people"], 1)]
    assert seen["gates"] == 1 and seen["count"] >= 12 and seen["seen_us"] > 0 and seen["silent"] == []
    assert "seen by 1 gate in" in text and "customer.orders,customer.people" in text


def test_of_one_keyspace_and_of_an_unknown_one(combo):
    combo.up("customer", "shop")
    run(combo, FIRST)
    run(combo, "CREATE TABLE goods (id INT); INSERT INTO goods VALUES (1);", "shop")
    seen = json.loads(combo.client("GetStatements", "--format", "json", "shop").stdout)
    assert find(seen, "insert into goods values ( ? )") and not find(seen, "insert into people values ( ? )")
    assert all("shop.goods" in d["tables"] for d in seen["statements"])
    done = combo.client("GetStatements", "shpo", check=False)
    assert done.returncode != 0 and "'shpo'" in done.stderr


def test_a_gate_that_does_not_answer_is_named(combo):
    combo.up("customer")
    assert len(combo.client("GetStatements", "--format", "json").stdout) > 0
    pid = combo.pid("vtgate")
    os.kill(pid, signal.SIGSTOP)
    try:
        assert "does not answer: what it has seen is not here" in combo.client("GetStatements").stdout
    finally:
        os.kill(pid, signal.SIGCONT)

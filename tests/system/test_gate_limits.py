"""A second vtgate on the same cluster: told to stop, or full, it says so and loses nothing."""
import json
import os
import signal
import socket
import subprocess
import time

import pymysql
import pytest

from lib import proc


def gate_command(combo, *more):
    return [proc.program("vtgate"), "--topo", "sqlite:" + os.path.join(combo.data_dir, "topo.db"),
            "--credentials", os.path.join(combo.data_dir, "credentials.json"), "--workers", "1", *more]


@pytest.fixture
def second_gate(shared_combo):
    """(process, connect) of a gate for three clients."""
    process = subprocess.Popen(
        gate_command(shared_combo, "--id", "second", "--max-connections", "3", "--drain-timeout", "5s"),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    port = int(process.stdout.readline().rsplit(":", 1)[1])

    def connect():
        return pymysql.connect(host="127.0.0.1", port=port, user="app", database="customer", autocommit=True)

    yield process, connect
    process.kill()
    process.wait()


def run(connection, sql):
    cursor = connection.cursor()
    cursor.execute(sql)
    return cursor.fetchall()


def test_a_gate_does_not_take_the_name_of_one_that_serves(shared_combo, second_gate):
    done = subprocess.run(gate_command(shared_combo, "--id", "second"), capture_output=True, text=True)
    assert done.returncode == 1
    assert "another gate is registered as 'second'" in done.stderr and "choose another --id" in done.stderr
    assert run(second_gate[1](), "SELECT 1") == ((1,),)


def own_address():
    """Of this machine, off loopback; no packet is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address off loopback")
        return s.getsockname()[0]


def test_off_loopback_only_accounts_that_may_are_let_in(shared_combo, tmp_path):
    accounts = shared_combo.credentials()
    accounts["clients"].append({"user": "far", "password": "away", "loopback_only": False})
    path = tmp_path / "credentials.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(accounts))
    process = subprocess.Popen(gate_command(shared_combo, "--mysql", "0.0.0.0:0", "--credentials", str(path)),
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        far = {"host": own_address(), "port": port, "database": "customer"}
        run(pymysql.connect(user="far", password="away", **far), "SELECT 1")
        for user, password in ("app", ""), ("far", "wrong"):
            with pytest.raises(pymysql.OperationalError) as e:
                pymysql.connect(user=user, password=password, **far)
            assert e.value.args[0] == 1045
        run(pymysql.connect(user="app", **{**far, "host": "127.0.0.1"}), "SELECT 1")
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("program", [["vtgate", "--credentials", "none"], ["vtctld"],
                                     ["vttablet", "--credentials", "none", "--server", "127.0.0.1:1", "--keyspace", "k",
                                      "--uid", "1"]])
def test_http_is_served_to_this_machine_only(program):
    done = subprocess.run([proc.program(program[0]), *program[1:], "--topo", "sqlite:/nowhere/topo.db", "--http",
                           "0.0.0.0:0"], capture_output=True, text=True)
    assert done.returncode == 1 and "only a loopback address" in done.stderr


def test_one_client_too_many_is_told_1040(second_gate):
    _, connect = second_gate
    clients = [connect() for _ in range(3)]
    with pytest.raises(pymysql.OperationalError) as e:
        connect()
    assert e.value.args == (1040, "Too many connections")
    clients.pop().close()
    time.sleep(0.2)
    assert run(connect(), "SELECT 1") == ((1,),)


def test_workers_share_one_limit_of_clients(shared_combo):
    command = [*gate_command(shared_combo, "--id", "many", "--max-connections", "8")]
    command[command.index("--workers") + 1] = "8"
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        where = {"host": "127.0.0.1", "port": int(process.stdout.readline().rsplit(":", 1)[1]), "user": "app"}
        clients = [pymysql.connect(**where) for _ in range(8)]
        with pytest.raises(pymysql.OperationalError) as e:
            pymysql.connect(**where)
        assert e.value.args[0] == 1040
        assert all(run(c, "SELECT 1") == ((1,),) for c in clients)
    finally:
        process.kill()
        process.wait()


def test_a_drain_lets_transactions_end(shared_combo, second_gate):
    process, connect = second_gate
    busy, idle = connect(), connect()
    run(busy, "CREATE TABLE IF NOT EXISTS drained (a INT PRIMARY KEY)")
    run(busy, "BEGIN")
    run(busy, "REPLACE INTO drained VALUES (1)")
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    with pytest.raises(pymysql.OperationalError) as e:
        run(idle, "SELECT 1")
    assert e.value.args[0] in (2006, 2013)      # lost
    with pytest.raises(pymysql.OperationalError):
        connect()
    run(busy, "REPLACE INTO drained VALUES (2)")
    run(busy, "COMMIT")
    assert process.wait(timeout=4) == 0
    rows = pymysql.connect(host="127.0.0.1", port=shared_combo.gate_port, user="app", database="customer")
    assert run(rows, "SELECT a FROM drained ORDER BY a") == ((1,), (2,))
    run(rows, "DROP TABLE drained")
    rows.close()

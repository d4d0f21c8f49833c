"""vttablet --init prints the accounts that moves need, and with exactly these a move goes there, back and to its end."""
import json
import os
import re
import subprocess

import pymysql
import pytest

from lib import attached, proc

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

# One that must be quoted.
PASSWORDS = {"vt_app": "a'b\\c\"d", "vt_stream": "ßé -- ;", "vt_dba": "plain"}
# Of servers where nobody has SUPER: triggers take it, or this.
TRUSTS = "--log-bin-trust-function-creators=1"


def credentials(folder):
    path = os.path.join(folder, "credentials.json")
    accounts = {name: {"user": name, "password": password} for name, password in PASSWORDS.items()}
    accounts["clients"] = [{"user": "app", "password": "", "loopback_only": True}]
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
        json.dump(accounts, f)
    return path


def vttablet(folder, address, keyspace, *options):
    return subprocess.run([proc.program("vttablet"), "--server", address, "--keyspace", keyspace, "--credentials",
                           credentials(folder), *options], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)


def init(folder, server, keyspace, address=None, *options):
    """What it prints, run by an administrator."""
    address = address or f"127.0.0.1:{server.port}"
    done = vttablet(folder, address, keyspace, "--init", *options)
    if done.returncode == 1:            # one that has no account for this host says nothing to it
        assert "is not allowed to connect" in done.stderr and "--server-version" in done.stderr and done.stdout == ""
        version = server.sql("SELECT VERSION()")[0][0]
        done = vttablet(folder, address, keyspace, "--init", "--server-version", version, *options)
    assert done.returncode == 0 and done.stderr == "", done
    conn = server.connect()
    for statement in re.sub("^--.*\n", "", done.stdout, flags=re.M).split(";\n"):
        if statement.strip():
            with conn.cursor() as cursor:
                cursor.execute(statement)
    conn.close()
    return done.stdout


def check(folder, server, keyspace, address=None):
    return vttablet(folder, address or f"127.0.0.1:{server.port}", keyspace, "--check")


@pytest.mark.parametrize("source, target", [("mariadb-10.11", "mysql-9.7"), ("mysql-9.7", "mariadb-10.11"),
                                            ("mariadb-10.11", "mariadb-10.11")])
def test_a_move_there_and_back_with_exactly_what_is_printed(servers_of, folder, source, target):
    both = [servers_of(source, "s", TRUSTS), servers_of(target, "t", TRUSTS)]
    # One end by a unix socket, as on the same machine.
    addresses = [f"127.0.0.1:{both[0].port}", f"unix:{both[1].socket}"]
    for server, keyspace, address in zip(both, attached.KEYSPACES, addresses):
        assert check(folder, server, keyspace, address).returncode == 1
        printed = init(folder, server, keyspace, address)
        assert "SUPER" not in printed and "ON *.* TO 'vt_app'" not in printed
        assert re.search("GRANT ALL", printed, re.M) and not re.search("^GRANT ALL", printed, re.M)
        met = check(folder, server, keyspace, address)
        assert met.returncode == 0 and "not met" not in met.stdout, met
    at = both[0]
    at.sql("CREATE DATABASE customer COLLATE utf8mb4_general_ci")
    at.sql("CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, x INT UNIQUE)", database="customer")
    at.sql("CREATE TABLE items (id INT PRIMARY KEY, o INT, CONSTRAINT f FOREIGN KEY (o) REFERENCES orders (id))",
           database="customer")
    at.sql("INSERT INTO orders (x) VALUES (1), (2), (3)", database="customer")
    at.sql("INSERT INTO items VALUES (1, 1), (2, 3)", database="customer")
    cluster = attached.Cluster(folder, addresses, credentials(folder))
    try:
        cluster.start()
        cluster.client("MoveTables", "customer.orders,items", "new_customer", "--workflow", "shop")
        with cluster.connect("customer") as conn, conn.cursor() as cursor:
            cursor.execute("INSERT INTO orders (x) VALUES (4)")
        cluster.client("MoveTables", "ReverseTraffic", "new_customer.shop")
        with cluster.connect("customer") as conn, conn.cursor() as cursor:
            cursor.execute("INSERT INTO orders (x) VALUES (5)")
        cluster.client("MoveTables", "SwitchTraffic", "new_customer.shop")
        cluster.client("MoveTables", "Complete", "new_customer.shop")
        shown = cluster.client("Workflow", "show", "new_customer.shop").stdout
        assert "Complete" in shown and "denied" not in shown
    finally:
        cluster.stop()
    assert both[1].sql("SELECT x FROM orders ORDER BY x", database="new_customer") == tuple((x,) for x in range(1, 6))
    assert both[1].sql("SELECT id, o FROM items ORDER BY id", database="new_customer") == ((1, 1), (2, 3))
    assert both[0].sql("SHOW TABLES FROM customer") == ()
    for name in ("vttablet-1", "vttablet-2", "vtgate", "vtctld"):
        said = proc.tail(cluster.log(name), 100000)
        assert not any(password in said for password in PASSWORDS.values() if password != "plain")


ROUTINES = [
    "CREATE PROCEDURE add_one(which INT) MODIFIES SQL DATA SQL SECURITY INVOKER UPDATE orders SET x = x + 1 WHERE id = which",
    "CREATE FUNCTION x_of(which INT) RETURNS INT READS SQL DATA SQL SECURITY INVOKER RETURN (SELECT x FROM orders WHERE id = which)",
    "CREATE EVENT looks ON SCHEDULE EVERY 1 HOUR DO SET @many = (SELECT COUNT(*) FROM orders)",
]


def make_as_dba(server, *statements):
    """Whoever makes a routine is its definer."""
    conn = pymysql.connect(host="127.0.0.1", port=server.port, user="vt_dba", password=PASSWORDS["vt_dba"], database="customer")
    with conn.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)
    conn.close()


@pytest.mark.parametrize("kind", ["mariadb-10.11", "mysql-9.7"])
def test_routines_and_events_move_with_exactly_what_is_printed(servers_of, folder, kind):
    both = [servers_of(kind, name, TRUSTS, "--event-scheduler=ON") for name in "st"]
    for server, keyspace in zip(both, attached.KEYSPACES):
        printed = init(folder, server, keyspace)
        assert printed.count("-- for moves with --with-routines:\n") == 2
    both[0].sql("CREATE DATABASE customer")
    both[0].sql("CREATE TABLE orders (id INT PRIMARY KEY, x INT)", database="customer")
    both[0].sql("INSERT INTO orders VALUES (1, 10)", database="customer")
    make_as_dba(both[0], *ROUTINES)
    cluster = attached.Cluster(folder, [f"127.0.0.1:{s.port}" for s in both], credentials(folder))
    move = ("MoveTables", "--with-routines", "customer.orders", "new_customer")
    try:
        cluster.start()
        for i in (1, 0):
            both[i].sql("REVOKE PROCESS ON *.* FROM 'vt_dba'@'127.0.0.1'")
            said = cluster.client(*move, check=False)
            assert said.returncode == 1 and "events move, and account vt_dba lacks PROCESS ON *.*" in said.stderr, said
            both[i].sql("GRANT PROCESS ON *.* TO 'vt_dba'@'127.0.0.1'")
        cluster.client(*move)
        with cluster.connect("customer") as conn, conn.cursor() as cursor:
            for direction in "ReverseTraffic", "SwitchTraffic", "Complete":
                cursor.execute("CALL add_one(1)")
                cluster.client("MoveTables", direction, "new_customer.orders")
            cursor.execute("SELECT x_of(1)")
            assert cursor.fetchone() == (13,)
    finally:
        cluster.stop()
    assert both[1].sql("SELECT event_name, status, definer FROM information_schema.events") == (("looks", "ENABLED", "vt_dba@127.0.0.1"),)
    assert both[0].sql("SELECT event_name FROM information_schema.events") == ()
    assert both[0].sql("SELECT routine_name FROM information_schema.routines WHERE routine_schema = 'customer'") == ()


def test_managed_servers_where_nobody_may_say_how_a_session_writes_to_the_binlog(servers, folder):
    both = [servers("s", TRUSTS), servers("t", TRUSTS)]
    for server, keyspace in zip(both, attached.KEYSPACES):
        init(folder, server, keyspace)
        for user in ("vt_stream", "vt_dba"):
            server.sql(f"REVOKE BINLOG ADMIN ON *.* FROM '{user}'@'127.0.0.1'")
        said = check(folder, server, keyspace)
        assert said.returncode == 0 and said.stdout.count("warns     account") == 2, said
        assert "lacks BINLOG ADMIN ON *.*, to keep statements out of the binlog" in said.stdout
    both[0].sql("CREATE DATABASE customer")
    both[0].sql("CREATE TABLE t (id INT PRIMARY KEY) SELECT 1 AS id", database="customer")
    cluster = attached.Cluster(folder, [f"127.0.0.1:{s.port}" for s in both], credentials(folder))
    try:
        cluster.start()
        cluster.client("MoveTables", "customer.t", "new_customer")
        cluster.client("MoveTables", "ReverseTraffic", "new_customer.t")
        # What it cannot state must be so: else the session does not begin.
        both[1].sql("SET GLOBAL binlog_format = 'MIXED'")
        said = check(folder, both[1], "new_customer")
        assert said.returncode == 1 and "its sessions must write rows to the binlog" in said.stdout
        both[1].sql("GRANT BINLOG ADMIN ON *.* TO 'vt_dba'@'127.0.0.1'")
        said = check(folder, both[1], "new_customer")
        assert said.returncode == 1 and "binlog_format is not ROW" in said.stdout
    finally:
        cluster.stop()
    assert both[0].sql("SELECT * FROM t", database="customer") == ((1,),)


def test_accounts_are_for_where_we_come_from(servers, folder):
    server = servers("s", "--bind-address=*", TRUSTS)
    where = {f"127.0.0.1:{server.port}": "127.0.0.1", f"[::1]:{server.port}": "::1", f"unix:{server.socket}": "localhost"}
    for address, host in where.items():
        printed = init(folder, server, "customer", address)
        assert f"CREATE USER IF NOT EXISTS 'vt_stream'@'{host}'" in printed
        assert check(folder, server, "customer", address).returncode == 0
    assert check(folder, server, "customer", f"localhost:{server.port}").returncode == 0
    assert "'vt_dba'@'10.0.%'" in init(folder, server, "customer", None, "--accounts-host", "10.0.%")


def test_a_database_with_an_underscore_is_no_pattern(servers, folder):
    server = servers("s", TRUSTS)
    assert r"ON `new\_customer`.* TO" in init(folder, server, "new_customer")
    assert check(folder, server, "new_customer").returncode == 0
    other = check(folder, server, "newXcustomer")
    assert other.returncode == 1 and "lacks SELECT ON `newXcustomer`.*" in other.stdout


def test_what_does_not_go_together_is_refused(folder):
    for options, words in [(["--init", "--check"], "do not go together"), (["--check", "--accounts-host", "x"], "are for --init"),
                           ([], "--topo, --server")]:
        done = vttablet(folder, "127.0.0.1:1", "customer", *options)
        assert done.returncode == 1 and words in done.stderr
    done = vttablet(folder, "127.0.0.1:1", "customer", "--init")
    assert done.returncode == 1 and "connecting to '127.0.0.1:1'" in done.stderr and done.stdout == ""

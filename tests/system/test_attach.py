"""vtcombo beside servers that are there already: it neither makes nor starts nor stops them."""
import json
import os
import subprocess

import pytest

from lib import cases, elsewhere, kinds, mariadb, proc
from lib.combo import Combo, missing_programs
from lib.load import Load
from test_init import PASSWORDS, TRUSTS, credentials, init

pytestmark = pytest.mark.skipif(bool(missing_programs()), reason="not built")

PAIRS = [("mariadb-10.11", "mysql-9.7"), ("mysql-9.7", "mariadb-10.11")]
PAIRS_11_8 = [("mariadb-11.8", "mysql-9.7"), ("mysql-9.7", "mariadb-11.8"), ("mariadb-11.8", "mariadb-10.11")]
# Of the keyspaces, at their servers: other names than theirs.
DATABASES = {"customer": "shop_db", "new_customer": "crm"}


def prepare(folder, server, keyspace, address):
    """What an administrator does: the accounts as they are printed, and what applications may do besides."""
    database = DATABASES[keyspace]
    server.sql(f"CREATE DATABASE {database} COLLATE utf8mb4_general_ci")
    printed = init(folder, server, database, address)
    server.sql(printed.splitlines()[-1].removeprefix("-- ").rstrip(";"))
    return f"{kinds.brand(server.flavour)}://{address}/{database}"


@pytest.fixture
def attached(folder):
    combo = Combo(folder)
    combo.options = ["--credentials", credentials(folder)]
    yield combo
    combo.down()


def create_tables(combo):
    with open(os.path.join(proc.TREE, "demo", "orders.sql")) as f:
        combo.mariadb(f.read(), "customer")
    create, fill = mariadb.users_sql(20000)
    combo.mariadb(f"SET time_zone = '+00:00';\n{create};\n{fill};\n", "customer")


def there_and_back_under_load(combo, target, tables="users,orders,order_lines"):
    """As the demo: everything that was acknowledged is at the new server in the end, and no client saw an error."""
    create_tables(combo)
    load = Load(os.path.join(combo.folder, "journal"), combo.gate_port, clients=4, rate=200, orders=True).start()
    try:
        load.go_on(200)
        combo.client("MoveTables", f"customer.{tables}", "new_customer", "--workflow", "shop")
        load.go_on(200)
        combo.client("MoveTables", "ReverseTraffic", "new_customer.shop")
        load.go_on(200)
        combo.client("MoveTables", "SwitchTraffic", "new_customer.shop")
        load.go_on(200)
        combo.client("MoveTables", "Complete", "new_customer.shop")
    finally:
        summary = load.stop()
    assert summary["errors"] == 0 and summary["wrong_reads"] == 0, summary
    assert load.verify()["ok"]
    at = load.verify(socket=target.socket, user="root", database=DATABASES["new_customer"])
    assert at["ok"], at


def command_lines(combo):
    """Of all programs of the cluster."""
    pids = [p["pid"] for p in combo.status()["programs"] if p["pid"]] + [combo.pid("vtcombo")]
    return b"\n".join(open(f"/proc/{pid}/cmdline", "rb").read() for pid in pids)


def check_secrets(combo):
    said = command_lines(combo)
    for name in os.listdir(os.path.join(combo.data_dir, "log")):
        with open(os.path.join(combo.data_dir, "log", name), "rb") as f:
            said += f.read()
    with open(combo.log, "rb") as f:
        said += f.read()
    assert not any(password.encode() in said for password in PASSWORDS.values())


@pytest.mark.parametrize("source, target", cases.some(PAIRS, PAIRS[1:]))
def test_tables_move_between_servers_that_were_there(servers_of, folder, attached, source, target):
    s, t = servers_of(source, "s", TRUSTS), servers_of(target, "t", TRUSTS)
    attached.kinds = {"customer": prepare(folder, s, "customer", f"127.0.0.1:{s.port}"),
                      "new_customer": prepare(folder, t, "new_customer", f"unix:{t.socket}")}
    attached.up("customer", "new_customer")
    keyspace = json.loads(attached.client("GetKeyspace", "customer").stdout)
    assert keyspace["keyspace"]["database"] == "shop_db"
    assert not [p for p in attached.status()["programs"] if p["name"].startswith("server-")]
    there_and_back_under_load(attached, t)
    check_secrets(attached)
    assert attached.client("ValidateTablet", "zone1-1").returncode == 0
    # What it has written down is enough for the next start; the servers go on meanwhile.
    attached.down(purge=False)
    assert s.sql("SELECT 1") == t.sql("SELECT 1") == ((1,),)
    attached.options = []
    attached.up()
    assert attached.mariadb("SELECT COUNT(*) > 1000 FROM users", "customer").strip() == "1"
    attached.down()
    assert t.sql("SELECT COUNT(*) > 1000 FROM crm.users") == ((1,),)


def servers_elsewhere(servers_of, folder, host, source, target):
    """Two that let in nobody without TLS, and the folder of their certificate, which names their address alone."""
    shown = elsewhere.make_certificates(folder, host.address)
    settings = [TRUSTS, f"--bind-address={host.address}", f"--ssl-ca={shown}/ca.pem", f"--ssl-cert={shown}/server.pem",
                f"--ssl-key={shown}/server-key.pem", "--require-secure-transport=ON"]
    made = [servers_of(kind, name, *settings, prefix=host.prefix) for kind, name in ((source, "s"), (target, "t"))]
    return *made, shown


@pytest.mark.skipif(not elsewhere.is_possible(), reason="no network namespace can be made here")
@pytest.mark.parametrize("source, target", cases.some(PAIRS + PAIRS_11_8, [PAIRS[0], PAIRS_11_8[2]]))
def test_on_other_addresses_by_tls_whose_certificates_are_looked_at(servers_of, folder, attached, source, target):
    with elsewhere.Elsewhere() as host:
        s, t, shown = servers_elsewhere(servers_of, folder, host, source, target)
        attached.kinds = {k: prepare(folder, server, k, f"{host.address}:{server.port}")
                          for k, server in (("customer", s), ("new_customer", t))}
        assert f"@'{host.here}'" in str(s.sql("SELECT CONCAT(user, '@', QUOTE(host)) FROM mysql.user"))
        attached.options += ["--db-ssl-mode=VERIFY_IDENTITY", f"--db-ssl-ca={shown}/ca.pem"]
        try:
            attached.up("customer", "new_customer")
            there_and_back_under_load(attached, t)
            check_secrets(attached)
            tls = s.sql("SELECT COUNT(*) FROM information_schema.processlist WHERE user LIKE 'vt\\_%'")
            assert tls[0][0] > 0
        finally:
            attached.down()


@pytest.mark.skipif(not elsewhere.is_possible(), reason="no network namespace can be made here")
@pytest.mark.long
@pytest.mark.parametrize("source, target", PAIRS + PAIRS_11_8)
def test_the_demo_passes_at_servers_elsewhere(servers_of, folder, source, target):
    with elsewhere.Elsewhere(1) as host:
        s, t, shown = servers_elsewhere(servers_of, folder, host, source, target)
        done = subprocess.run(
            [os.path.join(proc.TREE, "demo", "run")], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300,
            env={**os.environ, "ROWS": "20000", "CLIENTS": "4", "RATE": "200", "CREDENTIALS": credentials(folder),
                 "SOURCE": prepare(folder, s, "customer", f"{host.address}:{s.port}"),
                 "TARGET": prepare(folder, t, "new_customer", f"{host.address}:{t.port}"),
                 "OPTIONS": f"--db-ssl-mode=VERIFY_IDENTITY --db-ssl-ca={shown}/ca.pem"})
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
        result = json.loads(done.stdout.splitlines()[-1])
        assert result["ok"] is True and result["lost_writes"] == 0 and result["reverse_ok"] is True
        assert t.sql("SELECT COUNT(*) FROM crm.users") == ((result["rows"],),)


@pytest.fixture
def server(servers):
    return servers("s", TRUSTS)


def refused(combo, *options):
    done = subprocess.run([proc.program("vtcombo"), "up", "--data-dir", combo.data_dir, "--port-base", str(combo.base),
                           *options], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                          env={**os.environ, "PATH": combo.path()})
    assert done.returncode == 1 and done.stdout == "", done
    return done.stderr


def test_what_cannot_be_right_is_refused_before_anything_is_started(attached, folder):
    path = credentials(folder)
    here = "customer=mariadb://127.0.0.1:3306/shop"
    assert "--credentials" in refused(attached, "--keyspace", here)
    for url, words in [("customer=mysql://root:secret@db1:3306/shop", "no account in it"),
                       ("customer=mysql://db1:3306", "no address and database"), ("customer=mysql://db1/shop", "address such as"),
                       ("customer=mysql://db1:3306/", "database"), ("customer=oracle://db1:3306/shop", "no kind of server"),
                       ("customer=mysql://unix:/sock", "unix")]:
        said = refused(attached, "--credentials", path, "--keyspace", url)
        assert words in said and "secret" not in said, said
    os.chmod(path, 0o644)
    assert "can be read or written by others" in refused(attached, "--credentials", path, "--keyspace", here)
    assert "opening credentials file" in refused(attached, "--credentials", path + ".none", "--keyspace", here)
    os.chmod(path, 0o600)
    assert "--db-ssl-ca" in refused(attached, "--credentials", path, "--keyspace", here, "--db-ssl-ca=/none.pem")
    assert "/none.pem" in refused(attached, "--credentials", path, "--keyspace", here, "--db-ssl-mode=VERIFY_CA",
                                  "--db-ssl-ca=/none.pem")


def test_a_server_of_another_flavour_is_told_and_its_keyspace_waits(attached, server, folder):
    url = prepare(folder, server, "customer", f"127.0.0.1:{server.port}")
    what, other = ("MySQL", "mariadb") if url.startswith("mysql:") else ("MariaDB", "mysql")
    attached.kinds = {"customer": other + url[url.index(":"):]}
    with pytest.raises(TimeoutError):
        attached.up("customer", seconds=6)
    assert f"the server at '127.0.0.1:{server.port}' is {what}" in proc.tail(attached.log)


def test_a_data_directory_with_accounts_of_its_own_keeps_them(combo, folder):
    combo.up("customer")
    combo.down(purge=False)
    said = refused(combo, "--credentials", credentials(folder))
    assert "there are accounts in" in said and "credentials.json" in said

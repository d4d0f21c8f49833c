"""TLS on both sides of vtgate: to a server whose accounts want it, and to clients of several kinds."""
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess

import pymysql
import pytest

from lib import cases, certs, proc, raw, servers, tablets
from lib.certs import certificate
from lib.gate import Gate

pytestmark = pytest.mark.skipif(not proc.is_built("vtgate"), reason="vtgate is not built")

TO_SERVERS = ["--db-ssl-mode=VERIFY_IDENTITY", f"--db-ssl-ca={certificate('ca')}"]
TO_CLIENTS = [f"--ssl-cert={certificate('server')}", f"--ssl-key={certificate('server-key')}"]


def create_keyspace(topo, name):
    """By a vtctld that is there for this alone."""
    ctld = subprocess.Popen([proc.program("vtctld"), "--topo", topo, "--http", "127.0.0.1:0"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, text=True)
    try:
        address = ctld.stdout.readline().strip().rsplit("http=", 1)[1].split()[0]
        subprocess.run([proc.program("vtctlclient"), "--server", address, "CreateKeyspace", name], check=True, timeout=60)
    finally:
        proc.end(ctld)


@pytest.fixture(scope="module")
def tablet(module_servers, shared_folder):
    """One whose server lets in nobody of ours without TLS."""
    server = module_servers("mariadb-10.11", *certs.shows(certs.copied(shared_folder), "server"))
    made = tablets.Tablet(shared_folder, server, "customer", 100)
    for account in tablets.GRANTS:
        server.sql(f"ALTER USER {account}@127.0.0.1 REQUIRE SSL")
    create_keyspace(made.topo, "customer")
    yield made.start(options=["--db-ssl-mode=VERIFY_CA", f"--db-ssl-ca={certificate('ca')}"])
    made.stop()


@pytest.fixture
def gates(tablet, tmp_path):
    """gates(*options) starts one more; gates.bare(...) does not start it."""
    made = []

    def bare(*options):
        made.append(Gate(tablet.topo, tablet.credentials, str(tmp_path / f"gate-{len(made)}.log"), *options))
        return made[-1]

    def make(*options):
        return bare(*TO_SERVERS, *options).start()

    make.bare = bare
    yield make
    for gate in made:
        if hasattr(gate, "process"):
            gate.stop()


@pytest.fixture(scope="module")
def gate(tablet, shared_folder):
    made = Gate(tablet.topo, tablet.credentials, os.path.join(shared_folder, "gate.log"), *TO_SERVERS, *TO_CLIENTS).start()
    yield made
    made.stop()


def trusting(ca="ca"):
    context = ssl.create_default_context(cafile=certificate(ca))
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    return context


def connect(gate, tls=True, **more):
    if tls:
        more["ssl"] = more.get("ssl") or trusting()
    return pymysql.connect(host="127.0.0.1", port=gate.port, user="app", database="customer", autocommit=True,
                           charset="utf8mb4", local_infile=True, **more)


def run(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


# ---- clients


@pytest.mark.parametrize("tls", cases.some([True, False], [True]))
def test_rows_and_files_of_any_size(gate, tls, tmp_path):
    c = connect(gate, tls, max_allowed_packet=64 << 20)
    run(c, "CREATE OR REPLACE TABLE sizes (id INT PRIMARY KEY, v LONGBLOB)")
    for n, size in enumerate([0, 1, 16383, 16384, 16385, 1 << 20, (1 << 24) - 1, 1 << 24]):
        run(c, f"INSERT INTO sizes VALUES ({n}, REPEAT('v', {size}))")
        assert run(c, f"SELECT LENGTH(v), v FROM sizes WHERE id = {n}") == ((size, b"v" * size),)
    text = "v" * (3 << 20)
    assert run(c, f"SELECT LENGTH('{text}')") == ((len(text),),)
    lines = tmp_path / "lines"
    lines.write_text("".join(f"{n}\tvalue {n}\n" for n in range(1000, 300000)))
    run(c, f"LOAD DATA LOCAL INFILE '{lines}' INTO TABLE sizes")
    assert run(c, "SELECT COUNT(*), SUM(id) FROM sizes WHERE id >= 1000") == ((299000, sum(range(1000, 300000))),)
    assert len(run(c, "SELECT * FROM sizes WHERE id >= 1000")) == 299000
    c.close()


def test_many_clients_at_once(gate):
    clients = [connect(gate) for _ in range(30)]
    for n in range(20):
        for i, c in enumerate(clients):
            assert run(c, f"SELECT {i}, {n}") == ((i, n),)
    for c in clients:
        c.close()


def test_drivers_find_the_certificate_good_or_not(gate):
    assert run(connect(gate), "SELECT 1") == ((1,),)
    with pytest.raises(pymysql.OperationalError, match="certificate verify failed"):
        connect(gate, ssl=trusting("other-ca"))
    assert run(connect(gate, tls=False), "SELECT 1") == ((1,),)


@pytest.mark.parametrize("flavour, options", [
    ("mariadb-10.11", ["--no-defaults", "--ssl-verify-server-cert"]),
    ("mariadb-11.8", ["--ssl-verify-server-cert"]),
    ("mysql-9.7", ["--ssl-mode=VERIFY_IDENTITY"]),
    ("mysql-9.7", ["--ssl-mode=VERIFY_IDENTITY", "--tls-version=TLSv1.2"]),
    ("mysql-9.7", ["--ssl-mode=VERIFY_IDENTITY", "--plugin-dir=/nowhere"])])
def test_the_client_tools(gate, flavour, options):
    def answer(ca):
        client = servers.KINDS[flavour].program(flavour.split("-")[0])
        return subprocess.run([client, *options, f"--ssl-ca={certificate(ca)}", "--protocol=tcp", "-h127.0.0.1",
                               f"-P{gate.port}", "-uapp", "customer"], input="SELECT 40+2", capture_output=True, text=True,
                              timeout=60)
    assert "42" in answer("ca").stdout
    assert answer("other-ca").returncode == 1


@pytest.mark.parametrize("options", [[], ["--plugin-dir=/nowhere"]])
@pytest.mark.parametrize("mode", ["DISABLED", "REQUIRED"])
def test_passwords_by_mysqls_client(tablet, gates, tmp_path, options, mode):
    """It brings caching_sha2_password along, and has the greeting's plugin in a file that may be missing."""
    with open(tablet.credentials) as f:
        accounts = json.load(f)
    accounts["clients"].append({"user": "someone", "password": "secret-1", "loopback_only": False})
    path = tmp_path / "credentials.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(accounts))
    gate = gates(*TO_CLIENTS, "--credentials", str(path))

    def answer(password):
        return subprocess.run([servers.KINDS["mysql-9.7"].program("mysql"), *options, f"--ssl-mode={mode}", "--protocol=tcp",
                               "-h127.0.0.1", f"-P{gate.port}", "-usomeone", "customer"], input="SELECT 40+2",
                              capture_output=True, text=True, timeout=60, env={**os.environ, "MYSQL_PWD": password})
    assert "42" in answer("secret-1").stdout
    for wrong in ["secret-2", ""]:
        assert "ERROR 1045" in answer(wrong).stderr
    assert "secret-1" not in proc.tail(gate.log)


def test_statements_that_are_sent_ahead(gate):
    """And the handshake's first word together with the request for it."""
    c = raw.Client(gate.port, greet=False)
    context, incoming, outgoing = trusting(), ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    request = struct.pack("<IIB23s", raw.USUAL | raw.SSL, 1 << 24, 45, b"")
    c.socket.sendall(len(request).to_bytes(3, "little") + b"\1" + request + outgoing.read())

    def step(call, *args):
        while True:
            try:
                return call(*args)
            except ssl.SSLWantReadError:
                pass
            finally:
                c.socket.sendall(outgoing.read())
            incoming.write(c.socket.recv(65536))

    step(tls.do_handshake)
    response = struct.pack("<IIB23s", raw.USUAL | raw.SSL, 1 << 24, 45, b"") + b"app\0\0customer\0mysql_native_password\0"
    step(tls.write, len(response).to_bytes(3, "little") + b"\2" + response)
    assert step(tls.read, 65536)[4] == 0                                  # OK
    statements = b"".join((len(s) + 1).to_bytes(3, "little") + b"\0\3" + s for s in [b"SELECT %d" % n for n in range(500)])
    step(tls.write, statements)
    said = b""
    while said.count(b"\xfe\0\0\2\0\0\0") < 500:
        said += step(tls.read, 65536)
    assert b"\x03499" in said
    c.close()


# ---- who is refused


def test_only_tls_where_it_is_required(gates):
    gate = gates(*TO_CLIENTS, "--require-secure-transport")
    with pytest.raises(pymysql.OperationalError) as e:
        connect(gate, tls=False)
    assert e.value.args[0] == 3159 and "insecure transport" in e.value.args[1]
    assert run(connect(gate), "SELECT 1") == ((1,),)


def test_clients_certificates(gates):
    gate = gates(*TO_CLIENTS, f"--mysql_server_ssl_ca={certificate('ca')}")
    with pytest.raises((pymysql.Error, OSError)):
        connect(gate)
    shown = trusting()
    shown.load_cert_chain(certificate("client"), certificate("client-key"))
    assert run(connect(gate, ssl=shown), "SELECT 1") == ((1,),)
    expired = trusting()
    expired.load_cert_chain(certificate("expired"), certificate("expired-key"))
    with pytest.raises((pymysql.Error, OSError)):
        connect(gate, ssl=expired)


def test_clients_that_break_off(gate):
    request = struct.pack("<IIB23s", raw.USUAL | raw.SSL, 1 << 24, 45, b"")
    packet = len(request).to_bytes(3, "little") + b"\1" + request
    for rest in [b"", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n\r\n", bytes(300), os.urandom(300)]:
        c = raw.Client(gate.port, greet=False)
        c.socket.sendall(packet + rest)
        c.socket.shutdown(socket.SHUT_WR)
        while c.socket.recv(4096):
            pass
        c.close()
    # Others do not notice, and a client that says nothing for long is sent away.
    slow = raw.Client(gate.port, greet=False)
    slow.socket.sendall(packet)
    assert run(connect(gate), "SELECT 1") == ((1,),)
    while slow.socket.recv(4096):
        pass


@pytest.mark.parametrize("options, said", [
    (["--ssl-cert=/nowhere/c.pem", "--ssl-key=/nowhere/k.pem"], "reading '/nowhere/c.pem': No such file or directory"),
    (["--ssl-cert=x"], "--ssl-cert and --ssl-key go together"),
    (["--require-secure-transport"], "--require-secure-transport needs --ssl-cert and --ssl-key"),
    (["--ssl-ca=x"], "--ssl-ca needs --ssl-cert and --ssl-key"),
    ([f"--ssl-cert={certificate('server')}", f"--ssl-key={certificate('client-key')}"], "key values mismatch"),
    (["--db-ssl-mode=sometimes"], "'sometimes' is none of DISABLED|PREFERRED|REQUIRED|VERIFY_CA|VERIFY_IDENTITY"),
    (["--db-ssl-mode=VERIFY_CA", "--db-ssl-ca=/nowhere/ca.pem"], "reading '/nowhere/ca.pem': No such file or directory")])
def test_what_cannot_be_right_is_refused_at_once(gates, options, said):
    assert said in gates.bare(*options).refused()


# ---- certificates that are renewed


def put(name, where):
    """At once, as one renews a certificate."""
    shutil.copy(certificate(name), where + ".new")
    os.rename(where + ".new", where)


def test_a_renewed_certificate_needs_no_restart(gates, tmp_path):
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    put("expired", cert), put("expired-key", key)
    gate = gates(f"--ssl-cert={cert}", f"--ssl-key={key}")
    lenient = trusting()
    lenient.check_hostname, lenient.verify_mode = False, ssl.CERT_NONE
    old = connect(gate, ssl=lenient)
    with pytest.raises(pymysql.OperationalError, match="certificate has expired"):
        connect(gate)
    put("server", cert)                                 # the key does not belong to it yet
    with pytest.raises(pymysql.OperationalError, match="certificate has expired"):
        connect(gate)
    put("server-key", key)
    assert run(connect(gate), "SELECT 1") == ((1,),)
    assert run(old, "SELECT 2") == ((2,),)
    assert "the certificates of before stay in use" in proc.tail(gate.log)


# ---- towards the server


def test_a_server_that_wants_tls_is_not_spoken_to_without(gates):
    gate = gates.bare("--db-ssl-mode=DISABLED").start()
    with pytest.raises(pymysql.OperationalError) as e:
        run(connect(gate, tls=False), "SELECT 1")
    assert "Access denied" in str(e.value)


def test_a_server_that_is_somebody_else(gates):
    gate = gates.bare("--db-ssl-mode=VERIFY_CA", f"--db-ssl-ca={certificate('other-ca')}").start()
    with pytest.raises(pymysql.Error) as e:
        run(connect(gate, tls=False), "SELECT 1")
    assert "the server's certificate is refused" in str(e.value)

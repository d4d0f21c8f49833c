"""Compressed connections of clients to vtgate, and of vtgate to servers: each algorithm beside each, by TLS and without."""
import os
import struct
import subprocess
import time
import zlib
from contextlib import nullcontext

import pymysql
import pytest

from lib import cases, certs, compressed, proc, raw, servers, tablets
from lib.certs import certificate
from lib.gate import Gate
from test_gate_tls import create_keyspace, trusting

pytestmark = pytest.mark.skipif(not proc.is_built("vtgate"), reason="vtgate is not built")

LAST_ROW_SENT = 0x80
TO_CLIENTS = [f"--ssl-cert={certificate('server')}", f"--ssl-key={certificate('server-key')}"]
# What a gate may compress with towards a server of each kind.
TOWARDS = [("mariadb-10.11", "uncompressed"), ("mariadb-10.11", "zlib"), ("mariadb-11.8", "zlib"),
           ("mysql-9.7", "uncompressed"), ("mysql-9.7", "zlib"), ("mysql-9.7", "zstd")]


class Cluster:
    def __init__(self, folder, server):
        os.makedirs(folder)
        self.folder, self.server, self.gates = folder, server, {}
        self.tablet = tablets.Tablet(folder, server, "customer", 100)
        create_keyspace(self.tablet.topo, "customer")
        self.tablet.start()

    def gate(self, *options):
        if options not in self.gates:
            log = os.path.join(self.folder, f"gate-{len(self.gates)}.log")
            self.gates[options] = Gate(self.tablet.topo, self.tablet.credentials, log, *TO_CLIENTS, *options).start()
        return self.gates[options]

    def stop(self):
        for gate in self.gates.values():
            gate.stop()
        self.tablet.stop()


@pytest.fixture(scope="module")
def clusters(module_servers, shared_folder):
    made = {}

    def make(flavour):
        if flavour not in made:
            shown = certs.shows(certs.copied(shared_folder), "server")
            server = module_servers(flavour, *shown, "--max-allowed-packet=64M")
            made[flavour] = Cluster(os.path.join(shared_folder, flavour), server)
        return made[flavour]

    yield make
    for cluster in made.values():
        cluster.stop()


def connect(gate, compress=None, tls=False, **more):
    if tls:
        more["ssl"] = trusting()
    return compressed.Connection(host="127.0.0.1", port=gate.port, user="app", database="customer", autocommit=True,
                                 charset="utf8mb4", local_infile=True, compress=compress, **more)


def run(connection, sql, args=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchall()


def results(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found = [cursor.fetchall()]
        while cursor.nextset():
            found.append(cursor.fetchall())
        return found


# ---- each beside each


# TLS at both ends of a gate, or none: with each of either side's algorithms there are both.
@pytest.mark.parametrize("flavour, towards, compress, tls",
                         [(*way, compress, (n + m) % 2 == 1) for n, way in enumerate(TOWARDS)
                          for m, compress in enumerate([None, "zlib", "zstd"])])
def test_each_algorithm_beside_each(clusters, flavour, towards, compress, tls, tmp_path):
    cluster = clusters(flavour)
    ways = ["--db-ssl-mode=REQUIRED"] if tls else ["--db-ssl-mode=DISABLED"]
    gate = cluster.gate(f"--db-compression-algorithms={towards}", *ways)
    c = connect(gate, compress, tls, client_flag=1 << 16)
    assert run(c, "SHOW STATUS LIKE 'Compression'") == (("Compression", "OFF" if towards == "uncompressed" else "ON"),)
    if flavour == "mysql-9.7":
        assert run(c, "SHOW STATUS LIKE 'Compression_algorithm'")[0][1] == towards.replace("uncompressed", "")
    sizes(c, [0, 1, 40, 50, 300, 16383, 70000, 1 << 20])
    several(c)
    files(c, tmp_path, 5000)
    errors(c)
    if compress:
        assert c.frames.packed > 20 and c.frames.plain > 5
    c.close()
    assert c.open is False


@pytest.mark.long
@pytest.mark.parametrize("flavour, towards, compress", [("mariadb-10.11", "zlib", "zstd"), ("mysql-9.7", "zstd", "zlib")])
def test_large_rows_statements_and_files(clusters, flavour, towards, compress, tmp_path):
    gate = clusters(flavour).gate(f"--db-compression-algorithms={towards}", "--db-ssl-mode=REQUIRED")
    c = connect(gate, compress, True, max_allowed_packet=64 << 20, client_flag=1 << 16)
    sizes(c, [(1 << 24) - 1, 1 << 24, 20 << 20])
    random = os.urandom(10 << 20)
    run(c, "REPLACE INTO sizes VALUES (100, %s)", (random,))
    assert run(c, "SELECT v FROM sizes WHERE id = 100") == ((random,),)
    text = "w" * (20 << 20)
    assert run(c, f"SELECT LENGTH('{text}')") == ((len(text),),)
    files(c, tmp_path, 300000)
    c.close()


def sizes(c, lengths):
    run(c, "DROP TABLE IF EXISTS sizes")
    run(c, "CREATE TABLE sizes (id INT PRIMARY KEY, v LONGBLOB)")
    for n, size in enumerate(lengths):
        run(c, f"INSERT INTO sizes VALUES ({n}, REPEAT('v', {size}))")
        assert run(c, f"SELECT LENGTH(v), v FROM sizes WHERE id = {n}") == ((size, b"v" * size),)


def several(c):
    assert results(c, "SELECT 1; SELECT 2; DO 3; SELECT REPEAT('m', 100000)") == [((1,),), ((2,),), (), (("m" * 100000,),)]
    run(c, "DROP PROCEDURE IF EXISTS customer.two")
    run(c, "CREATE PROCEDURE customer.two() BEGIN SELECT 1; SELECT 2, REPEAT('p', 5000); END")
    assert results(c, "CALL customer.two()") == [((1,),), ((2, "p" * 5000),), ()]
    run(c, "BEGIN")
    run(c, "INSERT INTO sizes VALUES (200, 'x')")
    run(c, "ROLLBACK")
    assert run(c, "SELECT COUNT(*) FROM sizes WHERE id = 200") == ((0,),)
    rows = run(c, "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 500) "
                  "SELECT a.i, b.i, 'row' FROM n a, n b WHERE b.i <= 20")
    assert len(rows) == 10000


def files(c, tmp_path, count):
    lines, own = tmp_path / "lines", range(1000, 1000 + count)
    lines.write_text("".join(f"{n}\tvalue {n}\n" for n in own))
    run(c, f"LOAD DATA LOCAL INFILE '{lines}' INTO TABLE sizes")
    assert run(c, "SELECT COUNT(*), SUM(id) FROM sizes WHERE id >= 1000") == ((count, sum(own)),)
    assert len(run(c, "SELECT * FROM sizes WHERE id >= 1000")) == count
    run(c, "DELETE FROM sizes WHERE id >= 1000")
    # Behind another result of one command, so that its packets are numbered anew on their way.
    assert results(c, f"SELECT 1; LOAD DATA LOCAL INFILE '{lines}' INTO TABLE sizes; SELECT COUNT(*) FROM sizes "
                      "WHERE id >= 1000")[-1] == ((count,),)
    run(c, "DELETE FROM sizes WHERE id >= 1000")


def errors(c):
    for _ in range(3):
        with pytest.raises(pymysql.MySQLError) as e:
            run(c, "SELECT nothing FROM sizes WHERE v = '" + "e" * 1000 + "'")
        assert e.value.args[0] == 1054
    with pytest.raises(pymysql.MySQLError):
        results(c, "SELECT 1; SELECT nothing FROM sizes; SELECT 2")
    assert run(c, "SELECT 42") == ((42,),)
    c.ping(reconnect=False)


# ---- what clients do besides


@pytest.fixture(scope="module", params=["mariadb-10.11 zlib", "mysql-9.7 zstd"])
def gate(clusters, request):
    flavour, towards = request.param.split()
    return clusters(flavour).gate(f"--db-compression-algorithms={towards}", "--db-ssl-mode=DISABLED")


@pytest.mark.parametrize("compress", ["zlib", "zstd"])
def test_prepared_statements_and_cursors(gate, compress):
    with compressed.Client(gate.port, compress) as c:
        c.query("CREATE TABLE IF NOT EXISTS cursors (id INT PRIMARY KEY, v VARCHAR(100))")
        c.query("REPLACE INTO cursors VALUES " + ", ".join(f"({n}, REPEAT('c', 90))" for n in range(100)))
        for flags in (0, 1):
            c.command(raw.STMT_PREPARE, "SELECT * FROM cursors ORDER BY id")
            prepared = struct.unpack_from("<I", c.packet(), 1)[0]
            c.packet(), c.packet()
            answer = c.ask(raw.STMT_EXECUTE, raw.execution(prepared, flags))[0]
            rows = answer[3:-1]
            while flags and not c.status & LAST_ROW_SENT:
                c.command(raw.STMT_FETCH, struct.pack("<II", prepared, 7))
                got = [c.packet()]
                while got[-1][0] != 0xfe:
                    got.append(c.packet())
                c.status = struct.unpack_from("<H", got[-1], 3)[0]
                rows += got[:-1]
            assert len(rows) == 100 and rows[99][2:6] == (99).to_bytes(4, "little")
            c.command(raw.STMT_CLOSE, struct.pack("<I", prepared))
        assert c.value("SELECT COUNT(*) FROM cursors") == "100"


@pytest.mark.parametrize("compress", ["zlib", "zstd"])
def test_statements_that_are_sent_ahead(gate, compress):
    with compressed.Client(gate.port, compress) as c:
        for n in range(300):
            c.command(raw.QUERY, f"SELECT {n}, REPEAT('a', {n * 10})")
        for n in range(300):
            assert str(n).encode() in c.next_answer()[0][3]


def test_a_change_of_user_goes_on_compressed(gate):
    with compressed.Client(gate.port, "zstd") as c:
        assert c.ask(raw.CHANGE_USER, b"app\0\0customer\0" + struct.pack("<H", 45) + b"mysql_native_password\0")[0][0][0] == 0
        assert c.value("SELECT REPEAT('u', 1000)") == "u" * 1000
        c.ask(raw.PING)


@pytest.mark.parametrize("compress", ["zlib", "zstd"])
def test_a_kill_in_the_middle_of_a_result(gate, compress):
    many = "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 1000) " \
           "SELECT a.i, b.i, c.i, REPEAT('k', 100) FROM n a, n b, n c"
    other = connect(gate)
    for verb in ("KILL QUERY", "KILL"):
        with compressed.Client(gate.port, compress) as c:
            c.command(raw.QUERY, many)
            for _ in range(1000):
                c.packet()
            run(other, f"{verb} {c.id}")
            with pytest.raises(EOFError) if verb == "KILL" else nullcontext():
                while True:
                    packet = c.packet()
                    if packet[0] == 0xff:
                        assert struct.unpack_from("<H", packet, 1)[0] in (1317, 1053, 1927)
                        break
                assert verb == "KILL QUERY"
                assert c.value("SELECT 42") == "42"
    other.close()


def test_connections_to_a_server_that_it_has_ended_are_replaced(clusters):
    for flavour, towards in ("mariadb-10.11", "zlib"), ("mysql-9.7", "zstd"):
        cluster = clusters(flavour)
        c = connect(cluster.gate(f"--db-compression-algorithms={towards}", "--db-ssl-mode=DISABLED"), "zstd")
        for _ in range(5):
            assert run(c, "SELECT REPEAT('e', 200)") == (("e" * 200,),)
            for (number,) in cluster.server.sql("SELECT id FROM information_schema.processlist WHERE user = 'vt_app'"):
                try:
                    cluster.server.sql(f"KILL {number}")
                except pymysql.MySQLError as e:
                    assert e.args[0] == 1094        # it has gone by itself
            time.sleep(0.1)                         # the server says its last word, if any
        c.close()


def is_closed_without_a_word(client):
    with pytest.raises(EOFError):
        client.at_number(1)         # as if a command had been sent
        client.packet()
    return True


LASTS = [(raw.PING, ""), (raw.QUERY, "SELECT 42"), (raw.QUERY, "SELECT no_such_column"), (raw.QUERY, "SET @x = 1"),
         (raw.QUERY, "SHOW DATABASES")]


def test_who_is_idle_when_the_gate_stops_sees_the_connection_closed(clusters, tmp_path):
    """As at a server, whoever gave the last answer."""
    cluster = clusters("mariadb-10.11")
    gate = Gate(cluster.tablet.topo, cluster.tablet.credentials, str(tmp_path / "gate.log"), "--drain-timeout=1s").start()
    clients = [compressed.Client(gate.port, compress) for compress in (None, "zlib", "zstd") for _ in LASTS]
    for c, (command, text) in zip(clients, 3 * LASTS):
        c.ask(command, text)
    gate.stop()
    for c in clients:
        assert is_closed_without_a_word(c)
        c.close()


def test_who_is_killed_while_idle_sees_the_connection_closed(gate):
    other = connect(gate)
    for command, text in LASTS:
        with compressed.Client(gate.port, None) as c:
            c.ask(command, text)
            run(other, f"KILL {c.id}")
            assert is_closed_without_a_word(c)
    other.close()


CLIENTS = [
    ("mariadb-10.11", ("--no-defaults", "--compress")), ("mariadb-11.8", ("--compress",)), ("mariadb-11.8", ()),
    ("mysql-9.7", ("--compression-algorithms=zlib",)), ("mysql-9.7", ("--compression-algorithms=zstd",)),
    ("mysql-9.7", ("--compression-algorithms=zstd", "--zstd-compression-level=22", "--ssl-mode=DISABLED")),
    ("mysql-9.7", ("--compression-algorithms=zstd,zlib,uncompressed",))]


@pytest.mark.parametrize("flavour, options", cases.some(CLIENTS, [CLIENTS[0], CLIENTS[1], CLIENTS[5], CLIENTS[6]]))
def test_the_client_tools(gate, flavour, options, tmp_path):
    lines = tmp_path / "lines"
    lines.write_text("".join(f"{n}\n" for n in range(100000)))
    client = servers.KINDS[flavour].program(flavour.split("-")[0])
    tls = ["--skip-ssl-verify-server-cert"] if flavour == "mariadb-11.8" else []
    done = subprocess.run([client, *options, *tls, "--protocol=tcp", "-h127.0.0.1", f"-P{gate.port}", "-uapp", "--batch",
                           "--local-infile=1", "--max-allowed-packet=64M", "--skip-column-names", "customer"],
                          input="DROP TABLE IF EXISTS t; CREATE TABLE t (id INT);"
                          f"LOAD DATA LOCAL INFILE '{lines}' INTO TABLE t;SELECT COUNT(*), SUM(id) FROM t;\n"
                          "DELIMITER //\nSELECT 1; SELECT REPEAT('z', 100000)//\nDELIMITER ;\nSELECT LENGTH(REPEAT('z', 20000000));"
                          "SELECT REPEAT('y', 20000000);PREPARE p FROM 'SELECT 40+2';EXECUTE p;\n",
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["100000", "4999950000", "1", "z" * 100000, "20000000", "y" * 20000000, "42"]
    if flavour != "mysql-9.7":      # whose own refuses to go on without what it was told to use
        told = subprocess.run([client, *options, *tls, "--protocol=tcp", "-h127.0.0.1", f"-P{gate.port}", "-uapp", "-e", "status"],
                              capture_output=True, text=True, timeout=60).stdout
        assert ("Compressed" in told) == bool(options), told


# ---- what is offered and asked for


def refusal(gate, compress, level=3):
    with compressed.Client(gate.port, compress, level) as c:
        return raw.error([[c.welcome]]) if c.welcome[0] == 0xff else None


def offered(gate):
    with raw.Client(gate.port, greet=False) as c:
        return c.offered & (compressed.ZLIB | compressed.ZSTD)


def test_what_is_offered_is_what_the_option_says(clusters):
    cluster = clusters("mariadb-10.11")
    none = (1043, "08S01", "Bad handshake: a compression was asked for that is not offered; connect without it")
    for words, flags, refused, taken in [
            ("zlib,zstd,uncompressed", ["zlib", "zstd"], {}, "zlib"),
            ("zstd, Uncompressed", ["zstd"], {"zlib": none}, "zstd"),
            ("uncompressed", [], {"zlib": none, "zstd": none, "both": none}, None),
            ("zlib", ["zlib"], {"zstd": none, None: (3922, "HY000", "Invalid compression algorithm 'uncompressed'.")}, "zlib")]:
        gate = cluster.gate(f"--protocol-compression-algorithms={words}")
        assert offered(gate) == sum(compressed.FLAGS[f] for f in flags)
        for compress in (None, "zlib", "zstd", "both"):
            assert refusal(gate, compress) == refused.get(compress), (words, compress)
        if taken:
            with compressed.Client(gate.port, "both", frames=taken) as c:
                assert c.value("SELECT REPEAT('b', 100)") == "b" * 100


@pytest.mark.parametrize("level", [None, 0, 23, 255])
def test_a_level_that_there_is_not(gate, level):
    assert refusal(gate, "zstd", level) == (3923, "HY000", "Invalid zstd compression level for algorithm 'zstd'.")


@pytest.mark.parametrize("level", [1, 9, 10, 22])
def test_every_level(gate, level):
    with compressed.Client(gate.port, "zstd", level) as c:
        assert c.value("SELECT REPEAT('l', 1000000)") == "l" * 1000000


def test_options_that_say_nothing(clusters):
    cluster = clusters("mariadb-10.11")
    for option in ("protocol-compression-algorithms", "db-compression-algorithms"):
        for words, said in [("", "''"), ("lz4", "'lz4'"), ("zlib,,zstd", "''"), ("zlib;zstd", "'zlib;zstd'")]:
            refused = Gate(cluster.tablet.topo, cluster.tablet.credentials, "/dev/null", f"--{option}={words}").refused()
            assert f"--{option}: {said} is no compression algorithm: expected some of zlib,zstd,uncompressed" in refused


def test_a_server_that_offers_another_is_told_by_its_name(clusters):
    gate = clusters("mariadb-10.11").gate("--db-compression-algorithms=zstd")
    c = connect(gate, "zstd")
    with pytest.raises(pymysql.MySQLError, match="wrongly configured compression algorithm: the server offers zlib, and not"):
        run(c, "SELECT 1 FROM nothing")
    c.close()


@pytest.mark.parametrize("compress", ["zlib", "zstd"])
def test_clients_at_rest_take_no_memory(clusters, compress, tmp_path):
    """What packs and unpacks is 300 kB and more for each."""
    cluster = clusters("mariadb-10.11")
    gate = Gate(cluster.tablet.topo, cluster.tablet.credentials, str(tmp_path / "gate.log")).start()
    try:
        clients = []
        for n in range(220):
            clients.append(compressed.Client(gate.port, compress))
            assert clients[-1].value("SELECT REPEAT('r', 100000)") == "r" * 100000
            if n == 20:
                before = proc.most_memory_kb(gate.process.pid)
        assert proc.most_memory_kb(gate.process.pid) - before < 200 * 50
    finally:
        gate.stop()
    for c in clients:
        c.close()


# ---- what no client sends


def frame(number, plain, body):
    return len(body).to_bytes(3, "little") + bytes([number]) + plain.to_bytes(3, "little") + body


def packets(sql):
    return (len(sql) + 1).to_bytes(3, "little") + b"\0\3" + sql


LONG = packets(b"SELECT 1 /* " + b"a" * 1000 + b" */")


@pytest.mark.parametrize("bad", [
    frame(0, len(LONG) - 1, zlib.compress(LONG)), frame(0, len(LONG) + 1, zlib.compress(LONG)),
    frame(0, len(LONG), zlib.compress(LONG) + b"x"), frame(0, 1000, b""), frame(0, 1000, b"not packed"), frame(1, 0, LONG),
    frame(0, 0, LONG[:10]) + frame(0, 0, LONG[10:]), frame(0, 10000, zlib.compress(b"\0" * (64 << 20), 9)[:30000])],
    ids=["says less", "says more", "bytes behind", "empty", "not packed", "another number", "the number again", "a bomb, cut"])
def test_frames_that_lie_end_their_connection_alone(gate, bad):
    other = connect(gate, "zlib")
    with compressed.Client(gate.port, "zlib") as c:
        assert c.value("SELECT 1") == "1"
        c.socket.below.sendall(bad)
        assert c.socket.below.recv(1 << 16) == b""
    assert run(other, "SELECT 42") == ((42,),)
    other.close()


def test_bombs_take_no_memory(clusters, tmp_path):
    cluster = clusters("mariadb-10.11")
    gate = Gate(cluster.tablet.topo, cluster.tablet.credentials, str(tmp_path / "gate.log"), "--max-packet=1M").start()
    try:
        bomb = frame(0, 0xffffff, zlib.compress(b"\xff\xff\xff\0\3" + b" " * (0xffffff - 5), 9))
        clients = [compressed.Client(gate.port, "zlib") for _ in range(20)]
        for c in clients:
            assert c.value("SELECT 1") == "1"
        before = proc.most_memory_kb(gate.process.pid)
        for c in clients:
            c.socket.below.sendall(bomb)
        for c in clients:
            assert c.socket.below.recv(100) == b""
        assert proc.most_memory_kb(gate.process.pid) - before < 5 * 1024
    finally:
        gate.stop()

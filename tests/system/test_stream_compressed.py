"""A stream whose every connection is compressed, the dump's among them, by TLS and without."""
import subprocess

import pymysql
import pytest

from lib import certs, compressed, proc, tablets
from lib.streams import Pair, Writer, fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

TLS = ["--db-ssl-mode=VERIFY_IDENTITY", f"--db-ssl-ca={certs.certificate('ca')}"]
WAYS = [("mariadb-10.11", "mysql-9.7", "zstd,zlib", []), ("mysql-9.7", "mysql-9.7", "zstd", TLS),
        ("mysql-9.7", "mysql-9.7", "zlib", []), ("mariadb-10.11", "mariadb-11.8", "zlib", TLS)]


def options_of(words, tls):
    return [f"--db-compression-algorithms={words}", *(tls or ["--db-ssl-mode=DISABLED"])]


@pytest.fixture
def make_pair(servers_of, folder):
    made = []

    def make(*flavours):
        shows = certs.shows(certs.copied(folder), "server")
        for flavour, name, keyspace, uid in zip(flavours, "st", ("customer", "new_customer"), (100, 200)):
            made.append(tablets.Tablet(folder, servers_of(flavour, name, *shows), keyspace, uid))
        return Pair(*made, "t")

    yield make
    for tablet in made:
        tablet.stop()


def compressed_sessions(server):
    """Of those that are there; of a server that tells it."""
    found = server.sql("SELECT COUNT(*) FROM performance_schema.status_by_thread WHERE variable_name = 'Compression' "
                       "AND variable_value = 'ON'")
    return found[0][0]


@pytest.mark.parametrize("source, target, words, tls", WAYS)
def test_a_table_arrives_under_writes_and_kills(make_pair, source, target, words, tls):
    pair, options = make_pair(source, target), options_of(words, tls)
    fill(pair.source.server)
    pair.source.start(options=options), pair.target.start(options=options)
    writers = [Writer(pair.source.server, seed) for seed in (1, 2)]
    for w in writers:
        w.start()
    pair.start()
    pair.wait("running")
    if source == "mysql-9.7":
        assert compressed_sessions(pair.source.server) >= 1         # the dump's
    pair.target.kill()
    pair.target.start(options=options)
    pair.wait("running")
    for w in writers:
        w.end()
    pair.freeze()
    pair.check_equal()


def test_a_tablet_whose_server_offers_another_says_so(make_pair):
    pair = make_pair("mariadb-10.11", "mariadb-10.11")
    pair.source.launch(options=["--db-compression-algorithms=zstd"])
    proc.wait_for(lambda: pair.source.process.poll() is not None, 30, "the tablet to give up")
    said = proc.tail(pair.source.log)
    assert "wrongly configured compression algorithm: the server offers zlib, and not what is asked for" in said
    assert "--db-compression-algorithms" in said


def test_check_says_it_too(make_pair):
    pair = make_pair("mariadb-10.11", "mysql-9.7")
    for tablet, words, offered in (pair.source, "zstd", "zlib"), (pair.target, "zstd", None):
        done = subprocess.run([proc.program("vttablet"), "--check", "--server", tablet.address, "--keyspace", tablet.keyspace,
                               "--credentials", tablet.credentials, f"--db-compression-algorithms={words}"],
                              capture_output=True, text=True, timeout=60)
        said = done.stdout + done.stderr
        assert (f"the server offers {offered}, and not what is asked for" in said) == (offered is not None), said
        assert "binlog_row_image" in said or offered, said


def test_a_cluster_hands_the_words_on(combo):
    combo.options += ["--db-compression-algorithms=zlib", "--protocol-compression-algorithms=zlib,uncompressed"]
    combo.up("customer", "new_customer")
    c = compressed.Connection(host="127.0.0.1", port=combo.gate_port, user="app", database="customer", autocommit=True,
                              compress="zlib")
    with c.cursor() as cursor:
        cursor.execute("CREATE TABLE things (id INT PRIMARY KEY, v VARCHAR(200))")
        cursor.execute("INSERT INTO things VALUES " + ", ".join(f"({n}, REPEAT('t', 200))" for n in range(2000)))
        combo.client("MoveTables", "customer.things", "new_customer")
        cursor.execute("SELECT COUNT(*), SUM(LENGTH(v)) FROM things")
        assert cursor.fetchall() == ((2000, 400000),)
        cursor.execute("SHOW STATUS LIKE 'Compression'")
        assert cursor.fetchall() == (("Compression", "ON"),)
    c.close()
    with pytest.raises(pymysql.MySQLError, match="a compression was asked for that is not offered"):
        compressed.Connection(host="127.0.0.1", port=combo.gate_port, user="app", compress="zstd")

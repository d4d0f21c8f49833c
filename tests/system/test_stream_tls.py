"""A stream whose every connection is by TLS, the dump's among them: the servers let in nobody without."""
import pytest

from lib import certs, proc, tablets
from lib.streams import Pair, Writer, fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

OPTIONS = ["--db-ssl-mode=VERIFY_IDENTITY", f"--db-ssl-ca={certs.certificate('ca')}"]


@pytest.fixture
def pair(servers_of, folder):
    made = []
    shows = certs.shows(certs.copied(folder), "server")
    for name, flavour, keyspace, uid in ("s", "mariadb-10.11", "customer", 100), ("t", "mariadb-11.8", "new_customer", 200):
        server = servers_of(flavour, name, *shows)
        made.append(tablets.Tablet(folder, server, keyspace, uid))
        for account in tablets.GRANTS:
            server.sql(f"ALTER USER {account}@127.0.0.1 REQUIRE SSL")
    yield Pair(*made, "t")
    for tablet in made:
        tablet.stop()


def test_a_table_arrives_under_writes_and_kills(pair):
    fill(pair.source.server)
    pair.source.start(options=OPTIONS), pair.target.start(options=OPTIONS)
    writers = [Writer(pair.source.server, seed) for seed in (1, 2)]
    for w in writers:
        w.start()
    pair.start()
    pair.wait("running")
    pair.target.kill()
    pair.target.start(options=OPTIONS)
    pair.wait("running")
    for w in writers:
        w.end()
    pair.freeze()
    pair.check_equal()


def test_a_tablet_that_may_not_use_tls_says_what_the_server_says(pair):
    pair.source.launch(options=["--db-ssl-mode=DISABLED"])
    proc.wait_for(lambda: pair.source.process.poll() is not None, 30, "the tablet to give up")
    assert "Access denied for user 'vt_dba'" in proc.tail(pair.source.log)


def test_a_tablet_that_trusts_somebody_else_says_so(pair):
    pair.source.launch(options=["--db-ssl-mode=VERIFY_CA", f"--db-ssl-ca={certs.certificate('other-ca')}"])
    proc.wait_for(lambda: pair.source.process.poll() is not None, 30, "the tablet to give up")
    assert "the server's certificate is refused" in proc.tail(pair.source.log)

"""Logins of our own with compression: each kind of server, each algorithm, by TLS and without."""
import pytest

from lib import certs, servers
from lib.login import addresses, login

OFFERED = {"mariadb-10.11": ["zlib"], "mariadb-11.8": ["zlib"], "mysql-9.7": ["zlib", "zstd"]}


@pytest.fixture(scope="module", params=servers.KINDS)
def server(module_servers, shared_folder, request):
    made = module_servers(request.param, *certs.shows(certs.copied(shared_folder), "server"))
    if not made.sql("SELECT user FROM mysql.user WHERE user = 'app'"):
        made.sql("CREATE USER app IDENTIFIED BY 'secret-1'")
    return made


def chosen(permitted, offered):
    """The first that both have; uncompressed if that is permitted; None: the login is refused."""
    both = [word for word in permitted.split(",") if word in offered]
    return both[0] if both else "uncompressed" if "uncompressed" in permitted else None


@pytest.mark.parametrize("mode", ["DISABLED", "REQUIRED"])
@pytest.mark.parametrize("words", ["uncompressed", "zlib", "zstd", "zstd,zlib", "zlib,zstd", "zstd,uncompressed",
                                   "uncompressed,zlib"])
def test_each_algorithm(server, words, mode):
    for way, at in addresses(server).items():
        got = login(at, "app", "secret-1", f"--db-ssl-mode={mode}", f"--db-compression-algorithms={words}")
        want = chosen(words, OFFERED[server.flavour])
        assert got.compression == want, got
        if want is None:
            assert "refused 0 wrongly configured compression algorithm: the server offers zlib, and not" in got.text, got
            assert "add one that it offers to --db-compression-algorithms, or 'uncompressed'" in got.text
    # The client tools' own words are the same.
    at = addresses(server)["tcp"]
    assert login(at, "app", "secret-1", "--compression-algorithms", words).compression == want


def test_levels_and_words_that_there_are_not(server):
    at = addresses(server)["tcp"]
    for level in ("1", "22"):
        got = login(at, "app", "secret-1", "--compression-algorithms=zstd,zlib", f"--db-zstd-compression-level={level}")
        assert got.compression == OFFERED[server.flavour][-1]
    for option, said in [("--db-zstd-compression-level=23", "23"), ("--zstd-compression-level=0", "0"),
                         ("--db-compression-algorithms=gzip", "'gzip' is no compression algorithm")]:
        refused = login(at, "app", "secret-1", option)
        assert not refused.ok and said in refused.text


def test_a_server_that_permits_no_other(module_servers, shared_folder):
    server = module_servers("mysql-9.7", *certs.shows(certs.copied(shared_folder), "server"))
    at, held = addresses(server)["tcp"], server.connect("mysql").cursor()       # nobody else could set it back
    held.execute("SET GLOBAL protocol_compression_algorithms = 'zstd'")
    try:
        assert "Invalid compression algorithm 'uncompressed'" in login(at, "app", "secret-1").text
        assert "the server offers zstd, and not" in login(at, "app", "secret-1", "--compression-algorithms=zlib").text
        assert login(at, "app", "secret-1", "--compression-algorithms=zlib,zstd").compression == "zstd"
    finally:
        held.execute("SET GLOBAL protocol_compression_algorithms = DEFAULT")

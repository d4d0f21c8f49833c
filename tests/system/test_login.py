"""Logins of our own to servers of each kind: every plugin, from the greeting to the OK."""
import pytest

from lib import servers
from lib.login import addresses, login

MARIADB = [flavour for flavour in servers.KINDS if flavour.startswith("mariadb")]
DENIED = "server 1045 Access denied for user"
LONG = "p" * 255                    # longer than an RSA key of 2048 bits takes

# What the client sends: its response, and
ANSWER, PASSWORD, KEY_AND_PASSWORD = 1, 2, 3


@pytest.fixture(scope="module")
def mysql(module_servers):
    server = module_servers("mysql-9.7")
    server.sql("CREATE USER app IDENTIFIED BY 'secret-1', other IDENTIFIED BY 'secret-2', empty_one, "
               f"long_one IDENTIFIED BY '{LONG}', "
               "s256 IDENTIFIED WITH sha256_password BY 'secret-1', s256_empty IDENTIFIED WITH sha256_password BY ''")
    return server


def forget(server):
    """Empties the cache that makes a password's hash enough."""
    server.sql("FLUSH PRIVILEGES")


@pytest.mark.parametrize("way, sent", [("socket", PASSWORD), ("tcp", KEY_AND_PASSWORD)])
def test_caching_sha2_shows_the_password_once(mysql, way, sent):
    forget(mysql)
    assert login(addresses(mysql)[way], "app", "secret-1").sent == sent
    for at in addresses(mysql).values():                    # and from then on, by any way,
        assert login(at, "app", "secret-1").sent == ANSWER
    forget(mysql)
    assert login(addresses(mysql)[way], "app", "secret-1").sent == sent


@pytest.mark.parametrize("way", ["socket", "tcp"])
@pytest.mark.parametrize("cached", [False, True])
def test_caching_sha2_refuses_what_is_wrong(mysql, way, cached):
    forget(mysql)
    at = addresses(mysql)[way]
    if cached:
        assert login(at, "app", "secret-1").ok
    for user, password in [("app", "secret-2"), ("app", "secret-1 "), ("app", ""), ("empty_one", "x")]:
        assert DENIED in login(at, user, password).text
    assert login(at, "app", "secret-1").ok


@pytest.mark.parametrize("way", ["socket", "tcp"])
def test_an_empty_password_is_an_empty_answer(mysql, way):
    forget(mysql)
    assert login(addresses(mysql)[way], "empty_one").sent == ANSWER


def test_a_long_password_is_shown_only_where_it_need_not_be_encrypted(mysql):
    forget(mysql)
    refused = login(addresses(mysql)["tcp"], "long_one", LONG).text
    assert "the password is too long to be encrypted with the server's key of 2048 bits" in refused
    assert "connect by TLS or a unix socket" in refused
    assert login(addresses(mysql)["socket"], "long_one", LONG).sent == PASSWORD
    assert login(addresses(mysql)["tcp"], "long_one", LONG).sent == ANSWER


@pytest.mark.parametrize("way", ["socket", "tcp"])
def test_sha256_password(mysql, way):
    at = addresses(mysql)[way]
    assert login(at, "s256", "secret-1").sent == 3          # the switch's answer asks for the key
    assert login(at, "s256_empty").sent == 2
    for user, password in [("s256", "secret-2"), ("s256", ""), ("s256_empty", "x")]:
        assert DENIED in login(at, user, password).text


@pytest.mark.parametrize("way", ["socket", "tcp"])
def test_an_unknown_account_is_denied_as_any(mysql, way):
    # MySQL has such a one speak some plugin, by its name: all of them come to be tried.
    for n in range(12):
        assert DENIED in login(addresses(mysql)[way], f"nobody_{n}", "secret-1").text


@pytest.fixture(scope="module", params=MARIADB)
def mariadb(module_servers, request):
    server = module_servers(request.param, "--plugin-maturity=unknown")
    server.sql("INSTALL SONAME 'auth_ed25519'")
    server.sql("CREATE USER native IDENTIFIED BY 'secret-1', ed25519 IDENTIFIED VIA ed25519 USING PASSWORD('secret-1'), "
               "either IDENTIFIED VIA ed25519 USING PASSWORD('x') OR mysql_native_password USING PASSWORD('secret-1')")
    return server


@pytest.mark.parametrize("way", ["socket", "tcp"])
@pytest.mark.parametrize("user, sent", [("native", 1), ("ed25519", 2), ("either", 3)])
def test_mariadbs_plugins(mariadb, user, sent, way):
    at = addresses(mariadb)[way]
    assert login(at, user, "secret-1").sent == sent
    for password in ["secret-2", "secret-1 ", "", "x" * 255]:
        assert DENIED in login(at, user, password).text


def test_ed25519_with_any_password(mariadb):
    # The public key's sign is one or the other, by the password.
    for n in range(8):
        mariadb.sql(f"CREATE USER ed_{n} IDENTIFIED VIA ed25519 USING PASSWORD('{'p' * n + 'secret'}')")
        assert login(addresses(mariadb)["socket"], f"ed_{n}", "p" * n + "secret").ok


def test_parsec(module_servers):
    server = module_servers("mariadb-11.8", "--plugin-maturity=unknown")
    server.sql("INSTALL SONAME 'auth_parsec'")
    server.sql("CREATE USER parsec IDENTIFIED VIA parsec USING PASSWORD('secret-1'), "
               "parsec_empty IDENTIFIED VIA parsec USING PASSWORD('')")
    for at in addresses(server).values():
        assert login(at, "parsec", "secret-1").sent == 3
        assert login(at, "parsec_empty").sent == 3
        for user, password in [("parsec", "secret-2"), ("parsec", ""), ("parsec_empty", "x")]:
            assert DENIED in login(at, user, password).text


def test_a_plugin_that_is_not_spoken_is_named(module_servers):
    server = module_servers("mariadb-10.11", "--plugin-maturity=unknown")
    server.sql("INSTALL SONAME 'auth_pam'")
    server.sql("CREATE USER pam_one IDENTIFIED VIA pam")
    refused = login(addresses(server)["tcp"], "pam_one", "secret-1").text
    assert "refused 0 the authentication plugin 'dialog' is not spoken here" in refused
    assert "give the account another one: " in refused

"""Logins of our own by TLS: each kind of server, its plugins, and each mode, from this machine and as if from another."""
import pytest

from lib import certs, servers
from lib.certs import certificate, shows
from lib.login import addresses, all_addresses, elsewhere, login

MODES = ["DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"]
WAYS = ["socket", "tcp", "elsewhere"]
ACCOUNTS = {
    "mariadb-10.11": ["native", "ed25519"],
    "mariadb-11.8": ["native", "ed25519", "parsec"],
    "mysql-9.7": ["caching_sha2_password", "sha256_password"],
}
# The certificate names gate.test and 127.0.0.1; a unix socket is localhost.
MISMATCH = {"socket": "hostname mismatch", "elsewhere": "IP address mismatch"}


@pytest.fixture(scope="module")
def certificates(shared_folder):
    return certs.copied(shared_folder)


EVERYWHERE = "--bind-address=0.0.0.0"


def create_accounts(server):
    if server.flavour == "mysql-9.7":
        for plugin in ACCOUNTS[server.flavour]:
            server.sql(f"CREATE USER {plugin} IDENTIFIED WITH {plugin} BY 'secret-1'")
        return
    server.sql("CREATE USER native IDENTIFIED BY 'secret-1'")
    for plugin in ACCOUNTS[server.flavour][1:]:
        server.sql(f"INSTALL SONAME 'auth_{plugin}'")
        server.sql(f"CREATE USER {plugin} IDENTIFIED VIA {plugin} USING PASSWORD('secret-1')")


@pytest.fixture(scope="module", params=servers.KINDS)
def server(module_servers, certificates, request):
    maturity = ["--plugin-maturity=unknown"] if request.param != "mysql-9.7" else []
    made = module_servers(request.param, *shows(certificates, "server"), EVERYWHERE, *maturity)
    if not made.sql("SELECT user FROM mysql.user WHERE user IN ('native', 'sha256_password')"):
        create_accounts(made)
    return made


def options_of(mode):
    return [f"--db-ssl-mode={mode}"] + ([f"--db-ssl-ca={certificate('ca')}"] if mode.startswith("VERIFY") else [])


def expected(user, mode, way):
    """The version of TLS or "plain"; or what the refusal says."""
    if mode == "VERIFY_IDENTITY" and way in MISMATCH:
        return MISMATCH[way]
    if mode in ("DISABLED", "PREFERRED") and (way != "elsewhere" or mode == "DISABLED"):
        if way == "elsewhere" and user in ACCOUNTS["mysql-9.7"]:
            return f"{user}: the server wants the password itself, and the connection is neither by TLS nor on this machine"
        return "plain"
    return "TLSv1.3"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", MODES)
def test_each_plugin_by_each_mode(server, mode, way):
    if way == "elsewhere" and elsewhere() is None:
        pytest.skip("this machine has no address but loopback's")
    for user in ACCOUNTS[server.flavour]:
        server.sql("FLUSH PRIVILEGES")                  # so that MySQL wants to see the password
        want = expected(user, mode, way)
        got = login(all_addresses(server)[way], user, "secret-1", *options_of(mode))
        assert got.tls == want if got.ok else want in got.text, (user, got)
        assert got.ok == (want in ("plain", "TLSv1.3"))
        if got.ok:
            assert "1045" in login(all_addresses(server)[way], user, "secret-2", *options_of(mode)).text


def test_other_authorities_and_wrong_files(server):
    at = addresses(server)["tcp"]
    user = ACCOUNTS[server.flavour][0]
    for mode in ["VERIFY_CA", "VERIFY_IDENTITY"]:
        refused = login(at, user, "secret-1", f"--db-ssl-mode={mode}", f"--db-ssl-ca={certificate('other-ca')}").text
        # A server may send its authority's along.
        assert any(said in refused for said in ("unable to get local issuer certificate", "self-signed certificate")), refused
        assert "give the certificate of the authority that signed it" in refused
        # Without a file it is the system's authorities, of whom none has signed it.
        assert "the server's certificate is refused: " in login(at, user, "secret-1", f"--db-ssl-mode={mode}").text
    for wrong, said in [(["--db-ssl-ca=/nowhere/ca.pem"], "reading '/nowhere/ca.pem': No such file or directory"),
                        ([f"--db-ssl-ca={certificate('server-key')}"], "reading the certificate authorities of '"),
                        (["--db-ssl-cert=/nowhere/c.pem", "--db-ssl-key=/nowhere/k.pem"], "reading '/nowhere/c.pem'"),
                        (["--db-ssl-cert=x"], "--db-ssl-cert and --db-ssl-key go together")]:
        assert said in refuse_options("--db-ssl-mode=VERIFY_CA", *wrong)
    assert "--db-ssl-ca is for --db-ssl-mode=VERIFY_CA" in refuse_options("--db-ssl-mode=REQUIRED", "--db-ssl-ca=x")
    assert "shown to nobody" in refuse_options("--db-ssl-mode=DISABLED", "--db-ssl-cert=x", "--db-ssl-key=x")


def refuse_options(*options):
    refused = login("127.0.0.1:1", "nobody", "secret-1", *options)
    assert not refused.ok
    return refused.text


def test_an_account_that_wants_a_certificate(server):
    native = "" if server.flavour == "mysql-9.7" else "OR REPLACE "
    server.sql("DROP USER IF EXISTS x509_one")
    server.sql(f"CREATE {native}USER x509_one IDENTIFIED BY 'secret-1' REQUIRE X509")
    at = addresses(server)["tcp"]
    shown = [f"--db-ssl-cert={certificate('client')}", f"--db-ssl-key={certificate('client-key')}"]
    assert login(at, "x509_one", "secret-1", "--db-ssl-mode=required", *shown).tls == "TLSv1.3"
    assert "1045" in login(at, "x509_one", "secret-1", "--db-ssl-mode=required").text
    expired = [f"--db-ssl-cert={certificate('expired')}", f"--db-ssl-key={certificate('expired-key')}"]
    assert not login(at, "x509_one", "secret-1", "--db-ssl-mode=required", *expired).ok


@pytest.mark.parametrize("flavour", servers.KINDS)
def test_a_certificate_that_has_expired_and_an_older_version(module_servers, certificates, flavour, tmp_path):
    server = module_servers(flavour, *shows(certificates, "expired"), "--tls-version=TLSv1.2")
    at = addresses(server)["tcp"]
    server.sql("CREATE USER app IDENTIFIED BY 'secret-1'")
    assert login(at, "app", "secret-1", "--db-ssl-mode=REQUIRED").tls == "TLSv1.2"
    # What the system asks for is not lowered.
    (tmp_path / "openssl.cnf").write_text("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = TLSv1.3\n")
    strict = login(at, "app", "secret-1", "--db-ssl-mode=REQUIRED", env={"OPENSSL_CONF": str(tmp_path / "openssl.cnf")})
    assert "unsupported protocol" in strict.text or "alert protocol version" in strict.text
    refused = login(at, "app", "secret-1", "--db-ssl-mode=VERIFY_CA", f"--db-ssl-ca={certificate('ca')}").text
    assert f"refused 0 TLS with '{at}': the server's certificate is refused: certificate has expired" in refused
    assert "renew it" in refused


@pytest.mark.parametrize("flavour, without", [("mariadb-10.11", []), ("mysql-9.7", ["--tls-version="]),
                                              ("mariadb-11.8", ["--skip-ssl"])])
def test_a_server_without_tls(module_servers, flavour, without):
    server = module_servers(flavour, EVERYWHERE, *without)
    server.sql("CREATE USER app IDENTIFIED BY 'secret-1'")
    for way, at in all_addresses(server).items():
        for mode in ["REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"]:
            refused = login(at, "app", "secret-1", f"--db-ssl-mode={mode}").text
            assert "refused 0 the server does not offer TLS, which is required" in refused
        server.sql("FLUSH PRIVILEGES")
        preferred = login(at, "app", "secret-1")
        if flavour == "mysql-9.7" and way == "elsewhere":
            assert "the server wants the password itself" in preferred.text
        else:
            assert preferred.tls == "plain"


@pytest.mark.parametrize("flavour", ["mysql-9.7", "mariadb-11.8"])
def test_the_certificate_that_a_server_makes_itself(module_servers, flavour):
    server = module_servers(flavour, *getattr(servers.KINDS[flavour], "own_certificate", []))
    server.sql("CREATE USER app IDENTIFIED BY 'secret-1'")
    at = addresses(server)["tcp"]
    assert login(at, "app", "secret-1", "--db-ssl-mode=REQUIRED").tls == "TLSv1.3"
    refused = login(at, "app", "secret-1", "--db-ssl-mode=VERIFY_CA", f"--db-ssl-ca={certificate('ca')}").text
    assert "self-signed certificate" in refused
    if flavour == "mysql-9.7":
        own = f"--db-ssl-ca={server.datadir}/ca.pem"
        assert login(at, "app", "secret-1", "--db-ssl-mode=VERIFY_CA", own).tls == "TLSv1.3"
        assert "mismatch" in login(at, "app", "secret-1", "--db-ssl-mode=VERIFY_IDENTITY", own).text

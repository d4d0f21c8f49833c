"""The servers of each kind that tests can have: what they are, and that nothing is left of them."""
import os
import subprocess

import pytest

from lib import kinds, proc, servers

# How it is set, to what, and where the server is.
GTID_OF = {"mariadb": ("@@gtid_strict_mode", (1,), "@@gtid_binlog_pos"),
           "mysql": ("@@gtid_mode, @@enforce_gtid_consistency", ("ON", "ON"), "@@gtid_executed")}
BINLOG_OF = {"mariadb": "mariadb-binlog", "mysql": "mysqlbinlog"}


def output(server, program, *args):
    return subprocess.run([server.program(program), *args], capture_output=True, text=True, check=True).stdout


def brand(server):
    return kinds.brand(server.flavour)


def version(server):
    return kinds.version(server.flavour)


def make_row(server):
    server.sql("CREATE DATABASE shop")
    server.sql("CREATE TABLE shop.t (id INT PRIMARY KEY, name VARCHAR(20) CHARACTER SET utf8mb4)")
    server.sql("INSERT INTO shop.t VALUES (1, 'läuft')")


def rows(server):
    return server.sql("SELECT id, name FROM shop.t")


@pytest.mark.parametrize("flavour", servers.KINDS)
def test_it_is_what_its_name_says(servers_of, flavour):
    server = servers_of(flavour, "s")
    assert server.sql("SELECT @@version")[0][0].startswith(version(server) + ".")
    assert f" Ver {version(server)}." in output(server, server.daemon, "--version")


@pytest.mark.parametrize("flavour", servers.KINDS)
def test_rows_and_gtids_are_in_its_binlog(servers_of, flavour):
    server = servers_of(flavour, "s")
    settings, wanted, position = GTID_OF[brand(server)]
    assert server.sql(f"SELECT {settings}") == (wanted,)
    assert server.sql("SELECT @@log_bin, @@binlog_format, @@binlog_row_image") == ((1, "ROW", "FULL"),)
    assert server.sql(f"SELECT {position}") == (("",),)
    make_row(server)
    assert rows(server) == ((1, "läuft"),)
    assert server.sql(f"SELECT {position}")[0][0]
    path = os.path.join(server.datadir, "binlog.000001")
    shown = output(server, BINLOG_OF[brand(server)], "--verbose", path)
    assert "### INSERT INTO `shop`.`t`" in shown and "GTID" in shown


@pytest.mark.parametrize("flavour", servers.KINDS)
def test_a_row_outlives_a_kill_and_nothing_outlives_the_test(servers_of, flavour):
    server = servers_of(flavour, "s")
    make_row(server)
    server.kill()
    server.start()
    assert rows(server) == ((1, "läuft"),)
    pid = server.process.pid
    server.stop()
    assert server.process.returncode == 0 and not proc.alive(pid)
    server.remove()
    assert not os.path.exists(server.datadir)
    assert proc.is_free(server.port)


def test_mysqls_client_has_what_a_password_at_mariadb_takes(servers_of):
    server = servers_of("mariadb-10.11", "s")
    server.sql("CREATE USER app@'127.0.0.1' IDENTIFIED BY 'secret'")
    client = servers.KINDS["mysql-9.7"].program("mysql")
    said = subprocess.run([client, "-h127.0.0.1", f"-P{server.port}", "-uapp", "-psecret", "-Ne",
                           "SELECT CURRENT_USER()"],
                          capture_output=True, text=True)
    assert (said.returncode, said.stdout) == (0, "app@127.0.0.1\n"), said.stderr


def test_two_of_mysql_have_names_of_their_own(servers_of):
    one, other = servers_of("mysql-9.7", "one"), servers_of("mysql-9.7", "other")
    assert one.sql("SELECT @@server_uuid") != other.sql("SELECT @@server_uuid")

"""ValidateTablet: what a server must have, each of it met or not, and the statement that mends it is one that does."""
import json
import re

import pytest

from lib import attached, proc, tablets

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

FLAVOURS = ["mariadb-10.11", "mysql-9.7"]
USERS = ["vt_app", "vt_stream", "vt_dba"]
# That a vttablet starts at all: what else is missing the command tells.
TO_START = ["ALL PRIVILEGES ON `\\_switchyard`.*", "CREATE ON customer.*"]


class Validated:
    """A server with accounts that may nothing, and a vttablet beside it."""

    def __init__(self, folder, server):
        self.server = server
        credentials = f"{folder}/credentials.json"
        tablets.write_credentials(credentials)
        server.sql("CREATE DATABASE customer")
        for user in USERS:
            server.sql(f"CREATE USER '{user}'@'127.0.0.1' IDENTIFIED BY 'pw-{user}'")
        for grant in TO_START:
            server.sql(f"GRANT {grant} TO 'vt_dba'@'127.0.0.1'")
        self.cluster = attached.Cluster(folder, [f"127.0.0.1:{server.port}"], credentials)
        self.cluster.start_ctld()
        self.cluster.client("CreateKeyspace", "customer")
        self.cluster.start_tablet("customer", 1, f"127.0.0.1:{server.port}")

    def ask(self):
        """All requirements, by state; the exit status must say whether all are met."""
        done = self.cluster.client("ValidateTablet", "--format", "json", "zone1-1", check=False)
        assert done.stderr == "", done.stderr
        found = json.loads(done.stdout)["requirements"]
        assert done.returncode == (1 if any(r["state"] == "not met" for r in found) else 0)
        return found

    def unmet(self):
        return [r for r in self.ask() if r["state"] != "met"]

    def mend(self):
        """As an administrator who runs what it prints, until nothing is left."""
        for _ in range(4):
            statements = dict.fromkeys(r["mend"] for r in self.unmet())
            if not statements:
                return self
            for sql in statements:
                if sql:
                    self.server.sql(sql.split(", and ")[0])
        raise AssertionError(self.unmet())


@pytest.fixture(params=FLAVOURS)
def validated(request, servers_of, folder):
    made = Validated(folder, servers_of(request.param, "s", "--log-bin-trust-function-creators=0"))
    yield made
    made.cluster.stop()


def grants_of(server, user):
    """Each privilege of an account by itself, and where it is."""
    for line, in server.sql(f"SHOW GRANTS FOR '{user}'@'127.0.0.1'"):
        privileges, place = re.match(r"GRANT (.*) ON (.*) TO ", line).groups()
        for one in re.split(", ?", privileges):
            if one not in ("USAGE", "ALL PRIVILEGES"):
                yield one, place


def test_what_is_printed_mends_and_each_privilege_that_is_taken_away_is_named(validated):
    server = validated.server
    before = validated.unmet()
    assert any("log_bin_trust_function_creators" in r["mend"] for r in before)
    validated.mend()
    # What let the tablet start was more than it needs.
    server.sql(r"REVOKE ALL PRIVILEGES ON `\_switchyard`.* FROM 'vt_dba'@'127.0.0.1'")
    assert {"not met", "warns", "not known"} == {r["state"] for r in validated.unmet()}
    validated.mend()
    taken = 0
    for user in USERS:
        for privilege, place in list(grants_of(server, user)):
            server.sql(f"REVOKE {privilege} ON {place} FROM '{user}'@'127.0.0.1'")
            named = [r for r in validated.unmet() if r["mend"]]
            assert [r["why"].startswith(f"account '{user}' lacks {privilege} ON") for r in named] == [True], named
            server.sql(named[0]["mend"])
            assert validated.unmet() == []
            taken += 1
    assert taken > 30


SETTINGS = [("binlog_row_image", "MINIMAL"), ("completion_type", "CHAIN"),
            ("sql_mode", "ANSI_QUOTES"), ("read_only", "ON")]


def test_each_setting_that_is_not_met_is_named_with_what_mends_it(validated):
    validated.mend()
    for name, value in SETTINGS:
        before = validated.server.sql(f"SELECT @@global.{name}")
        validated.server.sql(f"SET GLOBAL {name} = '{value}'" if not value.startswith("O") else f"SET GLOBAL {name} = {value}")
        named = validated.unmet()
        assert named and all(name in r["why"] and r["state"] == "not met" for r in named), (name, named)
        validated.server.sql(re.match(r"SET GLOBAL \w+=[^, ]+", named[0]["mend"])[0])
        assert validated.unmet() == [], name
        assert name == "sql_mode" or validated.server.sql(f"SELECT @@global.{name}") == before


def test_short_retention_and_a_replica_are_warned_of(validated):
    validated.mend()
    validated.server.sql("SET GLOBAL binlog_expire_logs_seconds = 3600")
    warned = validated.unmet()
    assert [r["state"] for r in warned] == ["warns"] and "3600 seconds" in warned[0]["why"]


def test_a_copy_without_files_is_warned_of_where_it_is_slower(validated):
    validated.mend()
    validated.server.sql("SET GLOBAL local_infile = OFF")
    warned = validated.unmet()
    if validated.server.flavour.startswith("mariadb"):
        assert warned == []
    else:
        assert [(r["state"], r["mend"]) for r in warned] == [("warns", "SET GLOBAL local_infile=ON")]


def test_looking_leaves_nothing_behind_not_even_in_the_binlog(validated):
    validated.mend()
    everything = ("SELECT table_schema, table_name, create_time FROM information_schema.tables WHERE table_schema IN "
                  "('customer', '_switchyard') UNION ALL SELECT routine_schema, routine_name, created FROM "
                  "information_schema.routines WHERE routine_schema = 'customer'")
    validated.server.sql("SET GLOBAL sql_mode = ''")        # a session that takes what it finds too long, and cuts it off
    before = validated.server.place(), validated.server.sql(everything)
    assert all(r["state"] == "met" for r in validated.ask() if "ROUTINE" in r["what"])
    assert (validated.server.place(), validated.server.sql(everything)) == before


def test_people_are_shown_a_line_each(validated):
    done = validated.cluster.client("ValidateTablet", "zone1-1", check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and re.match(r"zone1-1: (MariaDB 10\.11|MySQL 9\.7)", lines[0])
    at = lines.index("not met   account 'vt_app' lacks DELETE ON `customer`.*")
    assert lines[at + 1] == "warns     account 'vt_app' lacks EXECUTE ON `customer`.*, for moves with --with-routines"
    assert lines[at + 2] == "          GRANT SELECT, INSERT, UPDATE, DELETE, EXECUTE ON `customer`.* TO 'vt_app'@'127.0.0.1'"
    assert "met       binlog_format is ROW" in lines
    assert all(re.match("met|not met|warns|not known|      ", line) for line in lines[1:])
    missing = validated.cluster.client("ValidateTablet", "zone1-77", check=False)
    assert missing.returncode == 1 and "zone1-77" in missing.stderr


def test_an_account_that_cannot_log_in_is_named(validated):
    validated.mend()
    validated.server.sql("ALTER USER 'vt_app'@'127.0.0.1' IDENTIFIED BY 'another'")
    named = validated.unmet()
    assert [r["what"] for r in named] == ["account 'vt_app' may log in"]
    assert "another" not in json.dumps(named) and "pw-vt_app" not in json.dumps(named)

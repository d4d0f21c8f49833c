"""A keyspace that has moved whole: what is installed afterwards is made where the others are."""
import json

import pytest

from lib import proc
from lib.combo import Failed

TABLES = "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(99)); INSERT INTO users VALUES (1, 'a');"
PLUGIN = ("CREATE TABLE IF NOT EXISTS plugin (id INT PRIMARY KEY, who INT);"
          "CREATE TABLE IF NOT EXISTS plugin (id INT PRIMARY KEY, who INT);"
          "INSERT INTO plugin VALUES (1, 1);")


@pytest.fixture
def shop(combo):
    combo.up("customer", "new_customer")
    combo.mariadb(TABLES, "customer")
    return combo


def at(combo, keyspace):
    return combo.mariadb("SHOW TABLES", keyspace, port=combo.port("server", keyspace), user="vt_dba").split()


def follows(combo):
    return json.loads(combo.client("GetKeyspace", "customer").stdout)["keyspace"].get("follows", "")


def test_what_a_plugin_makes_joins_the_moved_tables(shop):
    done = shop.client("FollowKeyspace", "customer", "new_customer", check=False)
    assert done.returncode != 0 and "table 'users' is served from it" in done.stderr
    assert follows(shop) == ""
    shop.client("MoveTables", "customer.*", "new_customer")
    shop.client("FollowKeyspace", "customer", "new_customer")
    shop.client("FollowKeyspace", "customer", "new_customer")
    assert follows(shop) == "new_customer"

    def joins():
        """The gate has read it."""
        try:
            shop.mariadb(PLUGIN, "customer")
            return shop.mariadb("SELECT name FROM users JOIN plugin ON who = users.id", "customer").strip() == "a"
        except Failed:
            shop.mariadb("DROP TABLE IF EXISTS plugin", "customer")
            return False
    proc.wait_for(joins, 30, "a table made where the others are")
    assert "plugin" in at(shop, "new_customer") and "plugin" not in at(shop, "customer")
    assert shop.mariadb("SHOW TABLES", "customer").split() == ["plugin", "users"]
    shop.client("FollowKeyspace", "--end", "customer")
    assert follows(shop) == ""
    names = iter(range(100))

    def at_home():
        name = f"own{next(names)}"
        shop.mariadb(f"CREATE TABLE {name} (id INT)", "customer")
        return name in at(shop, "customer")
    proc.wait_for(at_home, 30, "a table of the keyspace's own")
    assert shop.mariadb("SELECT name FROM users JOIN plugin ON who = users.id", "customer").strip() == "a"


@pytest.mark.parametrize("args, said", [
    (["customer", "customer"], "cannot follow itself"), (["customer", "nowhere"], "'nowhere' does not exist"),
    (["customer"], "--end KEYSPACE"), (["--end", "customer", "new_customer"], "--end KEYSPACE")])
def test_what_cannot_be_is_refused(shared_combo, args, said):
    for k in ("customer", "new_customer"):
        shared_combo.client("CreateKeyspace", "--force", k)
    done = shared_combo.client("FollowKeyspace", *args, check=False)
    assert done.returncode != 0 and said in done.stderr


def test_a_move_of_the_whole_keyspace_has_it_follow_there_and_back(shop):
    done = shop.client("MoveTables", "--follow-keyspace", "customer.users", "new_customer", check=False)
    assert done.returncode != 0 and "--follow-keyspace is for a keyspace that moves whole" in done.stderr
    shop.client("MoveTables", "--follow-keyspace", "--workflow", "shop", "customer.*", "new_customer")
    proc.wait_for(lambda: follows(shop) == "new_customer", 30, "the keyspace to follow")
    assert "new tables of customer are made in new_customer" in shop.client("Workflow", "show", "new_customer.shop").stdout

    def made_at(keyspace, name):
        """The gate has read it: a table that it has made is there."""
        shop.mariadb(f"DROP TABLE IF EXISTS {name}; CREATE TABLE {name} (id INT PRIMARY KEY)", "customer")
        return name in at(shop, keyspace)
    proc.wait_for(lambda: made_at("new_customer", "plugin"), 30, "a table made where the others are")
    said = shop.client("MoveTables", "ReverseTraffic", "new_customer.shop").stdout
    assert "note: tables [plugin], which clients made while the keyspace followed, stay where they are." in said
    proc.wait_for(lambda: follows(shop) == "", 30, "the keyspace not to follow any more")
    proc.wait_for(lambda: made_at("customer", "own"), 30, "a table made where the others are again")
    assert "plugin" in at(shop, "new_customer")
    # It has a table of its own now, which the move does not take along: new ones could not be joined with it.
    shop.client("MoveTables", "SwitchTraffic", "new_customer.shop")
    proc.wait_for(lambda: any(e["step"] == "follow" and e["what"] == "failed" and "'own'" in e["text"] for e in
                              shop.workflow(name="shop")["record"]["events"]), 30, "the reason")
    assert follows(shop) == ""

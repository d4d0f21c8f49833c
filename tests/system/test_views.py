"""Views that name moved tables: those that name nothing else move too, the others are named."""
import pytest

from lib import proc
from lib.background import Background
from lib.combo import Failed

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

TABLES = """
CREATE TABLE item (id INT PRIMARY KEY, shop INT NOT NULL, n INT NOT NULL); CREATE TABLE shop (id INT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE stays (id INT PRIMARY KEY);
INSERT INTO shop VALUES (1, 'one'), (2, 'two'); INSERT INTO item SELECT seq, 1 + seq % 2, 0 FROM seq_1_to_100;
"""
MOVING = """
CREATE ALGORITHM=MERGE DEFINER=vt_app@127.0.0.1 SQL SECURITY INVOKER VIEW first AS SELECT id, n, 'é' AS `w``x` FROM item
 WHERE id <= 50 WITH LOCAL CHECK OPTION;
CREATE VIEW `a view` AS SELECT i.id, s.name FROM item i JOIN customer.shop s ON s.id = i.shop;
CREATE VIEW on_views AS SELECT f.id, v.name, (SELECT MAX(n) FROM item) AS most FROM first f JOIN `a view` v ON v.id = f.id;
CREATE VIEW with_cte AS WITH c AS (SELECT id FROM item) SELECT COUNT(*) AS n FROM c;
CREATE ALGORITHM=TEMPTABLE VIEW counted AS SELECT shop, COUNT(*) AS n FROM item GROUP BY shop;
"""
STAYING = "CREATE VIEW half AS SELECT item.id FROM item JOIN stays ON stays.id = item.id; CREATE VIEW above AS SELECT * FROM half"
MOVE = ("MoveTables", "customer.item,shop", "new_customer")


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


def views(combo, keyspace):
    names = at(combo, keyspace, "SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE() ORDER BY 1")
    return {n: at(combo, keyspace, f"SHOW CREATE VIEW `{n}`") for n in names.split("\n") if n}


@pytest.fixture
def fresh(combo):
    combo.up("customer", "new_customer")
    at(combo, "customer", "SET NAMES utf8mb4; " + TABLES + MOVING)
    return combo


class Counter(Background):
    """Writes through a view and reads through others."""

    def __init__(self, combo, key):
        super().__init__(combo)
        self.key = key

    def one(self, cur):
        cur.execute("UPDATE first SET n = n + 1 WHERE id = %s", (self.key,))
        self.done += 1
        cur.execute("SELECT n FROM first WHERE id = %s", (self.key,))
        assert cur.fetchall() == ((self.done,),)
        cur.execute("SELECT COUNT(*) FROM on_views o JOIN counted c JOIN shop s ON s.id = c.shop WHERE o.id = %s", (self.key,))
        assert cur.fetchall() == ((2,),)


def test_views_move_with_their_tables_under_load(fresh):
    before = views(fresh, "customer")
    assert len(before) == 5
    said = fresh.client(*MOVE, check=False)
    assert said.returncode == 1 and " and 2 more name tables of the set" in said.stderr
    assert "--with-views" in said.stderr
    counters = [Counter(fresh, key) for key in (7, 8, 9)]
    for c in counters:
        c.start()
    try:
        said = fresh.client("MoveTables", "--with-views", *MOVE[1:]).stdout
        seen = [c.done for c in counters]
        proc.wait_for(lambda: all(c.done > n + 5 or c.failed for c, n in zip(counters, seen)), 60, "counters to go on")
    finally:
        for c in counters:
            c.end()
    assert "made at the target before the switch: views 'customer.a view', 'customer.counted', 'customer.first'" in said
    assert views(fresh, "new_customer") == before
    for c in counters:
        assert at(fresh, "new_customer", f"SELECT n FROM item WHERE id = {c.key}") == str(c.done)
    # Under either name, and both in one statement; what the view does not let through it still does not.
    assert fresh.mariadb("SELECT COUNT(*) FROM customer.first a JOIN new_customer.first b USING (id)", "customer").strip() == "50"
    with pytest.raises(Failed, match="1369"):
        fresh.mariadb("UPDATE first SET id = 200 WHERE id = 50", "customer")
    assert fresh.mariadb("SELECT n FROM with_cte", "customer").strip() == "100"


def test_a_view_of_a_table_that_stays_is_named(fresh):
    at(fresh, "customer", STAYING)
    before = views(fresh, "customer")
    said = fresh.client("MoveTables", "--with-views", *MOVE[1:], check=False)
    assert said.returncode == 1 and "view 'customer.half' names the table 'customer.item'" in said.stderr
    assert "'customer.first'" not in said.stderr and views(fresh, "new_customer") == {}
    said = fresh.client("MoveTables", "--with-views", "--force", *MOVE[1:]).stdout
    assert "'customer.half'" in said
    assert views(fresh, "new_customer") == {n: v for n, v in before.items() if n not in ("half", "above")}


def test_a_view_that_cannot_be_read_there_is_told_and_a_cancelled_move_leaves_none(fresh):
    at(fresh, "customer", "CREATE DEFINER=nobody@nowhere VIEW strange AS SELECT * FROM shop")
    said = fresh.client("MoveTables", "--with-views", *MOVE[1:], check=False)
    assert said.returncode == 1 and "view 'customer.strange' cannot be read" in said.stderr
    # One whose definer is at the source alone.
    at(fresh, "customer", "CREATE USER author@localhost; GRANT SELECT ON customer.* TO author@localhost; DROP VIEW strange;"
       " CREATE DEFINER=author@localhost VIEW strange AS SELECT * FROM shop")
    fresh.client("MoveTables", "--with-views", "--detach", *MOVE[1:])

    def text():
        return fresh.api("workflow_show", workflow="new_customer/customer")["record"]["state_text"]
    proc.wait_for(lambda: "view 'new_customer.strange' cannot be read at the target" in text(), 120, "the view to be told", text)
    assert len(views(fresh, "new_customer")) == 6
    fresh.client("Workflow", "delete", "new_customer.customer")
    assert at(fresh, "new_customer", "SHOW TABLES") == "" and len(views(fresh, "customer")) == 6
    assert fresh.mariadb("SELECT COUNT(*) FROM first", "customer").strip() == "50"


def test_a_name_that_is_taken_at_the_target_is_refused(fresh):
    at(fresh, "new_customer", "CREATE TABLE first (id INT PRIMARY KEY)")
    said = fresh.client("MoveTables", "--with-views", *MOVE[1:], check=False)
    assert said.returncode == 1 and "'new_customer.first' exists at the target" in said.stderr
    assert at(fresh, "new_customer", "SHOW TABLES") == "first"


def test_views_come_back_and_leave_nothing_at_the_end(fresh):
    before = views(fresh, "customer")
    move = ("MoveTables", "--with-views", *MOVE[1:])
    fresh.client(*move)
    fresh.client("MoveTables", "ReverseTraffic", "new_customer.customer")
    assert views(fresh, "customer") == before and views(fresh, "new_customer") == before
    fresh.mariadb("UPDATE first SET n = 5 WHERE id = 50", "customer")
    assert at(fresh, "customer", "SELECT n FROM item WHERE id = 50") == "5"
    fresh.client("MoveTables", "Cancel", "new_customer.customer")
    assert at(fresh, "new_customer", "SHOW TABLES") == ""
    # Under other names the old tables are nobody's; a view of them would be broken, and in the way of the next move.
    fresh.client(*move)
    fresh.client("MoveTables", "Complete", "--rename-tables", "new_customer.customer")
    assert at(fresh, "customer", "SHOW TABLES").split() == ["_item_old", "_shop_old", "stays"]
    fresh.client("MoveTables", "--with-views", "--workflow=home", "new_customer.item,shop", "customer")
    assert views(fresh, "customer") == before
    # One that was kept is dropped as its tables are, when nobody is served from it.
    refused = fresh.client("DropTable", "customer.first", check=False)
    assert refused.returncode == 1 and "is served" in refused.stderr
    fresh.client("DropTable", "new_customer.first,item,shop")
    assert len(views(fresh, "new_customer")) == 4 and fresh.mariadb("SELECT n FROM first WHERE id = 50", "customer").strip() == "5"

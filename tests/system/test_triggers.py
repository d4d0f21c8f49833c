"""Triggers of clients: they go with their tables, fire once for each write, and stand at the side that serves and nowhere else."""
import pytest

from lib import proc, stored
from lib.background import Background
from lib.stored import at, make

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

# In their own order, two at one event; of different modes; one by somebody else, whose name needs quotes.
TRIGGERS = [
    "CREATE TRIGGER counts BEFORE UPDATE ON item FOR EACH ROW SET NEW.changed = OLD.changed + 1",
    "CREATE TRIGGER `second one` BEFORE UPDATE ON item FOR EACH ROW BEGIN\n  -- é\n  DECLARE w VARCHAR(40) DEFAULT CONCAT('w', NEW.changed);\n"
    "  IF NEW.n <> OLD.n THEN SET NEW.word = w; END IF;\nEND",
    "CREATE DEFINER='some''body'@'localhost' TRIGGER tells AFTER UPDATE ON item FOR EACH ROW\n"
    "INSERT INTO audit (item, was, what) SELECT i.id, OLD.n, 'update' FROM item i WHERE i.id = NEW.id",
    "CREATE TRIGGER gone AFTER DELETE ON item FOR EACH ROW INSERT INTO audit (item, was, what) VALUES (OLD.id, OLD.n, 'delete')",
]
MODES = {TRIGGERS[0]: "", TRIGGERS[3]: "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"}
MOVE = ("MoveTables", "customer.item,audit", "new_customer", "--workflow", "shop")
WORKFLOW = "new_customer.shop"


def triggers(combo, keyspace):
    """What is to be the same wherever they are; a fence's are left out."""
    names = at(combo, keyspace, "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() "
               "AND trigger_name NOT LIKE '\\_switchyard%' ORDER BY event_object_table, CONCAT(event_manipulation, action_timing), action_order")
    return [at(combo, keyspace, f"SELECT definer, sql_mode, character_set_client, collation_connection, database_collation, action_timing, "
               f"event_manipulation, action_statement FROM information_schema.triggers WHERE trigger_name = '{n}'")
            for n in names.split("\n") if n]


def up(combo, **more):
    return stored.up(combo, TRIGGERS, MODES, **more)


@pytest.fixture
def fresh(combo):
    return up(combo)


class Counter(Background):
    pause_s = 0.005

    def __init__(self, combo, key):
        super().__init__(combo)
        self.key = key

    def one(self, cur):
        cur.execute("UPDATE item SET n = n + 1 WHERE id = %s", (self.key,))
        self.done += 1
        cur.execute("SELECT n, changed, word FROM item WHERE id = %s", (self.key,))
        assert cur.fetchall() == ((self.done, self.done, f"w{self.done}"),)


def rows(combo, keyspace):
    return at(combo, keyspace, "SELECT * FROM item ORDER BY id; SELECT * FROM audit ORDER BY id")


def check(combo, serves, other, before):
    assert triggers(combo, serves) == before
    assert triggers(combo, other) == []
    proc.wait_for(lambda: rows(combo, "customer") == rows(combo, "new_customer"), 30, "both sides to be equal")


def go_on(counters, more=5):
    seen = [c.done for c in counters]
    proc.wait_for(lambda: all(c.done > n + more or c.failed for c, n in zip(counters, seen)), 60, "counters to go on")


def test_they_go_there_and_back_under_load(fresh):
    before = triggers(fresh, "customer")
    assert len(before) == len(TRIGGERS)
    counters = [Counter(fresh, key) for key in (1, 2, 3)]
    for c in counters:
        c.start()
    try:
        said = fresh.client(*MOVE).stdout
        go_on(counters)
        for direction in "ReverseTraffic", "SwitchTraffic":
            fresh.client("MoveTables", direction, WORKFLOW)
            go_on(counters)
    finally:
        for c in counters:
            c.end()
    assert "made at the target in the switch, while writes wait: triggers '" in said
    assert all(f"'{name}'" in said for name in ("counts", "second one", "tells", "gone"))
    check(fresh, "new_customer", "customer", before)
    for c in counters:
        assert at(fresh, "new_customer", f"SELECT COUNT(*), COUNT(DISTINCT was) FROM audit WHERE item = {c.key}") == f"{c.done}\t{c.done}"
    fresh.mariadb("DELETE FROM item WHERE id = 8", "customer")
    assert at(fresh, "new_customer", "SELECT was, what FROM audit WHERE item = 8") == "0\tdelete"
    fresh.client("MoveTables", "Complete", WORKFLOW)
    assert triggers(fresh, "new_customer") == before


def test_what_is_made_or_dropped_meanwhile_counts(fresh):
    """A trigger changes no row by itself: the stream goes on, and the switch takes those that are there then."""
    fresh.client("MoveTables", "--no-switch", *MOVE[1:])
    at(fresh, "customer", "DROP TRIGGER counts; DROP TRIGGER `second one`")
    make(fresh, "CREATE TRIGGER late BEFORE INSERT ON item FOR EACH ROW SET NEW.word = 'late'")
    fresh.mariadb("INSERT INTO item (id, n) VALUES (100, 1); UPDATE item SET n = 5 WHERE id = 1", "customer")
    before = triggers(fresh, "customer")
    fresh.client("MoveTables", "SwitchTraffic", WORKFLOW)
    check(fresh, "new_customer", "customer", before)
    fresh.mariadb("INSERT INTO item (id, n) VALUES (101, 1)", "customer")
    assert at(fresh, "new_customer", "SELECT word, changed FROM item WHERE id IN (1, 100, 101)") == "NULL\t0\nlate\t0\nlate\t0"
    make(fresh, "CREATE TRIGGER later BEFORE DELETE ON item FOR EACH ROW SET @a = 1", "new_customer")
    before = triggers(fresh, "new_customer")
    fresh.client("MoveTables", "ReverseTraffic", WORKFLOW)
    check(fresh, "customer", "new_customer", before)


def test_one_that_is_made_where_nobody_is_served_closes_the_way_back(fresh):
    """It would fire for rows that have fired already."""
    fresh.client(*MOVE)
    fresh.client("MoveTables", "ReverseTraffic", WORKFLOW)
    fresh.client("MoveTables", "SwitchTraffic", WORKFLOW)
    make(fresh, "CREATE TRIGGER foreign_one BEFORE INSERT ON item FOR EACH ROW SET NEW.word = 'x'")
    at(fresh, "customer", "DROP TRIGGER foreign_one")       # whatever it did is done
    fresh.mariadb("UPDATE item SET n = 1 WHERE id = 1", "customer")
    said = proc.wait_for(lambda: (s := fresh.client("MoveTables", "ReverseTraffic", WORKFLOW, "--dry-run", check=False)).returncode and s.stderr,
                         10, "the way back to be closed")
    assert "ran a statement on table 'customer.item'" in said and "foreign_one" in said, said


@pytest.mark.parametrize("fault", ["trigger.make.before=error@3"])
def test_an_attempt_that_fails_leaves_none(combo, fault):
    up(combo, env={"SWITCHYARD_FAULTS": fault})
    before = triggers(combo, "customer")
    counter = Counter(combo, 1)
    counter.start()
    try:
        combo.client(*MOVE)
        go_on([counter])
    finally:
        counter.end()
    record = combo.api("workflow_show", workflow="new_customer/shop")["record"]
    assert record["attempt"] > 1
    check(combo, "new_customer", "customer", before)
    assert at(combo, "new_customer", "SELECT COUNT(*) FROM audit WHERE item = 1") == str(counter.done)


def test_a_tablet_that_dies_while_it_makes_them_leaves_none(combo):
    up(combo, env={"SWITCHYARD_FAULTS": "trigger.make.before=kill@3"})
    before = triggers(combo, "customer")
    counter = Counter(combo, 1)
    counter.start()
    try:
        assert combo.client(*MOVE, "--switch-attempts", "1", check=False).returncode == 1
        go_on([counter])
        proc.wait_for(lambda: triggers(combo, "new_customer") == [], 30, "the attempt to be undone")
        at(combo, "customer", "DROP TRIGGER gone")
        at(combo, "customer", "DROP TRIGGER tells")     # no third one, so it lives
        combo.client(*MOVE, timeout=60)
        go_on([counter])
    finally:
        counter.end()
    check(combo, "new_customer", "customer", before[2:])


REFUSED = [
    ("INSERT INTO stays VALUES (NEW.id)", "names table 'stays', which does not move with it"),
    ("INSERT INTO customer.audit (item, what) VALUES (1, 'x')", "names database 'customer'"),
    ("SET NEW.n = twice(NEW.n)", "calls a routine ('twice'), and no trigger that does so moves"),
    ("SET NEW.word = DATABASE()", "asks which database it is in"),
]


def test_what_would_do_something_else_there_is_refused(fresh):
    at(fresh, "customer", "SET GLOBAL log_bin_trust_function_creators = 1; CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN 2 * n")
    for body, words in REFUSED:
        make(fresh, f"CREATE TRIGGER odd BEFORE INSERT ON item FOR EACH ROW {body}")
        said = fresh.client(*MOVE, check=False)
        assert said.returncode == 1 and f"trigger 'odd' of table 'customer.item' {words}" in said.stderr, said.stderr
        at(fresh, "customer", "DROP TRIGGER odd")
    # A trigger of a table that stays would go on looking for one that has moved.
    make(fresh, "CREATE TRIGGER staying AFTER INSERT ON stays FOR EACH ROW INSERT INTO audit (item, what) VALUES (1, 'x')")
    assert "trigger 'customer.staying' names" in fresh.client(*MOVE, check=False).stderr
    at(fresh, "customer", "DROP TRIGGER staying")
    at(fresh, "new_customer", "DROP USER 'some''body'@localhost")
    said = fresh.client(*MOVE, check=False).stderr
    assert "a trigger of table 'item' would fail at" in said and "some'body" in said, said
    assert at(fresh, "new_customer", "SHOW TABLES") == "" and at(fresh, "customer", "SHOW TABLES").split("\n") == ["audit", "item", "stays"]
    at(fresh, "new_customer", "CREATE USER 'some''body'@localhost")
    said = fresh.client(*MOVE, check=False).stderr
    assert "some'body" in said and "denied" in said, said


def test_the_rehearsal_says_what_moves(fresh):
    fresh.client("MoveTables", "--no-switch", *MOVE[1:])
    said = fresh.client("MoveTables", "SwitchTraffic", "--dry-run", WORKFLOW).stdout
    assert "Create trigger tells of table item on keyspace new_customer" in said
    make(fresh, "CREATE TRIGGER early BEFORE INSERT ON item FOR EACH ROW SET NEW.word = 'x'", "new_customer")
    said = fresh.client("MoveTables", "SwitchTraffic", WORKFLOW, "--switch-attempts", "1", check=False)
    assert said.returncode == 1 and "has the trigger 'early'" in said.stderr


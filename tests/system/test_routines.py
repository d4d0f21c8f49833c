"""Stored functions and procedures that move with the tables they name: called throughout, where the tables serve."""
import os
import signal
import threading

import pymysql
import pytest

from lib import cases, kinds, proc, stored
from lib.background import Background
from lib.combo import Failed
from lib.stored import at, make

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

# Names in any case, one with a quote; by others; of different modes; with temporary tables; one calls the other.
ROUTINES = [
    "CREATE PROCEDURE raise(IN which INT, OUT now_n INT) MODIFIES SQL DATA COMMENT 'it''s'\nBEGIN\n  -- é\n"
    "  INSERT INTO audit (item, was) SELECT id, n FROM item WHERE id = which;\n"
    "  UPDATE item SET n = n + 1 WHERE id = which;\n  SET now_n = current_n(which);\nEND",
    "CREATE FUNCTION current_n(which INT) RETURNS INT READS SQL DATA SQL SECURITY INVOKER RETURN (SELECT n FROM item WHERE id = which)",
    "CREATE DEFINER='some''body'@'localhost' PROCEDURE `all of``them`() BEGIN CREATE TEMPORARY TABLE tmp AS SELECT id FROM item;"
    " SELECT COUNT(*) AS many FROM tmp; DROP TEMPORARY TABLE tmp; END",
    "CREATE PROCEDURE raise_it(which INT) BEGIN DECLARE x INT; CALL raise(which, x); SELECT x; END",
    "CREATE FUNCTION Twice(x INT) RETURNS INT DETERMINISTIC RETURN 2 * x",
]
STAYING = [
    "CREATE PROCEDURE stays_one() SELECT COUNT(*) FROM stays",
    "CREATE PROCEDURE runs_text(IN t TEXT) BEGIN SET @t = t; PREPARE s FROM @t; EXECUTE s; END",
]
MOVING = ["Twice", "all of`them", "current_n", "raise", "raise_it"]
MOVE = ("MoveTables", "--with-routines", "customer.item,audit", "new_customer", "--workflow", "shop")
WORKFLOW = "new_customer.shop"


def routines(combo, keyspace):
    """What is to be the same wherever they are. MariaDB says how wide an integer is, and has a mode more, which MySQL does not."""
    rows = at(combo, keyspace, "SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY 2")
    found = [r.split("\t") for r in rows.split("\n") if r]
    shown = {name: at(combo, keyspace, "SHOW CREATE %s `%s`" % (kind, name.replace("`", "``"))) for kind, name in found}
    mixed = len(set(map(kinds.brand, kinds.wanted()))) > 1
    return {name: text.replace("RETURNS int(11)", "RETURNS int").replace("NO_AUTO_CREATE_USER,", "" if mixed else "NO_AUTO_CREATE_USER,")
            for name, text in shown.items()}


MODES = {ROUTINES[2]: "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"}


def up(combo, **more):
    return stored.up(combo, ROUTINES, MODES, **more)


@pytest.fixture
def fresh(combo):
    return up(combo)


class Caller(Background):
    """Each call answers, and with what the ones before have done."""
    pause_s = 0.003

    def __init__(self, combo, key):
        super().__init__(combo)
        self.key = key

    def one(self, cur):
        cur.execute(f"CALL raise_it({self.key})")
        self.done += 1
        assert cur.fetchall() == ((self.done,),)
        cur.execute("SELECT current_n(%s), i.n FROM item AS i WHERE id = %s", (self.key, self.key))
        assert cur.fetchall() == ((self.done, self.done),)
        cur.execute("SELECT TWICE(current_n(%s)), customer.current_n(%s)", (self.key, self.key))
        assert cur.fetchall() == ((2 * self.done, self.done),)
        cur.execute("SELECT twice(id) FROM stays")      # beside a table that stays
        assert cur.fetchall() == ((14,),)


def go_on(callers, more=5):
    seen = [c.done for c in callers]
    proc.wait_for(lambda: all(c.done > n + more or c.failed for c, n in zip(callers, seen)), 60, "callers to go on")


def check_rows(combo, callers):
    for c in callers:
        for keyspace in ("customer", "new_customer"):
            proc.wait_for(lambda: at(combo, keyspace, f"SELECT COUNT(*), COUNT(DISTINCT was) FROM audit WHERE item = {c.key}")
                          == f"{c.done}\t{c.done}", 30, "both sides to have each call once")


def under_load(combo, what):
    callers = [Caller(combo, key) for key in (1, 2, 3)]
    for c in callers:
        c.start()
    try:
        what(callers)
    finally:
        for c in callers:
            c.end()
    return callers


def test_they_go_there_and_back_under_load(fresh):
    before = routines(fresh, "customer")
    assert sorted(before) == MOVING
    for sql in STAYING:
        make(fresh, sql)
    said = []

    def there_and_back(callers):
        said.append(fresh.client(*MOVE).stdout)
        go_on(callers)
        for direction in "ReverseTraffic", "SwitchTraffic":
            fresh.client("MoveTables", direction, WORKFLOW)
            go_on(callers)
    callers = under_load(fresh, there_and_back)
    check_rows(fresh, callers)
    assert routines(fresh, "new_customer") == before
    assert "made at the target before the switch: procedure 'all of`them', function 'current_n', procedure 'raise', procedure 'raise_it'" in said[0]
    assert "procedure 'customer.stays_one' (names 'stays', which does not move)" in said[0] and "runs SQL from strings" in said[0]
    # Under any name, with the columns that the client has asked for; and what is shown, changed and dropped is what serves.
    assert fresh.mariadb("CALL customer.`all of``them`(); CALL new_customer.RAISE(4, @x); SELECT @x", "customer").split() == ["8", "1"]
    conn = pymysql.connect(host="127.0.0.1", port=fresh.gate_port, user="app", database="customer", autocommit=True)
    with conn.cursor() as cur:
        cur.execute("SELECT current_n(1), Twice(2)")
        assert [d[0] for d in cur.description] == ["current_n(1)", "Twice(2)"]
        cur.execute("SHOW CREATE FUNCTION current_n")
        assert cur.fetchone()[0] == "current_n"
        cur.execute("DROP FUNCTION current_n")
        cur.execute("CREATE FUNCTION current_n(which INT) RETURNS INT READS SQL DATA RETURN (SELECT 100 + n FROM item WHERE id = which)")
        cur.execute("SELECT current_n(5)")
        assert cur.fetchone() == (100,)
    changed = routines(fresh, "new_customer")
    assert "100 + n" in changed["current_n"] and "100 + n" not in routines(fresh, "customer")["current_n"]
    fresh.client("MoveTables", "ReverseTraffic", WORKFLOW)      # as they are by now
    assert {n: r for n, r in routines(fresh, "customer").items() if n in MOVING} == changed
    with conn.cursor() as cur:
        cur.execute("SELECT current_n(5)")
        assert cur.fetchone() == (100,)
        cur.execute("DROP PROCEDURE raise_it")
        cur.execute("DROP PROCEDURE raise")
    fresh.client("MoveTables", "SwitchTraffic", WORKFLOW)
    assert sorted(routines(fresh, "new_customer")) == ["Twice", "all of`them", "current_n"]
    fresh.client("MoveTables", "Complete", WORKFLOW)
    assert sorted(routines(fresh, "customer")) == ["Twice", "runs_text", "stays_one"]
    assert fresh.mariadb("SELECT current_n(5), twice(4); SELECT Twice(id) FROM stays; CALL stays_one()", "customer").split() == ["100", "8", "14", "1"]


def test_a_mode_that_goes_without_saying_at_mysql_keeps_nothing_back(combo):
    """MariaDB has it by default."""
    mode = "STRICT_ALL_TABLES,NO_AUTO_CREATE_USER" if kinds.brand(kinds.wanted()[0]) == "mariadb" else "STRICT_ALL_TABLES"
    made = [*ROUTINES[:2], "CREATE TRIGGER tells AFTER DELETE ON item FOR EACH ROW INSERT INTO audit (item, was) VALUES (OLD.id, OLD.n)"]
    stored.up(combo, made, {sql: mode for sql in made})
    before = routines(combo, "customer")
    combo.client(*MOVE)
    combo.mariadb("CALL raise(5, @x); DELETE FROM item WHERE id = 5", "customer")
    assert at(combo, "new_customer", "SELECT was FROM audit WHERE item = 5 ORDER BY id") == "0\n1"
    modes = "SELECT sql_mode FROM information_schema.routines WHERE routine_schema = DATABASE() UNION ALL SELECT sql_mode FROM " \
            "information_schema.triggers WHERE trigger_schema = DATABASE() AND trigger_name = 'tells'"
    there = mode if kinds.brand(kinds.wanted()[1]) == "mariadb" else "STRICT_ALL_TABLES"
    assert at(combo, "new_customer", modes).split() == [there] * 3
    combo.client("MoveTables", "ReverseTraffic", WORKFLOW)
    assert routines(combo, "customer") == before
    assert at(combo, "customer", modes.split(" UNION ")[0]).split() == [mode] * 2      # those that it had are left as they were
    combo.mariadb("DELETE FROM item WHERE id = 6", "customer")
    assert at(combo, "customer", "SELECT was FROM audit WHERE item = 6") == "0"


def test_without_the_option_they_are_named(fresh):
    said = fresh.client("MoveTables", *MOVE[2:], check=False)
    assert said.returncode == 1 and "routine 'customer.raise'" in said.stderr and "--with-routines" in said.stderr
    assert routines(fresh, "new_customer") == {}


def test_a_dry_run_says_what_moves_and_makes_nothing(fresh):
    said = fresh.client("MoveTables", "--dry-run", *MOVE[1:]).stdout
    assert "made at the target before the switch: procedure 'all of`them'" in said
    assert routines(fresh, "new_customer") == {} and at(fresh, "new_customer", "SHOW TABLES") == ""


def test_cancel_takes_what_the_move_has_made(fresh):
    make(fresh, ROUTINES[4], "new_customer")
    before = routines(fresh, "customer")
    fresh.client("MoveTables", "--no-switch", *MOVE[1:])
    proc.wait_for(lambda: routines(fresh, "new_customer") == before, 60, "the routines to be made")
    fresh.client("MoveTables", "Cancel", WORKFLOW)
    assert list(routines(fresh, "new_customer")) == ["Twice"] and routines(fresh, "customer") == before
    fresh.client(*MOVE)
    fresh.client("MoveTables", "ReverseTraffic", WORKFLOW)
    fresh.client("MoveTables", "Cancel", WORKFLOW)
    assert list(routines(fresh, "new_customer")) == ["Twice"] and routines(fresh, "customer") == before
    assert fresh.mariadb("SELECT current_n(5), twice(4)", "customer").split() == ["0", "8"]


REFUSED = [
    ("CREATE PROCEDURE odd() SELECT COUNT(*) FROM item JOIN stays ON stays.id = item.id", "routine 'customer.odd' names"),
    ("CREATE PROCEDURE odd() SELECT COUNT(*) FROM customer.item", "routine 'customer.odd' names"),
    ("CREATE PROCEDURE odd() BEGIN SELECT COUNT(*) FROM item; CALL nowhere(); END", "routine 'customer.odd' names"),
    # It names no table of the set itself.
    ("CREATE PROCEDURE odd() BEGIN SELECT COUNT(*) FROM stays; CALL raise(1, @x); END", "routine 'customer.odd' names"),
    ("CREATE VIEW odd AS SELECT current_n(stays.id) AS n FROM stays", "view 'customer.odd' names"),
    ("CREATE VIEW odd AS SELECT current_n(item.id) AS n FROM item", "make it anew where the table goes"),
    ("CREATE TRIGGER odd BEFORE INSERT ON stays FOR EACH ROW CALL raise(1, @x)", "trigger 'customer.odd' names"),
    ("CREATE TRIGGER odd BEFORE INSERT ON item FOR EACH ROW CALL raise(1, @x)", "calls a routine ('raise')"),
]


def test_what_would_do_something_else_there_is_refused(fresh):
    for sql, words in REFUSED:
        make(fresh, sql)
        said = fresh.client(*MOVE, check=False)
        assert said.returncode == 1 and words in said.stderr, (sql, said.stderr)
        at(fresh, "customer", f"DROP {sql.split()[1]} odd")
    make(fresh, "CREATE TABLE `odd()` (id INT PRIMARY KEY)")
    assert "table 'customer.odd()' has a name that rules keep for routines" in fresh.client(*MOVE, check=False).stderr
    at(fresh, "customer", "DROP TABLE `odd()`")
    make(fresh, "CREATE PROCEDURE Current_N() SELECT 1")
    assert "routine 'customer.current_n'" in fresh.client(*MOVE, check=False).stderr
    at(fresh, "customer", "DROP PROCEDURE Current_N")
    assert routines(fresh, "new_customer") == {} and at(fresh, "new_customer", "SHOW TABLES") == ""


def test_what_the_target_lacks_is_told_before_anything_is_made(fresh):
    make(fresh, "CREATE FUNCTION Twice(x INT) RETURNS INT DETERMINISTIC RETURN 3 * x", "new_customer")
    said = fresh.client(*MOVE, check=False)
    assert said.returncode == 1 and "function 'new_customer.Twice' exists at the target, and is another one" in said.stderr
    at(fresh, "new_customer", "DROP FUNCTION Twice; CREATE PROCEDURE twice() SELECT 1")
    said = fresh.client(*MOVE, check=False)
    assert said.returncode == 1 and "procedure 'new_customer.Twice' exists at the target, and is another one" in said.stderr
    at(fresh, "new_customer", "DROP PROCEDURE twice; DROP USER 'some''body'@localhost")
    said = fresh.client(*MOVE, check=False)
    assert said.returncode == 1 and "procedure 'new_customer.all of`them' would not work there" in said.stderr and "some'body" in said.stderr
    assert routines(fresh, "new_customer") == {} and at(fresh, "new_customer", "SHOW TABLES") == ""


def test_a_client_who_may_not_call_is_seen_before_the_switch(fresh):
    app = at(fresh, "new_customer", "SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user WHERE user = 'vt_app'")
    at(fresh, "new_customer", f"REVOKE EXECUTE ON `new\\_customer`.* FROM {app}")
    fresh.client("MoveTables", "--detach", *MOVE[1:])

    def text():
        return fresh.api("workflow_show", workflow="new_customer/shop")["record"]["state_text"]
    proc.wait_for(lambda: "cannot be called by clients" in text(), 120, "it to be told", text)
    at(fresh, "new_customer", f"GRANT EXECUTE ON `new\\_customer`.* TO {app}")
    fresh.client(*MOVE)
    assert fresh.mariadb("SELECT current_n(5)", "customer").strip() == "0"


def test_one_that_is_changed_at_the_last_moment_is_made_anew(fresh):
    fresh.client("MoveTables", "--no-switch", *MOVE[1:])
    fresh.mariadb("DROP FUNCTION current_n", "customer")
    with pytest.raises(Failed, match="moved"):      # its text names a moved table, and no rule has the name yet
        fresh.mariadb("CREATE PROCEDURE raise_more() UPDATE item SET n = n + 1", "customer")
    fresh.mariadb("CREATE FUNCTION current_n(which INT) RETURNS INT READS SQL DATA RETURN (SELECT 7 + n FROM item WHERE id = which)", "customer")
    fresh.client("MoveTables", "SwitchTraffic", WORKFLOW)
    assert fresh.mariadb("SELECT current_n(5)", "customer").strip() == "7"
    at(fresh, "new_customer", "DROP PROCEDURE raise_it; DROP PROCEDURE raise")
    make(fresh, "CREATE PROCEDURE raise() BEGIN CALL nowhere(); UPDATE item SET n = n + 1; END", "new_customer")
    said = fresh.client("MoveTables", "ReverseTraffic", WORKFLOW, "--switch-attempts", "1", check=False)
    assert said.returncode == 1 and "procedure 'new_customer.raise' names or calls more by now" in said.stderr, said.stderr
    assert fresh.mariadb("SELECT current_n(5)", "customer").strip() == "7"


CHANGED = "CREATE FUNCTION current_n(which INT) RETURNS INT READS SQL DATA RETURN (SELECT 7 + n FROM item WHERE id = which)"


def test_a_change_between_the_preflight_and_the_lock_is_carried(combo):
    """Clients of the gates wait then; one who goes around them does not."""
    up(combo, env={"SWITCHYARD_FAULTS": "movetables.hold.before=stop@1"})
    combo.client("MoveTables", "--detach", *MOVE[1:])
    pid = combo.find("vtctld")["pid"]

    proc.wait_for(lambda: is_stopped(pid), 60, "vtctld to stop before the hold")
    at(combo, "customer", "DROP FUNCTION current_n")
    make(combo, CHANGED)
    mover = threading.Thread(target=combo.client, args=MOVE)
    while not mover.is_alive():
        os.kill(pid, signal.SIGCONT)
        mover.start()
    while mover.is_alive():
        os.kill(pid, signal.SIGCONT)
        mover.join(0.05)
    assert combo.mariadb("SELECT current_n(5)", "customer").strip() == "7"
    assert combo.api("workflow_show", workflow="new_customer/shop")["record"]["attempt"] > 1


@pytest.mark.parametrize("fault", ["routine.make.before=error@2", "routine.make.before=kill@2"])
def test_a_tablet_that_dies_while_it_makes_them_goes_on(combo, fault):
    up(combo, env={"SWITCHYARD_FAULTS": fault})
    before = routines(combo, "customer")
    callers = under_load(combo, lambda callers: (combo.client(*MOVE, timeout=90), go_on(callers)))
    assert routines(combo, "new_customer") == before
    check_rows(combo, callers)


# ---- Events

EVENTS = [
    "CREATE DEFINER='some''body'@'localhost' EVENT ticks ON SCHEDULE EVERY 1 SECOND ON COMPLETION PRESERVE COMMENT 'ENABLE '' ON COMPLETION PRESERVE ENABLE'"
    " DO BEGIN INSERT INTO tick (server) VALUES (@@port); DO SLEEP(0.8); UPDATE tick SET slept = 0 WHERE id = LAST_INSERT_ID(); END",
    "CREATE EVENT `quiet``one` ON SCHEDULE EVERY 1 SECOND STARTS '2024-01-01 00:00:00' ENDS '2037-01-01 00:00:00' DISABLE DO DELETE FROM tick",
    "CREATE EVENT later ON SCHEDULE AT CURRENT_TIMESTAMP + INTERVAL 1 DAY DO BEGIN DELETE FROM item; END",
    "CREATE EVENT of_stays ON SCHEDULE EVERY 1 DAY DO INSERT INTO stays VALUES (1)",
]
MOVE_EVENTS = (*MOVE[:2], "customer.item,audit,tick", *MOVE[3:])


def events(combo, keyspace):
    rows = at(combo, keyspace, "SELECT event_name, LEFT(status, 8), definer, sql_mode, time_zone, COALESCE(starts, ''), COALESCE(ends, ''),"
              " COALESCE(execute_at, ''), on_completion, event_comment, event_definition, character_set_client, collation_connection"
              " FROM information_schema.events WHERE event_schema = DATABASE() ORDER BY 1")
    return {r.split("\t")[0]: r.split("\t")[1:] for r in rows.split("\n") if r}


def up_events(combo, **more):
    up(combo, **more)
    at(combo, "customer", "CREATE TABLE tick (id INT PRIMARY KEY AUTO_INCREMENT, server INT NOT NULL, slept INT, at TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP(3))")
    for keyspace in ("customer", "new_customer"):
        at(combo, keyspace, "SET GLOBAL event_scheduler = 1")
    for sql in EVENTS:
        make(combo, sql)


def ticks(combo, keyspace, server):
    return int(at(combo, keyspace, f"SELECT COUNT(*) FROM tick WHERE server = {combo.port('server', server)}"))


def test_an_event_keeps_the_character_sets_that_it_was_made_with(combo):
    """Servers give it those of whoever turns it on or off."""
    up_events(combo)
    at(combo, "customer", "SET NAMES latin1 COLLATE latin1_german2_ci; CREATE EVENT german ON SCHEDULE EVERY 1 HOUR DO DELETE FROM item WHERE word = 'x'")
    before = events(combo, "customer")
    assert before["german"][-2:] == ["latin1", "latin1_german2_ci"]
    combo.client(*MOVE_EVENTS)
    combo.client("MoveTables", "ReverseTraffic", WORKFLOW)
    assert events(combo, "customer") == before


def wait_ticks(combo, serves):
    seen = ticks(combo, serves, serves)
    proc.wait_for(lambda: ticks(combo, serves, serves) > seen + 1, 30, f"events to tick at {serves}")


def check_events(combo, serves, other, before):
    here, there = events(combo, serves), events(combo, other)
    here.pop("of_stays", None)
    there.pop("of_stays", None)
    assert here == before
    assert {n: e[1:] for n, e in there.items()} == {n: e[1:] for n, e in before.items()}
    assert {n: e[0] for n, e in there.items()} == {"ticks": there["ticks"][0], "quiet`one": "DISABLED", "later": there["ticks"][0]}
    assert there["ticks"][0] != "ENABLED"


def test_events_tick_where_the_tables_serve(combo):
    up_events(combo)
    before = events(combo, "customer")
    before.pop("of_stays")
    assert before["ticks"][0] == before["later"][0] == "ENABLED"
    wait_ticks(combo, "customer")
    said = combo.client(*MOVE_EVENTS).stdout
    dry = combo.client("MoveTables", "ReverseTraffic", "--dry-run", WORKFLOW).stdout
    assert "Disable event ticks on keyspace new_customer" in dry and "Enable event ticks on keyspace customer" in dry
    assert "event 'ticks'" in said and "event 'customer.of_stays' (names 'stays', which does not move)" in said
    wait_ticks(combo, "new_customer")
    check_events(combo, "new_customer", "customer", before)
    old = ticks(combo, "new_customer", "customer")
    for direction, serves, other in (("ReverseTraffic", "customer", "new_customer"), ("SwitchTraffic", "new_customer", "customer")):
        left = ticks(combo, other, other)
        combo.client("MoveTables", direction, WORKFLOW)
        wait_ticks(combo, serves)
        check_events(combo, serves, other, before)
        assert ticks(combo, serves, other) - left <= 5          # what ran until the switch
    assert ticks(combo, "new_customer", "customer") > old
    # None was cut off in its middle, and no second has two.
    assert at(combo, "new_customer", "SELECT COUNT(*) FROM tick WHERE slept IS NULL AND at < NOW() - INTERVAL 3 SECOND") == "0"
    assert at(combo, "new_customer", "SELECT COUNT(*) FROM (SELECT 1 FROM tick GROUP BY FLOOR(UNIX_TIMESTAMP(at)) HAVING COUNT(DISTINCT server) > 1) x") == "0"
    # Clients change it where it serves.
    combo.mariadb("ALTER EVENT ticks DISABLE; DROP EVENT later", "customer")
    assert events(combo, "new_customer")["ticks"][0] == "DISABLED" and "later" not in events(combo, "new_customer")
    combo.client("MoveTables", "ReverseTraffic", WORKFLOW)
    assert events(combo, "customer")["ticks"][0] == "DISABLED" and "later" not in events(combo, "customer")
    combo.client("MoveTables", "Cancel", WORKFLOW)
    assert events(combo, "new_customer") == {} and sorted(events(combo, "customer")) == ["of_stays", "quiet`one", "ticks"]


def test_complete_drops_events_of_the_old_side(combo):
    up_events(combo)
    combo.client(*MOVE_EVENTS)
    combo.client("MoveTables", "Complete", WORKFLOW)
    assert sorted(events(combo, "customer")) == ["of_stays"]
    wait_ticks(combo, "new_customer")


def test_events_that_would_be_lost_or_never_run_are_refused(combo):
    up_events(combo)
    at(combo, "new_customer", "SET GLOBAL event_scheduler = 0")
    said = combo.client(*MOVE_EVENTS, check=False)
    assert said.returncode == 1 and "its event_scheduler is off" in said.stderr, said.stderr
    at(combo, "new_customer", "SET GLOBAL event_scheduler = 1")
    make(combo, "CREATE EVENT ticks ON SCHEDULE EVERY 1 DAY DO SET @a = 1", "new_customer")
    said = combo.client(*MOVE_EVENTS, check=False)
    assert said.returncode == 1 and "event 'new_customer.ticks' exists at the target" in said.stderr, said.stderr
    at(combo, "new_customer", "DROP EVENT ticks")
    make(combo, "CREATE EVENT soon ON SCHEDULE AT CURRENT_TIMESTAMP + INTERVAL 20 SECOND DO INSERT INTO audit (item, was) VALUES (99, 99)")
    said = combo.client(*MOVE_EVENTS, "--switch-attempts", "1", check=False)
    assert said.returncode == 1 and "event 'customer.soon' runs once, within the next 60 seconds" in said.stderr, said.stderr
    assert events(combo, "customer")["ticks"][0] == "ENABLED" and events(combo, "new_customer")["ticks"][0] != "ENABLED"
    combo.client(*MOVE_EVENTS, "--switch-attempts", "30")
    assert at(combo, "new_customer", "SELECT COUNT(*) FROM audit WHERE item = 99") == "1"


def test_an_attempt_that_fails_turns_them_on_again(combo):
    up_events(combo, env={"SWITCHYARD_FAULTS": "event.off.before=error@2"})
    before = events(combo, "customer")
    said = combo.client(*MOVE_EVENTS, "--switch-attempts", "1", check=False)
    assert said.returncode == 1 and "a fault before an event" in said.stderr, said.stderr
    assert events(combo, "customer") == before
    wait_ticks(combo, "customer")
    combo.client(*MOVE_EVENTS)
    wait_ticks(combo, "new_customer")


def watch_events(combo, before, beside=lambda: None):
    """Until they are on at the new side: at no moment they are on at both."""
    both = []

    def over():
        beside()
        on = [events(combo, k).get("ticks", ["gone"])[0] for k in ("new_customer", "customer", "new_customer")]
        if on == ["ENABLED"] * 3:
            both.append(on)
        return on[0] == "ENABLED"
    proc.wait_for(over, 100, "the event to be on at the new side")
    assert both == []
    wait_ticks(combo, "new_customer")
    check_events(combo, "new_customer", "customer", before)


def is_stopped(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "T"
    except FileNotFoundError:
        return False


DEATHS = [("movetables.preflight.after=stop", "vtctld", None), ("movetables.catch-up.after=stop", "vtctld", None),
          ("movetables.finish.before=stop", "vtctld", None),
          ("event.off.before=stop", "vttablet", "customer"), ("event.on.before=stop", "vttablet", "new_customer")]


@pytest.mark.parametrize("fault, program, keyspace", cases.some(DEATHS, DEATHS[2:4]))
def test_a_death_leaves_events_on_at_one_side(combo, fault, program, keyspace):
    up_events(combo, env={"SWITCHYARD_FAULTS": fault})
    before = events(combo, "customer")
    before.pop("of_stays")
    combo.client("MoveTables", "--detach", *MOVE_EVENTS[1:])
    killed = []

    def kill_the_first():
        pid = combo.find(program, keyspace)["pid"]
        if pid and is_stopped(pid):
            os.kill(pid, signal.SIGCONT if killed else signal.SIGKILL)
            killed.append(pid)
    watch_events(combo, before, kill_the_first)
    assert killed

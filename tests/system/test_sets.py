"""Several tables that move as one: one switch, and no moment in which a transaction finds them at two servers."""
import pytest

from lib import proc
from lib.background import Background
from lib.combo import Failed

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

SHOP = """
CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL);
CREATE TABLE transfer (id BIGINT PRIMARY KEY AUTO_INCREMENT, debit INT NOT NULL, credit INT NOT NULL, amount INT NOT NULL,
 KEY debit (debit));
CREATE TABLE label (name VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY, kind ENUM('a','b') NOT NULL, total INT NOT NULL DEFAULT 0);
CREATE TABLE nothing (id INT PRIMARY KEY);
INSERT INTO account SELECT seq, 1000 FROM seq_1_to_200;
INSERT INTO label SELECT CONCAT('l', seq), 'b', 0 FROM seq_1_to_50;
"""
TABLES = "account,transfer,label,nothing"


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


def state(combo, workflow):
    return combo.api("workflow_show", workflow=workflow)["record"]["state"]


@pytest.fixture
def fresh(combo):
    return combo.up("customer", "new_customer")


class Teller(Background):
    """Transactions over three tables of the set, each on rows of its own."""

    def __init__(self, combo, number):
        super().__init__(combo, autocommit=False)
        self.number = number

    def transfer(self, cur):
        debit, credit = self.number * 2 + 1, self.number * 2 + 2
        cur.execute("UPDATE account SET balance = balance - 1 WHERE id = %s", (debit,))
        cur.execute("UPDATE account SET balance = balance + 1 WHERE id = %s", (credit,))
        cur.execute("INSERT INTO transfer (debit, credit, amount) VALUES (%s, %s, 1)", (debit, credit))
        cur.execute("UPDATE label SET total = total + 1 WHERE name = %s", (f"l{self.number + 1}",))
        # One statement over three of them: an error if they were ever apart.
        cur.execute("SELECT COUNT(*) FROM transfer t JOIN account a ON a.id = t.debit JOIN label l ON l.name = %s "
                    "WHERE t.debit = %s", (f"l{self.number + 1}", debit))
        assert cur.fetchall() == ((self.done + 1,),)

    def one(self, cur):
        self.transfer(cur)
        self.conn.commit()
        self.done += 1


def check_books(combo, where, counts):
    """Where they are served, each transaction is there once and whole."""
    for number, done in enumerate(counts):
        debit, credit = number * 2 + 1, number * 2 + 2
        assert at(combo, where, f"SELECT GROUP_CONCAT(balance ORDER BY id) FROM account WHERE id IN ({debit}, {credit})") == \
            f"{1000 - done},{1000 + done}"
        assert at(combo, where, f"SELECT COUNT(*) FROM transfer WHERE debit = {debit}") == str(done)
        assert at(combo, where, f"SELECT total FROM label WHERE name = 'l{number + 1}'") == str(done)


def moves_under_load(combo, source, target, *command, tellers=6):
    writers = [Teller(combo, i) for i in range(tellers)]
    for w in writers:
        w.start()
    proc.wait_for(lambda: all(w.done > 5 or w.failed for w in writers), 60, "tellers to work")
    try:
        said = combo.client(*command).stdout
        seen = [w.done for w in writers]
        proc.wait_for(lambda: all(w.done > n + 5 or w.failed for w, n in zip(writers, seen)), 60, "tellers to go on")
    finally:
        counts = [w.end() for w in writers]
    check_books(combo, target, counts)
    return said


def test_a_set_moves_as_one_while_transactions_span_it(fresh):
    at(fresh, "customer", SHOP)
    said = moves_under_load(fresh, "customer", "new_customer", "MoveTables", f"customer.{TABLES}", "new_customer")
    assert f"customer.{TABLES} is now served from new_customer.{TABLES}." in said
    shown = fresh.api("workflow_show", workflow="new_customer/customer")["record"]
    assert shown["state"] == "Switched" and [t["source_table"] for t in shown["tables"]] == TABLES.split(",")
    assert {t["state"] for t in shown["tables"]} == {"switched"}
    assert [e["what"] for e in shown["events"] if e["step"] == "commit"] == ["done"]
    for table in TABLES.split(","):
        with pytest.raises(Failed, match="1290|fence"):       # past the gate every one is guarded
            at(fresh, "customer", f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1;"
               f" INSERT INTO {table} VALUES ()" if table != "nothing" else "INSERT INTO nothing VALUES (1)")
    fresh.mariadb("INSERT INTO nothing VALUES (7)", "customer")
    assert at(fresh, "new_customer", "SELECT id FROM nothing") == "7"
    again = fresh.client("MoveTables", f"customer.{TABLES}", "new_customer").stdout
    assert "nothing to do" in again
    fresh.client("DropTable", f"customer.{TABLES}")
    assert at(fresh, "customer", "SHOW TABLES") == ""
    assert fresh.mariadb("SELECT COUNT(*) FROM account", "customer").strip() == "200"


def test_all_that_a_keyspace_serves(fresh):
    at(fresh, "customer", "CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INT PRIMARY KEY);"
       " CREATE TABLE `c,d` (id INT PRIMARY KEY); CREATE TABLE stays (id INT PRIMARY KEY); INSERT INTO a VALUES (1), (2)")
    fresh.client("MoveTables", "--exclude-tables=stays", "customer.*", "new_customer")
    shown = fresh.api("workflow_show", workflow="new_customer/customer")["record"]
    assert [t["source_table"] for t in shown["tables"]] == ["a", "b", "c,d"] and shown["state"] == "Switched"
    assert "customer.a,b,`c,d` -> new_customer.a,b,`c,d`" in fresh.client("Workflow", "show", "new_customer.customer").stdout
    # What is there still, but has moved away, is not meant; what has come since is.
    fresh.mariadb("CREATE TABLE later (id INT PRIMARY KEY)", "customer")
    fresh.client("MoveTables", "customer.*", "new_customer")
    shown = fresh.api("workflow_show", workflow="new_customer/customer")["record"]
    assert [t["source_table"] for t in shown["tables"]] == ["later", "stays"] and shown["state"] == "Switched"
    assert "nothing to do" in fresh.client("MoveTables", "customer.*", "new_customer").stdout
    for table in ("a", "b", "`c,d`", "later", "stays"):
        fresh.mariadb(f"INSERT INTO {table} VALUES (9)", "customer")
        assert at(fresh, "new_customer", f"SELECT COUNT(*) FROM {table} WHERE id = 9") == "1"


def test_a_set_may_be_called_otherwise_and_comes_back(fresh):
    at(fresh, "customer", SHOP)
    fresh.client("MoveTables", "--workflow=books", "customer.account,label", "new_customer.konto,etikett")
    assert state(fresh, "new_customer/books") == "Switched"
    fresh.mariadb("UPDATE account SET balance = 5 WHERE id = 1; UPDATE new_customer.konto SET balance = balance + 1 WHERE id = 1",
                  "customer")
    assert at(fresh, "new_customer", "SELECT balance FROM konto WHERE id = 1") == "6"
    fresh.client("DropTable", "customer.account,label")
    fresh.client("MoveTables", "--workflow=back", "new_customer.konto,etikett", "customer.account,label")
    assert at(fresh, "customer", "SELECT balance FROM account WHERE id = 1") == "6"


def test_a_set_that_waits_is_taken_back_whole(fresh):
    at(fresh, "customer", SHOP)
    fresh.client("MoveTables", "--no-switch", f"customer.{TABLES}", "new_customer")
    assert at(fresh, "new_customer", "SELECT COUNT(*) FROM account") == "200"
    moves = fresh.client("Workflow", "list").stdout
    assert "new_customer.customer" in moves
    fresh.client("Workflow", "delete", "new_customer.customer")
    assert at(fresh, "new_customer", "SHOW TABLES") == ""
    assert at(fresh, "customer", "SHOW TRIGGERS") == ""
    fresh.client("MoveTables", f"customer.{TABLES}", "new_customer")
    assert state(fresh, "new_customer/customer") == "Switched"


REFUSED = [
    (("customer.account,account", "new_customer"), "'customer.account' is named twice"),
    (("customer.account,label", "new_customer.a,a"), "'new_customer.a' is named twice"),
    (("customer.account,label", "new_customer.account"), "do not name as many tables"),
    (("customer", "new_customer"), "names no table"),
    (("customer.account,", "new_customer"), "is not of the form"),
    (("customer.account,absent", "new_customer"), "'customer.absent'"),
    (("--exclude-tables=a", "customer.account", "new_customer"), "--exclude-tables is for --all-tables, /patterns/ and KEYSPACE.*"),
    (("customer.*", "customer"), "source and target are both keyspace 'customer'"),
    (("new_customer.*", "customer"), "keyspace 'new_customer' serves no table"),
    (("customer." + ",".join(f"t{i}" for i in range(1001)), "new_customer"), "1001 tables in one move, at most 1000"),
]


def test_what_is_no_set_is_refused_and_nothing_is_made(fresh):
    at(fresh, "customer", SHOP)
    for command, words in REFUSED:
        said = fresh.client("MoveTables", *command, check=False)
        assert said.returncode == 1 and words in said.stderr, said.stderr
        assert at(fresh, "new_customer", "SHOW TABLES") == "" and at(fresh, "customer", "SHOW TRIGGERS") == ""
        assert fresh.api("workflow_list")["workflows"] == []


def test_definitions_that_no_message_takes_are_refused(fresh):
    comment = "x" * 1000
    columns = ",".join(f"c{i} INT COMMENT '{comment}'" for i in range(60))
    for part in range(0, 150, 30):
        at(fresh, "customer", "".join(f"CREATE TABLE t{i} (id INT PRIMARY KEY,{columns});" for i in range(part, part + 30)))
    said = fresh.client("MoveTables", "customer.*", "new_customer", check=False)
    assert said.returncode == 1 and "the definitions of these 150 tables have" in said.stderr, said.stderr
    assert fresh.api("workflow_list")["workflows"] == []
    fresh.client("MoveTables", "customer.t1,t2", "new_customer")


def test_another_set_of_the_same_name_says_what_is_in_its_way(fresh):
    at(fresh, "customer", SHOP)
    fresh.client("MoveTables", "--no-switch", "customer.account,label", "new_customer")
    said = fresh.client("MoveTables", "customer.transfer,nothing", "new_customer", check=False).stderr
    assert "workflow 'new_customer/customer' moves other tables of keyspace 'customer'" in said and "--workflow NAME" in said
    said = fresh.client("MoveTables", "--workflow=more", "customer.label,nothing", "new_customer", check=False).stderr
    assert "table 'customer.label' is being moved by workflow 'new_customer/customer'" in said
    fresh.client("MoveTables", "--workflow=more", "customer.transfer,nothing", "new_customer")
    fresh.client("MoveTables", "customer.label,account", "new_customer")
    assert state(fresh, "new_customer/more") == state(fresh, "new_customer/customer") == "Switched"

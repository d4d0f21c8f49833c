"""Foreign keys between tables of a set: proved and added at the target, identical, and enforced after the switch."""
import random
import time

import pymysql
import pytest

from lib import kinds, proc, tablets
from lib.background import Background
from lib.combo import Failed

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

FAMILY = [
    "CREATE TABLE parent (id INT PRIMARY KEY, a INT NOT NULL, b VARCHAR(10) NOT NULL, UNIQUE KEY ab (a, b))",
    "CREATE TABLE child (id INT PRIMARY KEY, p INT, q INT, a INT, b VARCHAR(10), up INT, KEY own (q, id), KEY up (up),"
    " CONSTRAINT zz FOREIGN KEY (p) REFERENCES parent (id), CONSTRAINT aa FOREIGN KEY (q) REFERENCES parent (id)"
    " ON DELETE RESTRICT ON UPDATE NO ACTION, CONSTRAINT `mi``d` FOREIGN KEY (a, b) REFERENCES parent (a, b),"
    " FOREIGN KEY (up) REFERENCES child (id), CHECK (id > 0))",
    "INSERT INTO parent SELECT seq, seq, CONCAT('b', seq) FROM seq_1_to_500",
    "INSERT INTO child SELECT seq, seq, NULL, seq, CONCAT('b', seq), seq FROM seq_1_to_500",
]


@pytest.fixture
def source(kept_server, folder):
    """The source's end alone."""
    made = tablets.Tablet(folder, kept_server, "customer", 100).start()
    for sql in FAMILY:
        made.server.sql(sql, database="customer")
    yield made
    made.stop()


REQUEST = {"workflow": "new_customer/t", "from": {"database": "customer"}, "to": {"database": "new_customer"}, "side": "from",
           "tables": [{"from": "child", "to": "kind"}, {"from": "parent", "to": "parent"}]}


@pytest.fixture
def family(pair):
    """Two tables at the source, of other names at the target."""
    p = pair("parent")
    p.tables = [("child", "kind"), ("parent", "parent")]
    for sql in FAMILY:
        p.source.server.sql(sql, database="customer")
    p.source.start()
    return p


def keys(server, database):
    """All foreign keys of a database, as their tables' definitions have them."""
    tables = [row[0] for row in server.sql(f"SHOW TABLES FROM `{database}`")]
    return {(t, line.strip().rstrip(",")) for t in tables
            for line in server.sql(f"SHOW CREATE TABLE `{database}`.`{t}`")[0][1].split("\n") if "FOREIGN KEY" in line}


def unchecked(server, database, *statements):
    """By a session that looks at no foreign key."""
    with server.connect(database) as conn, conn.cursor() as cur:
        cur.execute("SET foreign_key_checks = 0")
        for sql in statements:
            cur.execute(server.own_words(sql))


def rows(server, table):
    return server.sql(f"SELECT * FROM {table} ORDER BY id")


def test_keys_are_added_as_they_are_at_the_source(family):
    family.target.start()
    family.start()
    family.wait("running")
    there = {(t, k.replace("`kind`", "`child`")) for t, k in keys(family.target.server, "new_customer")}
    mine = keys(family.source.server, "customer")
    assert len(mine) == 4 and there == {("kind" if t == "child" else t, k) for t, k in mine}
    wanted = family.source.server.sql("SHOW CREATE TABLE customer.child")[0][1]
    made = family.target.server.sql("SHOW CREATE TABLE new_customer.kind")[0][1]
    made = made.replace("`kind`", "`child`").replace("`kind_chk_", "`child_chk_")      # which MySQL makes up
    assert made == wanted       # the same order, beside the same indexes
    family.catch_up()
    for mine, theirs in family.tables:
        assert rows(family.source.server, f"customer.{mine}") == rows(family.target.server, f"new_customer.{theirs}")
    # Idempotent, and looked at before each attempt to switch.
    family.target.call("fence_install", **family.request(side="to"))
    family.target.server.sql("ALTER TABLE kind DROP FOREIGN KEY zz", database="new_customer")
    with pytest.raises(tablets.Refused) as refused:
        family.target.call("fence_install", **family.request(side="to", attempt=1))
    assert "'new_customer.kind' is not defined as its source" in refused.value.text


def test_a_row_that_violates_a_key_is_named_and_waited_for(family):
    there = family.target.server
    unchecked(family.source.server, "customer", "INSERT INTO child (id, p) VALUES (1000, 999)")
    family.target.start()
    family.start()
    proc.wait_for(lambda: "violates" in family.status()["error"], 120, "the row to be named", lambda: str(family.status()))
    said = family.status()
    assert said["state"] == "indexing" and not said["exact"], said
    assert "the row `id`=1000 of 'customer.child' violates the foreign key 'zz': 'customer.parent' has no row" in said["error"]
    # The stream goes on meanwhile; when the row is mended at the source, the key comes.
    family.source.server.sql("INSERT INTO parent VALUES (700, 700, 'x')", database="customer")
    family.catch_up()
    assert there.sql("SELECT COUNT(*) FROM new_customer.parent") == ((501,),)
    assert not any("`zz`" in k for _, k in keys(there, "new_customer"))
    family.source.server.sql("DELETE FROM child WHERE id = 1000", database="customer")
    family.wait("running")
    assert len(keys(there, "new_customer")) == 4


def test_no_row_comes_between_the_proof_and_the_key(family):
    family.target.start(faults="stream.key.proved=sleep:6000")
    family.start()
    server, there = family.source.server, family.target.server
    proc.wait_for(lambda: family.status()["state"] == "indexing", 120, "the copy to end")
    sent = iter(range(1000, 2000))

    def stands():
        """Does what the source has written not arrive?"""
        number = next(sent)
        server.sql(f"INSERT INTO parent VALUES ({number}, {number}, '')", database="customer")
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            if there.sql(f"SELECT 1 FROM new_customer.parent WHERE id = {number}"):
                return False
            time.sleep(0.02)
        return True
    proc.wait_for(stands, 20, "the applier to stand")
    missing = 4 - len(keys(there, "new_customer"))
    assert missing > 0
    before = there.sql("SELECT COUNT(*) FROM new_customer.parent")
    unchecked(server, "customer", "INSERT INTO child (id, p) VALUES (2000, 999)")
    while 4 - len(keys(there, "new_customer")) == missing:
        seen = there.sql("SELECT COUNT(*) FROM new_customer.parent"), there.sql("SELECT id FROM new_customer.kind WHERE id = 2000")
        if 4 - len(keys(there, "new_customer")) == missing:
            assert seen == (before, ())
        time.sleep(0.05)
    server.sql("DELETE FROM child WHERE id = 2000", database="customer")
    family.wait("running")


def test_a_tablet_that_is_killed_at_a_key_goes_on(family):
    family.target.start(faults="stream.key.before=kill@2")
    family.start()
    family.target.process.wait(120)
    family.target.die_at("stream.key.after", "kill@2")
    family.target.start()
    family.wait("running")
    assert len(keys(family.target.server, "new_customer")) == 4


def test_actions_that_change_rows_are_refused_by_the_stream_too(family):
    """One that came between the check and the start of the stream."""
    family.source.server.sql("CREATE TABLE stays (id INT PRIMARY KEY)", database="customer")
    family.source.server.sql("INSERT INTO stays SELECT id FROM parent", database="customer")
    family.source.server.sql("ALTER TABLE child ADD CONSTRAINT late FOREIGN KEY (up) REFERENCES stays (id) ON DELETE SET NULL",
                             database="customer")
    family.target.start()
    family.start()
    proc.wait_for(lambda: family.status()["state"] == "error", 60, "the stream to stop")
    assert "'late' of table 'customer.child' has ON DELETE SET NULL" in family.status()["error"]


# ---- What is asked before

CHECKED = [
    ("CREATE TABLE other (id INT PRIMARY KEY, c INT, CONSTRAINT fk FOREIGN KEY (c) REFERENCES child (id))",
     "the foreign key 'fk' of table 'customer.other' refers to 'customer.child', and only one of both would move",
     "move with them: other; or"),
    ("CREATE TABLE up (id INT PRIMARY KEY); CREATE TABLE up2 (id INT PRIMARY KEY, u INT, FOREIGN KEY (u) REFERENCES up (id));"
     "ALTER TABLE parent ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES up (id)",
     "the foreign key 'fk' of table 'customer.parent' refers to 'customer.up'", "move with them: up,up2; or"),
    ("CREATE DATABASE IF NOT EXISTS elsewhere; CREATE TABLE elsewhere.e (id INT PRIMARY KEY);"
     "ALTER TABLE parent ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES elsewhere.e (id)",
     "refers to 'elsewhere.e'", "go on without it: --drop-foreign-keys"),
    *(("CREATE TABLE up (id INT PRIMARY KEY); INSERT INTO up SELECT seq FROM seq_1_to_500;"
       f"ALTER TABLE child ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES up (id) {action}",
       f"'fk' of table 'customer.child' has {action}: what it changes is in no binlog", "move 'customer.up' with it; or make the key anew")
      for action in ("ON DELETE CASCADE", "ON UPDATE CASCADE", "ON DELETE SET NULL")),
]


@pytest.mark.parametrize("ddl, words, hint", CHECKED)
def test_a_set_that_is_not_closed_is_refused_by_name(source, ddl, words, hint):
    unchecked(source.server, "customer", *ddl.split(";"))
    before = keys(source.server, "customer")
    for method in ("check_from", "fence_install"):
        with pytest.raises(tablets.Refused) as refused:
            source.call(method, **REQUEST)
        assert refused.value.kind == "refused"
        assert words in refused.value.text and hint in refused.value.hint, refused.value
    if " ON " in words:         # whatever is asked for
        with pytest.raises(tablets.Refused):
            source.call("check_from", **REQUEST, drop_foreign_keys=True)
    else:
        said = source.call("check_from", **REQUEST, drop_foreign_keys=True)
        assert "the foreign key 'fk' of table" in said["dropped"]
    assert keys(source.server, "customer") == before


ODD = "Ж k/é-1 @0041"


def test_keys_are_found_without_opening_every_table(source):
    """Names are as odd as they may be, and none of 50,000 other tables would be looked at."""
    server = source.server
    server.sql(f"CREATE TABLE customer.`{ODD}` (id INT PRIMARY KEY, p INT, CONSTRAINT `f k` FOREIGN KEY (p) REFERENCES child (id))")
    server.sql("SET GLOBAL log_output='TABLE', general_log=ON")
    try:
        with pytest.raises(tablets.Refused) as refused:
            source.call("check_from", **REQUEST)
        asked = [q for q, in server.sql("SELECT argument FROM mysql.general_log WHERE argument LIKE '%%referential_constraints WHERE%%'")]
    finally:
        server.sql("SET GLOBAL general_log=OFF, log_output=DEFAULT")
        server.sql("TRUNCATE mysql.general_log")
    assert f"the foreign key 'f k' of table 'customer.{ODD}' refers to 'customer.child'" in refused.value.text
    asked = [q for q in asked if "general_log" not in q]
    assert len(asked) == 2 and all(" AND table_name='" in q for q in asked), asked


def test_a_key_of_another_table_at_the_target_is_refused(family):
    family.target.start()
    there = family.target.server
    unchecked(there, "new_customer", "CREATE TABLE other (id INT PRIMARY KEY, c INT, CONSTRAINT fk FOREIGN KEY (c) REFERENCES kind (id))")
    with pytest.raises(tablets.Refused) as refused:
        family.target.call("check_to", **family.request(side="to"))
    assert "at the target: the foreign key 'fk' of table 'new_customer.other' refers to 'new_customer.kind'" in refused.value.text
    there.sql("DROP TABLE other", database="new_customer")
    family.target.call("check_to", **family.request(side="to"))


def test_a_keys_name_that_is_taken_at_the_target_is_refused(family):
    """Names of foreign keys are a database's: an old table that was renamed keeps its own."""
    family.target.start()
    there = family.target.server
    definitions = [t["definition"] for t in family.source.call("check_from", **family.request(side="from"))["tables"]]
    there.sql("CREATE TABLE _child_old (id INT PRIMARY KEY, u INT, CONSTRAINT zz FOREIGN KEY (u) REFERENCES _child_old (id))",
              database="new_customer")
    with pytest.raises(tablets.Refused) as refused:
        family.target.call("check_to", **family.request(side="to", definitions=definitions))
    assert "the name of the foreign key 'zz' is taken at the target, by one of table 'new_customer._child_old'" in refused.value.text
    assert "ALTER TABLE `_child_old` DROP FOREIGN KEY `zz`" in refused.value.hint
    there.sql("ALTER TABLE _child_old DROP FOREIGN KEY zz", database="new_customer")
    family.target.call("check_to", **family.request(side="to", definitions=definitions))


def test_an_empty_copy_at_the_target_may_have_the_keys(family):
    family.target.start()
    there = family.target.server
    definitions = [t["definition"] for t in family.source.call("check_from", **family.request(side="from"))["tables"]]
    for sql in FAMILY[:2]:
        there.sql(sql.replace("TABLE child", "TABLE kind").replace("child (id)", "kind (id)")
                  .replace("FOREIGN KEY (up)", "CONSTRAINT child_ibfk_1 FOREIGN KEY (up)"), database="new_customer")
    family.target.call("check_to", **family.request(side="to", definitions=definitions))
    family.start()
    family.wait("running")
    assert len(keys(there, "new_customer")) == 4 and rows(there, "new_customer.parent")[-1][0] == 500


# ---- Whole moves

SCHEMA = """
CREATE TABLE country (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE);
CREATE TABLE customer (id INT PRIMARY KEY AUTO_INCREMENT, country INT NOT NULL, referrer INT, CONSTRAINT lives FOREIGN KEY (country)
 REFERENCES country (id), CONSTRAINT referred FOREIGN KEY (referrer) REFERENCES customer (id));
CREATE TABLE address (customer INT NOT NULL, number INT NOT NULL, line VARCHAR(40), PRIMARY KEY (customer, number),
 FOREIGN KEY (customer) REFERENCES customer (id));
CREATE TABLE category (id INT PRIMARY KEY, above INT, FOREIGN KEY (above) REFERENCES category (id));
CREATE TABLE product (id INT PRIMARY KEY, category INT NOT NULL, kind ENUM('x','y') NOT NULL, FOREIGN KEY (category) REFERENCES category (id));
CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, customer INT NOT NULL, number INT, first_line INT,
 CONSTRAINT goes_to FOREIGN KEY (customer, number) REFERENCES address (customer, number),
 CONSTRAINT bought FOREIGN KEY (customer) REFERENCES customer (id));
CREATE TABLE line (id INT PRIMARY KEY AUTO_INCREMENT, orders INT NOT NULL, product INT NOT NULL,
 FOREIGN KEY (orders) REFERENCES orders (id), FOREIGN KEY (product) REFERENCES product (id));
ALTER TABLE orders ADD CONSTRAINT opens FOREIGN KEY (first_line) REFERENCES line (id);
CREATE TABLE tag (name VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY);
CREATE TABLE tagged (product INT, tag VARCHAR(20) COLLATE utf8mb4_bin, PRIMARY KEY (product, tag),
 FOREIGN KEY (product) REFERENCES product (id), FOREIGN KEY (tag) REFERENCES tag (name));
CREATE TABLE stock (product INT PRIMARY KEY, n INT NOT NULL, FOREIGN KEY (product) REFERENCES product (id));
CREATE TABLE nothing (id INT PRIMARY KEY, product INT, FOREIGN KEY (product) REFERENCES stock (product));
CREATE TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, orders INT, text VARCHAR(30), FOREIGN KEY (orders) REFERENCES orders (id));
INSERT INTO country SELECT seq, CONCAT('c', seq) FROM seq_1_to_20;
INSERT INTO customer (id, country, referrer) SELECT seq, 1 + seq % 20, IF(seq > 1, seq - 1, NULL) FROM seq_1_to_300 ORDER BY seq;
INSERT INTO address SELECT seq, 1, 'here' FROM seq_1_to_300;
INSERT INTO category SELECT seq, IF(seq > 1, 1, NULL) FROM seq_1_to_10 ORDER BY seq;
INSERT INTO product SELECT seq, 1 + seq % 10, 'y' FROM seq_1_to_100;
INSERT INTO stock SELECT seq, 5 FROM seq_1_to_100;
INSERT INTO tag VALUES ('a'), ('b'); INSERT INTO tagged SELECT seq, 'a' FROM seq_1_to_100;
"""
ORPHANS = [("line", "orders", "orders", "id"), ("line", "product", "product", "id"), ("orders", "customer", "customer", "id"),
           ("customer", "country", "country", "id"), ("customer", "referrer", "customer", "id"), ("log", "orders", "orders", "id"),
           ("orders", "first_line", "line", "id")]


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


class Shop(Background):
    """Orders with lines, which point at each other; some are taken back, children first; some are refused, as they are to be."""

    def __init__(self, combo, seed):
        super().__init__(combo, autocommit=False)
        self.random, self.refused = random.Random(seed), 0

    def order(self, cur):
        r = self.random
        cur.execute("INSERT INTO orders (customer, number) VALUES (%s, 1)", (r.randint(1, 300),))
        order = cur.lastrowid
        for _ in range(2):
            cur.execute("INSERT INTO line (orders, product) VALUES (%s, %s)", (order, r.randint(1, 100)))
        cur.execute("UPDATE orders SET first_line = %s WHERE id = %s", (cur.lastrowid, order))
        cur.execute("INSERT INTO log (orders, text) VALUES (%s, 'made')", (order,))
        if r.random() < 0.3:
            cur.execute("UPDATE orders SET first_line = NULL WHERE id = %s", (order,))
            for table in ("line", "log"):
                cur.execute(f"DELETE FROM {table} WHERE orders = %s", (order,))
            cur.execute("DELETE FROM orders WHERE id = %s", (order,))
        self.conn.commit()
        self.done += 1

    def wrong(self, cur):
        sql, errno = self.random.choice([("INSERT INTO line (orders, product) VALUES (1, 5000)", 1452),
                                         ("DELETE FROM customer WHERE id = 7", 1451)])
        try:
            cur.execute(sql)
        except pymysql.err.IntegrityError as e:
            assert e.args[0] == errno, e
            self.refused += 1
            self.conn.rollback()
            return
        raise AssertionError(f"not refused: {sql}")

    def one(self, cur):
        self.order(cur)
        if self.random.random() < 0.2:
            self.wrong(cur)


def definitions(combo, keyspace):
    names = at(combo, keyspace, "SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'").split("\n")
    shown = {n.split("\t")[0]: kinds.plain_definition(at(combo, keyspace, f"SHOW CREATE TABLE `{n.split()[0]}`")) for n in names}
    return {n: "\n".join(w for w in text.replace("\\n", "\n").split(" ") if not w.startswith("AUTO_INCREMENT="))
            for n, text in shown.items()}


def test_a_schema_of_twelve_tables_moves_under_load(combo):
    combo.up("customer", "new_customer")
    at(combo, "customer", SCHEMA)
    before = definitions(combo, "customer")
    assert len(before) == 12
    shops = [Shop(combo, seed) for seed in range(4)]
    for s in shops:
        s.start()
    try:
        combo.client("MoveTables", "customer.*", "new_customer")
        assert combo.api("workflow_show", workflow="new_customer/customer")["record"]["state"] == "Switched"
        seen = [(s.done, s.refused) for s in shops]
        proc.wait_for(lambda: all((s.done > d + 5 and s.refused > n + 2) or s.failed for s, (d, n) in zip(shops, seen)), 60,
                      "shops to go on, and to be refused")
    finally:
        for s in shops:
            s.end()
    assert definitions(combo, "new_customer") == before
    assert at(combo, "new_customer", "SELECT COUNT(*) FROM log") == at(combo, "new_customer", "SELECT COUNT(*) FROM orders")
    for child, column, parent, key in ORPHANS:
        assert at(combo, "new_customer", f"SELECT COUNT(*) FROM {child} c LEFT JOIN {parent} p ON p.{key} = c.{column}"
                  f" WHERE c.{column} IS NOT NULL AND p.{key} IS NULL") == "0"
    combo.client("DropTable", "customer." + ",".join(before))
    assert at(combo, "customer", "SHOW TABLES") == ""


def test_a_move_with_keys_is_taken_back_whole(combo):
    combo.up("customer", "new_customer")
    at(combo, "customer", SCHEMA)
    combo.client("MoveTables", "--no-switch", "customer.*", "new_customer")
    assert definitions(combo, "new_customer") == definitions(combo, "customer")
    combo.client("Workflow", "delete", "new_customer.customer")
    assert at(combo, "new_customer", "SHOW TABLES") == ""


def test_without_the_keys_that_lead_out_and_in(combo):
    combo.up("customer", "new_customer")
    at(combo, "customer", SCHEMA)
    command = ("MoveTables", "customer.orders,line,log", "new_customer")
    said = combo.client(*command, check=False)
    assert said.returncode == 1 and "only one of each two would move" in said.stderr and "--drop-foreign-keys" in said.stderr
    assert "address" in said.stderr
    assert at(combo, "new_customer", "SHOW TABLES") == ""
    said = combo.client("MoveTables", "--drop-foreign-keys", "customer.orders,line,log", "new_customer").stdout
    assert "the foreign key 'bought' of table 'customer.orders', which refers to 'customer.customer', is left out at the target" in said
    made = at(combo, "new_customer", "SHOW CREATE TABLE orders")
    assert [w in made for w in ("CONSTRAINT `opens`", "CONSTRAINT `bought`", "CONSTRAINT `goes_to`")] == [True, False, False]
    combo.mariadb("INSERT INTO orders (id, customer) VALUES (5000, 9999)", "customer")
    # And one that points into the set: the table that stays can be written.
    at(combo, "customer", "CREATE TABLE stays (id INT PRIMARY KEY, c INT, CONSTRAINT inward FOREIGN KEY (c) REFERENCES category (id))")
    said = combo.client("MoveTables", "--drop-foreign-keys", "--workflow=more", "customer.category,product,tagged,stock,nothing,tag",
                        "new_customer").stdout
    assert "the foreign key 'inward' of table 'customer.stays', which refers to 'customer.category', is dropped before the switch" in said
    combo.mariadb("INSERT INTO category VALUES (77, NULL); INSERT INTO stays VALUES (1, 77)", "customer")
    assert "CONSTRAINT `inward`" not in at(combo, "customer", "SHOW CREATE TABLE stays")
    with pytest.raises(Failed, match="1452"):
        combo.mariadb("INSERT INTO product VALUES (500, 500, 'x')", "customer")


INWARD = "ALTER TABLE `customer`.`stays` ADD CONSTRAINT `inward` FOREIGN KEY (`c`) REFERENCES `category` (`id`)"


def test_a_cancelled_move_says_which_keys_it_has_dropped(combo):
    combo.up("customer", "new_customer")
    at(combo, "customer", SCHEMA + "CREATE TABLE stays (id INT PRIMARY KEY, c INT); " + INWARD)
    before = at(combo, "customer", "SHOW CREATE TABLE stays")
    tables = "category,product,tagged,stock,nothing,tag"
    # Nothing is dropped before the copy has caught up.
    combo.client("MoveTables", "--auto-start=false", "--drop-foreign-keys", "--source=customer", f"--tables={tables}", "Create",
                 "new_customer.w")
    assert "note" not in combo.client("Workflow", "delete", "new_customer.w").stdout
    assert at(combo, "customer", "SHOW CREATE TABLE stays") == before
    combo.client("MoveTables", "--drop-foreign-keys", "--workflow=w", "--no-switch", f"customer.{tables}", "new_customer")
    assert at(combo, "customer", "SHOW CREATE TABLE stays") != before
    said = combo.client("Workflow", "delete", "new_customer.w").stdout
    assert "stay dropped; to make them again: ALTER TABLE `customer`.`line`" in said and f" {INWARD};" in said
    assert INWARD in combo.client("Workflow", "show", "new_customer.w").stdout
    at(combo, "customer", INWARD)
    assert at(combo, "customer", "SHOW CREATE TABLE stays") == before


def test_a_child_that_has_left_is_no_key_into_its_parent(combo):
    """Its old table is kept at the source, where nobody writes it."""
    combo.up("customer", "new_customer")
    at(combo, "customer", SCHEMA)
    back = ("MoveTables", "--switch-attempts=1")
    combo.client(*back, "--drop-foreign-keys", "--workflow=first", "customer.orders,line,log", "new_customer")
    combo.client(*back, "--workflow=second", "customer.customer,address,country", "new_customer")
    assert combo.mariadb("SELECT COUNT(*) FROM orders o RIGHT JOIN customer c ON c.id = o.customer", "customer").strip() == "300"
    # It does not come back to a parent that is not served there any more: no client could write it.
    said = combo.client("MoveTables", "ReverseTraffic", "new_customer.first", check=False)
    assert said.returncode == 1 and "refers to 'customer." in said.stderr and "which is served elsewhere by now" in said.stderr
    combo.mariadb("INSERT INTO orders (customer) VALUES (7)", "customer")
    combo.client("MoveTables", "ReverseTraffic", "new_customer.second")
    combo.client("MoveTables", "ReverseTraffic", "new_customer.first")
    combo.mariadb("INSERT INTO orders (customer) VALUES (8)", "customer")
    assert at(combo, "customer", "SELECT COUNT(*) FROM orders") == "2"

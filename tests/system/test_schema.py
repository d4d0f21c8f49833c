"""A whole schema goes there and comes back by KEYSPACE.* under load, and is compared with a copy that nobody has moved."""
import hashlib
import os
import re
import signal
import threading
import time

import pymysql
import pytest

from lib import proc
from lib.combo import Failed
from lib.load import Load
from lib.mariadb import for_rows

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

# users, orders and order_lines are the load generator's own (demo/*.sql); the rest is a small school. In the ENUM and SET keys the
# members sort otherwise than their numbers.
SCHOOL = """
SET NAMES utf8mb4;
CREATE TABLE pupil (id SMALLINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) COLLATE utf8mb4_bin NOT NULL,
 born DATE, points INT NOT NULL DEFAULT 0, mentor SMALLINT UNSIGNED, KEY born (born),
 CONSTRAINT pupil_mentor FOREIGN KEY (mentor) REFERENCES pupil (id));
CREATE TABLE subject (code VARCHAR(10) PRIMARY KEY, title VARCHAR(80) NOT NULL, sort ENUM('arts','science','other') NOT NULL);
CREATE TABLE mark (pupil SMALLINT UNSIGNED NOT NULL, subject VARCHAR(10) NOT NULL, term TINYINT NOT NULL,
 mark DECIMAL(3,1), PRIMARY KEY (subject, pupil, term),
 CONSTRAINT mark_pupil FOREIGN KEY (pupil) REFERENCES pupil (id), CONSTRAINT mark_subject FOREIGN KEY (subject) REFERENCES subject (code));
CREATE TABLE room (building CHAR(2) NOT NULL, number INT NOT NULL, seats SMALLINT, PRIMARY KEY (building, number), UNIQUE KEY n (number));
CREATE TABLE lesson (id INT PRIMARY KEY, building CHAR(2) NOT NULL, number INT NOT NULL, day SET('mon','tue','wed') NOT NULL,
 starts TIME NOT NULL, CONSTRAINT lesson_room FOREIGN KEY (building, number) REFERENCES room (building, number));
CREATE TABLE timetable (day ENUM('wed','mon','tue') NOT NULL, hour TINYINT NOT NULL, kinds SET('z','a') NOT NULL, subject VARCHAR(10),
 taught DATETIME NOT NULL, PRIMARY KEY (day, kinds, hour), CONSTRAINT timetable_subject FOREIGN KEY (subject) REFERENCES subject (code));
CREATE TABLE photo (pupil SMALLINT UNSIGNED PRIMARY KEY, taken DATETIME(6) NOT NULL, image MEDIUMBLOB, thumb VARBINARY(300) NOT NULL,
 CONSTRAINT photo_pupil FOREIGN KEY (pupil) REFERENCES pupil (id));
CREATE TABLE empty_shelf (id INT PRIMARY KEY, what TEXT);
CREATE TABLE setting (name VARBINARY(60) PRIMARY KEY, value LONGTEXT CHARACTER SET utf8mb4);
CREATE TABLE parent_of (elder VARCHAR(20) NOT NULL, pupil SMALLINT UNSIGNED NOT NULL, since YEAR, PRIMARY KEY (elder, pupil));
CREATE TABLE `odd name,1` (`key` BIGINT NOT NULL PRIMARY KEY, `order` DOUBLE, `bits` BIT(9) NOT NULL DEFAULT b'101');
INSERT INTO pupil (id, name, born) SELECT seq, CONCAT('Pupil ', seq), '2010-01-01' + INTERVAL seq DAY FROM seq_1_to_400;
INSERT INTO subject VALUES ('sports','Sports','other'), ('art','Drawing','arts'), ('maths','Sums','science'), ('music','Song','arts');
INSERT INTO mark SELECT p.id, s.code, 1, p.id % 6 FROM pupil p JOIN subject s;
INSERT INTO room SELECT CONCAT('B', seq % 3), seq, seq * 2 FROM seq_1_to_60;
INSERT INTO lesson SELECT seq, CONCAT('B', (seq % 60 + 1) % 3), seq % 60 + 1, 1 + seq % 7, SEC_TO_TIME(seq * 60) FROM seq_1_to_500;
INSERT INTO timetable SELECT 1 + seq % 3, seq DIV 12, seq DIV 3 % 4, 'art', '2024-01-01' FROM seq_0_to_95;
UPDATE pupil SET mentor = id - 1 WHERE id > 1;
INSERT INTO photo SELECT id, '2024-05-01 10:00:00.000001' + INTERVAL id MINUTE, REPEAT(UNHEX(MD5(id)), 200 + id), UNHEX(SHA1(id))
 FROM pupil WHERE id % 2;
INSERT INTO setting VALUES ('', ''), ('tree', '\U0001f333'), (x'00ff', NULL);
INSERT INTO parent_of SELECT CONCAT('elder ', seq % 150), seq, 2000 + seq % 20 FROM seq_1_to_400;
INSERT INTO `odd name,1` SELECT -seq, seq / 7, seq FROM seq_1_to_300;
CREATE VIEW report AS SELECT p.id, p.name, p.points, COUNT(m.subject) AS marks FROM pupil p LEFT JOIN mark m ON m.pupil = p.id GROUP BY p.id;
CREATE VIEW best AS SELECT id, name FROM report WHERE points > 3;
CREATE VIEW known_settings AS SELECT name, value FROM setting WHERE name > '' WITH CASCADED CHECK OPTION;
"""
VIEWS = ["best", "known_settings", "report"]
SUBJECTS = ("art", "music", "maths", "sports")
SCHOOL_TABLES = ["empty_shelf", "lesson", "mark", "odd name,1", "parent_of", "photo", "pupil", "room", "setting", "subject", "timetable"]
TABLES = sorted(SCHOOL_TABLES + ["users", "orders", "order_lines"])
DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "demo")


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba")


def quoted(table):
    return f"`{table}`"


def define(combo, keyspace):
    """The schema, as customer has it in the beginning."""
    with open(os.path.join(DEMO, "users.sql")) as f:
        at(combo, keyspace, "SET time_zone = '+00:00';\n" + for_rows(f.read(), 5000))
    with open(os.path.join(DEMO, "orders.sql")) as f:
        at(combo, keyspace, f.read())
    at(combo, keyspace, SCHOOL)


class Teacher(threading.Thread):
    """Writes rows of its own through the gate, and what was acknowledged to the copy as well, by itself."""

    def __init__(self, combo, number):
        super().__init__()
        self.gate = pymysql.connect(host="127.0.0.1", port=combo.gate_port, user="app", database="customer", autocommit=True)
        self.copy = pymysql.connect(host="127.0.0.1", port=combo.port("server", "school_copy"), user="vt_dba",
                                    password=combo.credentials()["vt_dba"]["password"], database="school_copy", autocommit=True)
        self.number, self.ended, self.done, self.failed = number, threading.Event(), 0, None
        self.may_go, self.rests = threading.Event(), threading.Event()
        self.may_go.set()

    def write(self, statements):
        for conn in (self.gate, self.copy):     # the copy only after the gate has acknowledged the commit
            conn.begin()
            with conn.cursor() as cur:
                for sql, values in statements:
                    cur.execute(sql, values)
            conn.commit()

    def lesson(self):
        """One of each kind of row and of write, keys of this thread alone."""
        me, n = self.number, self.done
        with self.gate.cursor() as cur:
            cur.execute("INSERT INTO pupil (name, born, mentor) VALUES (%s, NULL, %s)", (f"new {me}.{n}", n % 400 + 1))
            pupil = cur.lastrowid
        with self.copy.cursor() as cur:
            cur.execute("INSERT INTO pupil (id, name, born, mentor) VALUES (%s, %s, NULL, %s)", (pupil, f"new {me}.{n}", n % 400 + 1))
        old, image = me * 50 + n % 50 + 1, hashlib.sha512(f"{me}.{n}".encode()).digest() * (n % 60)
        self.write([
            ("INSERT INTO mark VALUES (%s, %s, 1, %s)", (pupil, SUBJECTS[n % 4], n % 6)),
            ("INSERT INTO photo VALUES (%s, '2025-01-01 00:00:00.5', %s, %s)", (pupil, image, image[:300])),
            ("UPDATE pupil SET points = points + 1 WHERE id = %s", (old,)),
            ("UPDATE mark SET mark = IF(mark IS NULL, 1.5, NULL) WHERE pupil = %s AND subject = 'art'", (old,)),
        ])
        self.write([
            ("REPLACE INTO known_settings VALUES (%s, %s)", (f"{me}.{n % 20}", "\U0001f333" * (n % 500))),
            ("UPDATE timetable SET taught = taught + INTERVAL 1 SECOND WHERE day = %s AND hour = %s", (n % 3 + 1, me)),
            ("REPLACE INTO timetable VALUES (%s, %s, %s, 'maths', '2025-01-01')", (n % 3 + 1, me + 20, n % 4)),
            ("UPDATE parent_of SET elder = %s WHERE pupil = %s", (f"other {n}", old)),
            ("UPDATE `odd name,1` SET `order` = %s, bits = bits ^ 3 WHERE `key` = %s", (n / 3, -old)),
            ("UPDATE lesson SET starts = ADDTIME(starts, '00:00:01'), day = 'mon,wed' WHERE id = %s", (old,)),
        ])
        with self.gate.cursor() as cur:
            cur.execute("SELECT marks FROM report WHERE id = %s", (pupil,))
            assert cur.fetchall() == ((1,),)
        if n % 3 == 2:
            self.write([("DELETE FROM photo WHERE pupil = %s", (pupil,)), ("DELETE FROM mark WHERE pupil = %s", (pupil,)),
                        ("DELETE FROM pupil WHERE id = %s", (pupil,))])

    def run(self):
        try:
            while not self.ended.is_set():
                if not self.may_go.is_set():
                    self.rests.set()
                    self.may_go.wait()
                    self.rests.clear()
                self.lesson()
                self.done += 1
                time.sleep(0.1)
        except Exception as e:      # told by end()
            self.failed = e
        self.rests.set()
        self.gate.close()
        self.copy.close()

    def end(self):
        self.ended.set()
        self.join()
        assert self.failed is None, self.failed


class Busy:
    """The load generator and some teachers."""

    def __init__(self, combo, teachers=3):
        self.combo = combo
        self.load = Load(os.path.join(combo.folder, "journal"), combo.gate_port, clients=4, rate=200, orders=True).start()
        self.teachers = [Teacher(combo, i) for i in range(teachers)]
        for t in self.teachers:
            t.start()

    def go_on(self, lessons=3):
        goals = [t.done + lessons for t in self.teachers]
        proc.wait_for(lambda: all(t.done > g or t.failed for t, g in zip(self.teachers, goals)), 120, "teachers to go on")
        self.load.go_on(300)

    def pause(self):
        """All rest: teachers between two lessons, the load generator wherever it is, in transactions too."""
        self.load.process.send_signal(signal.SIGSTOP)
        for t in self.teachers:
            t.may_go.clear()
        for t in self.teachers:
            t.rests.wait()
            assert t.failed is None, t.failed

    def resume(self):
        for t in self.teachers:
            t.may_go.set()
        self.load.process.send_signal(signal.SIGCONT)

    def end(self):
        self.resume()
        for t in self.teachers:
            t.end()
        summary = self.load.stop()
        assert summary["errors"] == 0 and summary["wrong_reads"] == 0, summary["first_errors"]


def definitions(combo, keyspace):
    """Of tables and views. The counter is compared by itself: where rows were deleted it may stand at any number above."""
    said = at(combo, keyspace, ";".join(f"SHOW CREATE TABLE {quoted(n)}" for n in TABLES + VIEWS))
    return re.sub(r" AUTO_INCREMENT=\d+", "", said).splitlines()


def checksums(combo, keyspace, tables):
    said = at(combo, keyspace, "CHECKSUM TABLE " + ", ".join(map(quoted, tables)) + " EXTENDED")
    return {line.split(".", 1)[1].split("\t")[0]: line.split("\t")[1] for line in said.splitlines()}


def content(combo, keyspace, table):
    columns = at(combo, keyspace, "SELECT GROUP_CONCAT(CONCAT('HEX(`', column_name, '`)') ORDER BY ordinal_position) FROM "
                 f"information_schema.columns WHERE table_schema = '{keyspace}' AND table_name = '{table}'").strip()
    return sorted(at(combo, keyspace, f"SELECT {columns} FROM {quoted(table)}").splitlines())


def compare(combo, where):
    assert at(combo, where, "SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'").splitlines() == [f"{t}\tBASE TABLE" for t in TABLES]
    assert definitions(combo, where) == definitions(combo, "school_copy")
    mine, copy = (checksums(combo, k, SCHOOL_TABLES) for k in (where, "school_copy"))
    for table in (t for t in SCHOOL_TABLES if mine[t] != copy[t]):
        there, here = content(combo, where, table), content(combo, "school_copy", table)
        raise AssertionError((table, [row[:200] for row in set(there) ^ set(here)][:4]))


def compare_both(combo, served, other):
    """Nobody writes: the side that does not serve becomes the same, row by row and in its definitions, keys and views."""
    compare(combo, served)
    proc.wait_for(lambda: checksums(combo, served, TABLES) == checksums(combo, other, TABLES), 60, "both sides to be equal")
    assert definitions(combo, other) == definitions(combo, served)


def violations(combo, keyspace):
    """How many rows lack one that they refer to; each column of a key alone."""
    found = at(combo, keyspace, "SELECT table_name, column_name, referenced_table_name, referenced_column_name FROM "
               f"information_schema.key_column_usage WHERE table_schema = '{keyspace}' AND referenced_table_name IS NOT NULL")
    keys = [line.split("\t") for line in found.splitlines()]
    assert len(keys) == 8
    said = at(combo, keyspace, ";".join("SELECT COUNT(*) FROM `{0}` c LEFT JOIN `{2}` p ON p.`{3}` = c.`{1}` WHERE c.`{1}` IS NOT NULL "
                                        "AND p.`{3}` IS NULL".format(*k) for k in keys))
    return [int(n) for n in said.split()]


def verify(combo, busy, where):
    verdict = busy.load.verify(port=combo.port("server", where), user="vt_app", database=where,
                               password_file=combo.password_file("vt_app"))
    assert verdict["ok"], verdict
    # Exactly the next number: the key is small enough to run out.
    counter = int(at(combo, where, "SELECT auto_increment FROM information_schema.tables WHERE table_schema = "
                     f"'{where}' AND table_name = 'pupil'"))
    assert 400 < counter <= 401 + sum(t.done + 1 for t in busy.teachers)


def refused(combo, sql, errno):
    """As clients see it."""
    with pytest.raises(Failed, match=f"ERROR {errno} "):
        combo.mariadb(sql, "customer")


@pytest.fixture
def school(combo):
    combo.up("customer", "new_customer", "school_copy")
    for keyspace in ("customer", "school_copy"):
        define(combo, keyspace)
    return combo


WORKFLOW = "new_customer.customer"
MOVE = ("MoveTables", "--with-views", "customer.*", "new_customer")


def test_a_schema_goes_there_and_back_whole_under_load(school):
    busy = Busy(school)
    try:
        busy.go_on()
        for command, served, other in ((MOVE, "new_customer", "customer"),
                                       (("MoveTables", "ReverseTraffic", WORKFLOW), "customer", "new_customer"),
                                       (("MoveTables", "SwitchTraffic", WORKFLOW), "new_customer", "customer")):
            school.client(*command)
            busy.go_on()
            busy.pause()
            compare_both(school, served, other)
            assert violations(school, served) == violations(school, other) == 8 * [0]
            # Its foreign keys and its views' checks are in force wherever it is.
            refused(school, "DELETE FROM subject WHERE code = 'art'", 1451)
            refused(school, "UPDATE pupil SET mentor = 65535 WHERE id = 1", 1452)
            refused(school, "INSERT INTO known_settings VALUES ('', 'x')", 1369)
            busy.resume()
        shown = school.api("workflow_show", workflow="new_customer/customer")["record"]
        assert shown["state"] == "Switched" and sorted(t["source_table"] for t in shown["tables"]) == TABLES
        school.client("MoveTables", "Complete", WORKFLOW)
        busy.go_on()
    finally:
        busy.end()
    compare(school, "new_customer")
    verify(school, busy, "new_customer")
    assert at(school, "customer", "SHOW TABLES") == "" and at(school, "new_customer", "SHOW TRIGGERS") == ""
    assert school.mariadb("SHOW TABLES", "customer").splitlines() == sorted(TABLES + VIEWS)

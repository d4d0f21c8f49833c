"""A whole schema moves by KEYSPACE.* under load; afterwards it is compared with a copy that nobody has moved."""
import hashlib
import os
import re
import threading

import pymysql
import pytest

from lib import proc
from lib.load import Load

pytestmark = pytest.mark.skipif(not proc.is_built("vtcombo"), reason="vtcombo is not built")

# users, orders and order_lines are the load generator's own (demo/*.sql); the rest is a small school.
SCHOOL = """
SET NAMES utf8mb4;
CREATE TABLE pupil (id SMALLINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40) COLLATE utf8mb4_bin NOT NULL,
 born DATE, points INT NOT NULL DEFAULT 0, KEY born (born));
CREATE TABLE subject (code VARCHAR(10) PRIMARY KEY, title VARCHAR(80) NOT NULL, sort ENUM('arts','science','other') NOT NULL);
CREATE TABLE mark (pupil SMALLINT UNSIGNED NOT NULL, subject VARCHAR(10) NOT NULL, term TINYINT NOT NULL,
 mark DECIMAL(3,1), PRIMARY KEY (subject, pupil, term),
 CONSTRAINT mark_pupil FOREIGN KEY (pupil) REFERENCES pupil (id), CONSTRAINT mark_subject FOREIGN KEY (subject) REFERENCES subject (code));
CREATE TABLE room (building CHAR(2) NOT NULL, number INT NOT NULL, seats SMALLINT, PRIMARY KEY (building, number), UNIQUE KEY n (number));
CREATE TABLE lesson (id INT PRIMARY KEY, building CHAR(2) NOT NULL, number INT NOT NULL, day SET('mon','tue','wed') NOT NULL,
 starts TIME NOT NULL, CONSTRAINT lesson_room FOREIGN KEY (building, number) REFERENCES room (building, number));
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
INSERT INTO photo SELECT id, '2024-05-01 10:00:00.000001' + INTERVAL id MINUTE, REPEAT(UNHEX(MD5(id)), 200 + id), UNHEX(SHA1(id))
 FROM pupil WHERE id % 2;
INSERT INTO setting VALUES ('', ''), ('tree', '\U0001f333'), (x'00ff', NULL);
INSERT INTO parent_of SELECT CONCAT('elder ', seq % 150), seq, 2000 + seq % 20 FROM seq_1_to_400;
INSERT INTO `odd name,1` SELECT -seq, seq / 7, seq FROM seq_1_to_300;
"""
SUBJECTS = ("art", "music", "maths", "sports")
SCHOOL_TABLES = ["empty_shelf", "lesson", "mark", "odd name,1", "parent_of", "photo", "pupil", "room", "setting", "subject"]
TABLES = sorted(SCHOOL_TABLES + ["users", "orders", "order_lines"])
DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "demo")


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba")


def quoted(table):
    return f"`{table}`"


def define(combo, keyspace):
    """The schema, as customer has it in the beginning."""
    with open(os.path.join(DEMO, "users.sql")) as f:
        at(combo, keyspace, "SET time_zone = '+00:00';\n" + f.read().replace("seq_1_to_1000000", "seq_1_to_5000"))
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
            cur.execute("INSERT INTO pupil (name, born) VALUES (%s, NULL)", (f"new {me}.{n}",))
            pupil = cur.lastrowid
        with self.copy.cursor() as cur:
            cur.execute("INSERT INTO pupil (id, name, born) VALUES (%s, %s, NULL)", (pupil, f"new {me}.{n}"))
        old, image = me * 50 + n % 50 + 1, hashlib.sha512(f"{me}.{n}".encode()).digest() * (n % 60)
        self.write([
            ("INSERT INTO mark VALUES (%s, %s, 1, %s)", (pupil, SUBJECTS[n % 4], n % 6)),
            ("INSERT INTO photo VALUES (%s, '2025-01-01 00:00:00.5', %s, %s)", (pupil, image, image[:300])),
            ("UPDATE pupil SET points = points + 1 WHERE id = %s", (old,)),
            ("UPDATE mark SET mark = IF(mark IS NULL, 1.5, NULL) WHERE pupil = %s AND subject = 'art'", (old,)),
        ])
        self.write([
            ("REPLACE INTO setting VALUES (%s, %s)", (f"{me}.{n % 20}", "\U0001f333" * (n % 500))),
            ("UPDATE parent_of SET elder = %s WHERE pupil = %s", (f"other {n}", old)),
            ("UPDATE `odd name,1` SET `order` = %s, bits = bits ^ 3 WHERE `key` = %s", (n / 3, -old)),
            ("UPDATE lesson SET starts = ADDTIME(starts, '00:00:01'), day = 'mon,wed' WHERE id = %s", (old,)),
        ])
        if n % 3 == 2:
            self.write([("DELETE FROM photo WHERE pupil = %s", (pupil,)), ("DELETE FROM mark WHERE pupil = %s", (pupil,)),
                        ("DELETE FROM pupil WHERE id = %s", (pupil,))])

    def run(self):
        try:
            while not self.ended.is_set():
                self.lesson()
                self.done += 1
        except Exception as e:      # told by end()
            self.failed = e
        self.gate.close()
        self.copy.close()

    def end(self):
        self.ended.set()
        self.join()
        assert self.failed is None, self.failed


class Busy:
    """The load generator and some teachers."""

    def __init__(self, combo, teachers=4):
        self.combo = combo
        self.load = Load(os.path.join(combo.folder, "journal"), combo.gate_port, clients=4, rate=400, orders=True).start()
        self.teachers = [Teacher(combo, i) for i in range(teachers)]
        for t in self.teachers:
            t.start()

    def go_on(self, lessons=5):
        goals = [t.done + lessons for t in self.teachers]
        proc.wait_for(lambda: all(t.done > g or t.failed for t, g in zip(self.teachers, goals)), 120, "teachers to go on")
        self.load.go_on(500)

    def end(self):
        for t in self.teachers:
            t.end()
        summary = self.load.stop()
        assert summary["errors"] == 0 and summary["wrong_reads"] == 0, summary["first_errors"]


def definition(combo, keyspace, table):
    """The counter is compared by itself: where rows were deleted it may stand at any number above."""
    return re.sub(r" AUTO_INCREMENT=\d+", "", at(combo, keyspace, f"SHOW CREATE TABLE {quoted(table)}"))


def content(combo, keyspace, table):
    columns = at(combo, keyspace, "SELECT GROUP_CONCAT(CONCAT('HEX(`', column_name, '`)') ORDER BY ordinal_position) FROM "
                 f"information_schema.columns WHERE table_schema = '{keyspace}' AND table_name = '{table}'").strip()
    return sorted(at(combo, keyspace, f"SELECT {columns} FROM {quoted(table)}").splitlines())


def compare(combo, busy, where):
    assert at(combo, where, "SHOW TABLES").splitlines() == TABLES
    for table in TABLES:
        assert definition(combo, where, table) == definition(combo, "school_copy", table)
    for table in SCHOOL_TABLES:
        there, copy = content(combo, where, table), content(combo, "school_copy", table)
        assert there == copy, (table, [row[:200] for row in set(there) ^ set(copy)][:4])
    verdict = busy.load.verify(port=combo.port("server", where), user="vt_app", database=where,
                               password_file=combo.password_file("vt_app"))
    assert verdict["ok"], verdict
    # Exactly the next number: the key is small enough to run out.
    counter = int(at(combo, where, "SELECT auto_increment FROM information_schema.tables WHERE table_schema = "
                     f"'{where}' AND table_name = 'pupil'"))
    assert 400 < counter <= 401 + sum(t.done + 1 for t in busy.teachers)


@pytest.fixture
def school(combo):
    combo.up("customer", "new_customer", "school_copy")
    for keyspace in ("customer", "school_copy"):
        define(combo, keyspace)
    return combo


def test_a_schema_moves_whole_under_load(school):
    busy = Busy(school)
    try:
        busy.go_on()
        school.client("MoveTables", "customer.*", "new_customer")
        busy.go_on()
    finally:
        busy.end()
    shown = school.api("workflow_show", workflow="new_customer/customer")["record"]
    assert shown["state"] == "Switched" and sorted(t["source_table"] for t in shown["tables"]) == TABLES
    compare(school, busy, "new_customer")

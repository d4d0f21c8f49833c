"""The tables that benchmarks copy: how each is made at the source, what it is without its secondary indexes, and which these are."""
import os
import subprocess

from lib.combo import Failed

HERE = os.path.dirname(os.path.abspath(__file__))
ACCOUNT = "bench"

USERS = ("id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, email varchar(255) NOT NULL, name varchar(100), "
         "created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, balance decimal(12,2), data text")
SBTEST = ("id int NOT NULL AUTO_INCREMENT PRIMARY KEY, k int NOT NULL DEFAULT '0', c char(120) NOT NULL DEFAULT '', "
          "pad char(60) NOT NULL DEFAULT ''")
MIXED = ("id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, account int NOT NULL, code char(16) NOT NULL, title varchar(120) NOT NULL, "
         "kind enum('new','paid','sent','done') NOT NULL, amount decimal(14,4) NOT NULL, rate double, due date, "
         "changed datetime(6) NOT NULL, payload varbinary(200)")
# SHA-2 and arithmetic: both kinds of servers have them, and make the same of them.
MIXED_ROWS = """INSERT INTO mixed
SELECT seq, seq * 7919 % 50021, substr(sha2(seq, 224), 1, 16), concat('Order ', substr(sha2(seq, 256), 1, 24), ' for ', seq),
       1 + seq % 4, seq * 7919 % 1000000000 / 10000, if(seq % 10 = 0, NULL, seq * 7919 % 100003 / 64),
       if(seq % 7 = 0, NULL, date'2020-01-01' + INTERVAL seq % 2000 DAY),
       timestamp'2021-01-01 00:00:00' + INTERVAL seq * 7919 % 100000000000 MICROSECOND,
       if(seq % 5 = 0, NULL, unhex(substr(repeat(sha2(seq + 5, 256), 4), 1, 2 * (seq % 100))))
FROM (WITH RECURSIVE low AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM low WHERE n < 999)
      SELECT 1 + a.n + 1000 * b.n AS seq FROM low a, low b) AS numbers WHERE seq <= {rows} ORDER BY seq;"""


class Table:
    """name at the source; bare and keys: its columns, and what an ALTER adds to them; rows: all columns' names."""

    def __init__(self, name, bare, keys, columns):
        self.name, self.bare, self.keys, self.columns = name, bare, keys, columns

    def bare_sql(self, collation):
        return f"CREATE TABLE {self.name} ({self.bare}) ENGINE=InnoDB COLLATE={collation};"

    def alter_sql(self):
        return f"ALTER TABLE {self.name} {self.keys};"

    def sum_sql(self):
        """A figure of all rows that servers of every kind compute alike."""
        return f"SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', {self.columns}))) FROM {self.name};"


TABLES = {
    "users": Table("users", USERS, "ADD UNIQUE KEY email (email), ADD KEY created_at (created_at)",
                   "id, email, name, created_at, balance, data"),
    "sbtest": Table("sbtest1", SBTEST, "ADD KEY k_1 (k)", "id, k, c, pad"),
    "mixed": Table("mixed", MIXED, "ADD UNIQUE KEY code (code), ADD KEY account (account, due), ADD KEY title (title), "
                   "ADD KEY changed (changed)",
                   "id, account, code, title, kind, amount, rate, due, changed, HEX(payload)"),
}


def make_account(c, *ports):
    """An account of the benchmark's own: the product's passwords stay off command lines."""
    for port in ports:
        c.mariadb(f"CREATE USER IF NOT EXISTS {ACCOUNT}@'127.0.0.1'; GRANT ALL ON *.* TO {ACCOUNT}@'127.0.0.1';", port=port,
                  user="vt_dba")


def sysbench(port, rows, *more):
    cmd = ["sysbench", "oltp_write_only", "--db-driver=mysql", "--mysql-host=127.0.0.1", f"--mysql-port={port}",
           f"--mysql-user={ACCOUNT}", "--mysql-db=customer", "--mysql-ssl=off", "--tables=1", f"--table-size={rows}", *more]
    done = subprocess.run(cmd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"sysbench: {(done.stderr + done.stdout).strip()[-400:]}")


def fill(c, name, rows):
    """Makes the table in `customer` at its server."""
    source = c.port("server", "customer")
    if name == "sbtest":
        make_account(c, source)
        sysbench(source, rows, "prepare")
        return
    if name == "mixed":
        sql = f"CREATE TABLE mixed ({MIXED}) ENGINE=InnoDB;\n{TABLES[name].alter_sql()}\n{MIXED_ROWS.format(rows=rows)}"
    else:
        with open(os.path.join(HERE, "..", "demo", "users.sql")) as f:
            sql = f.read().replace("<= 1000000", f"<= {rows}")
    c.mariadb("SET time_zone = '+00:00';\n" + sql, "customer", port=source, user="vt_dba")

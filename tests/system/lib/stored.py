"""What is stored beside tables: triggers, routines and events of theirs, made by an administrator at the servers of a cluster."""
import pymysql

TABLES = """
CREATE TABLE item (id INT PRIMARY KEY, n INT NOT NULL, changed INT NOT NULL DEFAULT 0, word VARCHAR(40));
CREATE TABLE audit (id INT PRIMARY KEY AUTO_INCREMENT, item INT NOT NULL, was INT, what VARCHAR(40) NOT NULL DEFAULT '', KEY item (item));
CREATE TABLE stays (id INT PRIMARY KEY);
INSERT INTO item (id, n) VALUES (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0); INSERT INTO stays VALUES (7);
"""
# Somebody else, whose name needs quotes.
DEFINER = "'some''body'@'localhost'"
STRICT = "STRICT_ALL_TABLES"


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


def make(combo, sql, keyspace="customer", mode=STRICT):
    """Under that sql_mode."""
    conn = pymysql.connect(host="127.0.0.1", port=combo.port("server", keyspace), user="vt_dba", charset="utf8mb4",
                           password=combo.credentials()["vt_dba"]["password"], database=keyspace, autocommit=True)
    with conn.cursor() as cur:
        cur.execute(f"SET sql_mode = '{mode}'")
        cur.execute(sql)
    conn.close()


def up(combo, statements, modes=(), **more):
    """A cluster with TABLES at the source, and what the statements make there, each under its mode if it has one."""
    combo.up("customer", "new_customer", **more)
    for keyspace in ("customer", "new_customer"):
        at(combo, keyspace, f"SET GLOBAL log_bin_trust_function_creators = 1; CREATE USER {DEFINER}; GRANT ALL ON *.* TO {DEFINER}")
        if "MariaDB" not in at(combo, keyspace, "SELECT VERSION()"):     # which lets nobody drop what a greater account has defined
            at(combo, keyspace, "GRANT SYSTEM_USER ON *.* TO vt_app@127.0.0.1")
    at(combo, "customer", TABLES)
    for sql in statements:
        make(combo, sql, mode=dict(modes).get(sql, STRICT))
    return combo

"""Clusters whose keyspaces have servers of chosen kinds."""
import pymysql

# Source, target: the kinds of vtcombo.
PAIRS = [("mysql", "mysql"), ("mysql", "mariadb"), ("mariadb", "mysql")]


def up(combo, source, target):
    combo.kinds = {"customer": source, "new_customer": target}
    return combo.up("customer", "new_customer")


def at(combo, keyspace, sql_mode="", **more):
    """A connection to the keyspace's server itself, as its administrator, that takes what strict mode refuses."""
    conn = pymysql.connect(host="127.0.0.1", port=combo.port("server", keyspace), user="vt_dba", database=keyspace,
                           password=combo.credentials()["vt_dba"]["password"], autocommit=True, charset="utf8mb4", **more)
    with conn.cursor() as cur:
        cur.execute(f"SET sql_mode='{sql_mode}', time_zone='+00:00'")
    return conn


def rows(conn, sql):
    with conn.cursor() as cur:
        cur.execute(sql)
        return cur.fetchall()


def run(conn, *statements):
    with conn.cursor() as cur:
        for sql in statements:
            cur.execute(sql)

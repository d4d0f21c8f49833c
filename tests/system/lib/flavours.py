"""Clusters whose keyspaces have servers of chosen kinds."""
import os

import pymysql

from . import datadir, servers

# Source, target: the kinds of vtcombo, of which 'mysql' is 9.7 and 'mariadb' the system's.
PAIRS = [("mysql", "mysql"), ("mysql", "mariadb"), ("mariadb", "mysql")]


def path():
    """$PATH in which MySQL's programs are found."""
    return os.path.join(servers.home("mysql-9.7"), "bin") + ":" + os.environ["PATH"]


def prepare(combo, source, target, templates):
    """Data directories of uids 1 and 2, as vtcombo would make them."""
    combo.template = None
    os.makedirs(combo.data_dir)
    for uid, kind in ((1, source), (2, target)):
        made = servers.MySQL97.template(templates) if kind == "mysql" else datadir.template(templates, "socket")
        datadir.copy(made, os.path.join(combo.data_dir, f"server-{uid}"))


def up(combo, source, target, env=None):
    prepare(combo, source, target, os.environ["SWITCHYARD_TEST_TEMPLATES"])
    return combo.up(f"customer={source}", f"new_customer={target}", env={"PATH": path(), **(env or {})})


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

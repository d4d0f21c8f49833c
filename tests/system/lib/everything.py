"""All that a cluster holds, as one flat dictionary, so that two moments can be compared without choosing what to look at."""
import json
import os
import sqlite3

import pymysql

SYSTEM = ("mysql", "information_schema", "performance_schema", "sys")


def rows_of(conn, sql, *args):
    with conn.cursor() as cur:
        cur.execute(sql, args)
        return cur.fetchall()


def of_topology(combo):
    """Every key: what is not JSON stays as it is."""
    found = {}
    with sqlite3.connect(f"file:{os.path.join(combo.data_dir, 'topo.db')}?mode=ro", uri=True) as db:
        for key, value in db.execute("SELECT key, value FROM kv"):
            text = value.decode() if isinstance(value, bytes) else value
            try:
                found[f"topology {key}"] = json.loads(text)
            except ValueError:
                found[f"topology {key}"] = text
    return found


def of_table(conn, database, table, kind):
    where = f"`{database}`.`{table}`"
    created = rows_of(conn, f"SHOW CREATE {'VIEW' if kind == 'VIEW' else 'TABLE'} {where}")[0][1]
    return {f"table {database}.{table}": created,
            f"rows {database}.{table}": sorted(map(repr, rows_of(conn, f"SELECT * FROM {where}")))}


def of_server(conn):
    """Tables, rows, triggers, events, routines, accounts, prepared transactions, and tables that somebody has locked."""
    found = {}
    databases = [d for d, in rows_of(conn, "SELECT schema_name FROM information_schema.schemata") if d not in SYSTEM]
    for database in databases:
        found[f"database {database}"] = rows_of(conn, f"SHOW CREATE DATABASE `{database}`")[0][1]
        for table, kind in rows_of(conn, f"SHOW FULL TABLES FROM `{database}`"):
            found.update(of_table(conn, database, table, kind))
    for what, sql in {
        "trigger": "SELECT CONCAT(trigger_schema, '.', trigger_name), CONCAT_WS(' ', action_timing, event_manipulation, "
                   "event_object_table, action_order, action_statement, sql_mode, definer) FROM information_schema.triggers",
        "event": "SELECT CONCAT(event_schema, '.', event_name), event_definition FROM information_schema.events",
        "routine": "SELECT CONCAT(routine_schema, '.', routine_name), routine_definition FROM information_schema.routines "
                   "WHERE routine_schema NOT IN ('mysql', 'sys')",
        "account": "SELECT CONCAT(User, '@', Host), Priv FROM mysql.global_priv",
        "prepared": "XA RECOVER",
        "in use": "SHOW OPEN TABLES WHERE In_use > 0 AND `Database` NOT IN ('mysql')",
    }.items():
        for name, *rest in rows_of(conn, sql):
            found[f"{what} {name}"] = rest
    return found


def of_cluster(combo, keyspaces):
    found = of_topology(combo)
    password = combo.credentials()["vt_dba"]["password"]
    for keyspace in keyspaces:
        conn = pymysql.connect(host="127.0.0.1", port=combo.port("server", keyspace), user="vt_dba", password=password,
                               autocommit=True)
        try:
            found.update({f"{keyspace}: {name}": value for name, value in of_server(conn).items()})
        finally:
            conn.close()
        for name in combo.mariadb("SHOW TABLES", keyspace).split():
            found[f"seen by clients: {keyspace}.{name}"] = combo.mariadb(f"SHOW CREATE TABLE {name}", keyspace)
    return found


def differences(before, after):
    """{name: (before, after)}; None: it was not there."""
    return {name: (before.get(name), after.get(name)) for name in sorted({*before, *after})
            if before.get(name) != after.get(name)}

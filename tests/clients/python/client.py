"""What a Python driver sees.   client.py DRIVER HOST PORT USER DATABASE"""
import datetime
import decimal
import os
import sys
import threading

driver, host, port, user, database = sys.argv[1:6]
compress = {"compress": True} if os.environ.get("CLIENTS_COMPRESS") else {}
SQL = "INSERT INTO clients (n, d, name, b, t, j) VALUES (%s, %s, %s, %s, %s, %s)"


def connect():
    if driver == "pymysql":
        import pymysql
        from pymysql.constants import CLIENT
        return pymysql.connect(host=host, port=int(port), user=user, database=database, charset="utf8mb4",
                               client_flag=CLIENT.MULTI_STATEMENTS)
    if driver == "mysql.connector":
        import mysql.connector
        # In pure Python it reads only one frame more for a packet that has not ended: servers' second is long, vtgate's not.
        return mysql.connector.connect(host=host, port=int(port), user=user, database=database,
                                       charset="utf8mb4", collation="utf8mb4_general_ci", use_pure=not compress, **compress)
    if driver == "mysqlclient":
        import MySQLdb
        return MySQLdb.connect(host=host, port=int(port), user=user, database=database, charset="utf8mb4", **compress)
    if driver == "mariadb":
        import mariadb
        return mariadb.connect(host=host, port=int(port), user=user, database=database, **compress)
    raise SystemExit(f"no driver {driver}")


def say(step, *what):
    print(f"{step}:", *[repr(w) for w in what], flush=True)


def number(error):
    found = getattr(error, "errno", None)
    return found if isinstance(found, int) else error.args[0] if error.args else None


def rows(c, sql, args=None, **how):
    k = c.cursor(**how)
    k.execute(sql, args) if args is not None else k.execute(sql)
    got = [tuple(r) for r in k.fetchall()] if k.description else k.rowcount
    k.close()
    return got


def fails(c, step, sql, args=None):
    try:
        say(step, rows(c, sql, args))
    except Exception as e:
        say(step, "error", number(e))


def values(c):
    rows(c, "DELETE FROM clients")
    k = c.cursor()
    k.execute(SQL, (7, decimal.Decimal("12.50"), "żółw 🐢", b"\x00\xff'\\", datetime.datetime(2024, 2, 29, 12, 0, 1, 5), None))
    say("last id is the row's", k.lastrowid == rows(c, "SELECT MAX(id) FROM clients")[0][0])
    say("one row", k.rowcount)
    say("values", rows(c, "SELECT n, d, name, b, t, j FROM clients"))
    say("with a value", rows(c, "SELECT name FROM clients WHERE n = %s", (7,)))
    say("no rows", rows(c, "SELECT n FROM clients WHERE n = %s", (8,)))
    k.executemany(SQL, [(i, decimal.Decimal(i), f"r{i}", None, None, "[1]") for i in range(100, 120)])
    say("batch", k.rowcount, rows(c, "SELECT COUNT(*), SUM(n) FROM clients WHERE n >= 100"))
    k.execute("SELECT n AS m, COUNT(*) c, NOW(6) t FROM clients GROUP BY n ORDER BY n LIMIT 1")
    say("columns", [d[:2] for d in k.description])
    k.fetchall()


def transactions(c):
    c.commit()
    rows(c, "UPDATE clients SET n = 8 WHERE n = 7")
    c.rollback()
    say("rolled back", rows(c, "SELECT n FROM clients WHERE n < 100"))
    rows(c, "SET @x = 5")
    rows(c, "UPDATE clients SET n = 9 WHERE n = 7")
    if driver == "mysql.connector":
        say("in transaction", c.in_transaction)
    c.commit()
    if driver == "mysql.connector":
        say("in transaction", c.in_transaction)
    say("committed", rows(c, "SELECT n, @x FROM clients WHERE n < 100"))
    c.commit()
    fails(c, "begin", "START TRANSACTION")
    fails(c, "set in it", "SET @y = 6")
    if driver == "mysql.connector":
        say("in transaction", c.in_transaction)
    rows(c, "DELETE FROM clients WHERE n = 9")
    c.rollback()
    say("kept", rows(c, "SELECT COUNT(*) FROM clients WHERE n = 9"))


def errors(c):
    c.rollback()
    fails(c, "syntax", "SELEC 1")
    fails(c, "no table", "SELECT * FROM no_such_table")
    c.rollback()
    fails(c, "no column", "SELECT no_such FROM clients")
    fails(c, "duplicate", "INSERT INTO clients (id, n) SELECT id, n FROM clients")
    fails(c, "too long", "INSERT INTO clients (n, name) VALUES (1, REPEAT('x', 300))")
    c.rollback()
    say("goes on", rows(c, "SELECT 1"))


def large(c):
    text = b"\x01" * (1 << 20)
    rows(c, "DELETE FROM clients")
    rows(c, SQL, (1, None, "large", text, None, None))
    got = rows(c, "SELECT b FROM clients WHERE n = 1")
    say("a megabyte", got[0][0] == text)
    c.commit()


def prepared(c):
    if driver not in ("mysql.connector", "mariadb"):
        return
    how = {"prepared": True}
    for n in (1, 2, 3):
        say("prepared", rows(c, "SELECT COUNT(*) FROM clients WHERE n = ?", (n,), **how))
    say("prepared types", rows(c, "SELECT n, d, name, t FROM clients WHERE n = ?", (1,), **how))


def several(c):
    if driver in ("pymysql", "mysqlclient"):
        k = c.cursor()
        k.execute("SELECT 1; UPDATE clients SET n = 5 WHERE n = 1; SELECT n FROM clients")
        got = [k.fetchall()]
        while k.nextset():
            got.append(k.fetchall() if k.description else k.rowcount)
        say("several", got)
        c.commit()


def cancelled(c):
    me = rows(c, "SELECT CONNECTION_ID()")[0][0]
    say("one id", me == rows(c, "SELECT CONNECTION_ID()")[0][0])
    other = connect()

    def kill():
        # Not before it runs: the number of the query is its connection's.
        while not rows(other, f"SELECT 1 FROM information_schema.processlist WHERE id = {me} AND info LIKE 'SELECT SLEEP%%'"):
            pass
        rows(other, f"KILL QUERY {me}")

    t = threading.Thread(target=kill)
    t.start()
    fails(c, "cancelled", "SELECT SLEEP(20)")
    t.join()
    say("goes on", rows(c, "SELECT 2"))
    other.close()


def main():
    c = connect()
    for part in (values, transactions, errors, large, prepared, several, cancelled):
        part(c)
    c.close()


main()

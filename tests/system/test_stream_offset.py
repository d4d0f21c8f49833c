"""Where a stream goes on by file and offset, which cost the source nothing, and where it asks by GTIDs: the source's own log says which."""
import os
import shutil

import pytest

from lib import datadir, kinds, proc
from lib.streams import Writer, running

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

SOURCE = kinds.brand(kinds.wanted()[0])


def listen(server):
    """From now on; also after a restart of the server it has to be asked for again."""
    server.sql("SET GLOBAL log_output='TABLE'")
    server.sql("TRUNCATE mysql.general_log")
    server.sql("SET GLOBAL general_log=1")


def dumps(server):
    """Of each dump that was asked for: its offset, or None where it is told GTIDs."""
    found = []
    for kind, text in server.sql("SELECT command_type, CONVERT(argument USING utf8mb4) FROM mysql.general_log "
                                 "WHERE command_type LIKE 'Binlog Dump%' ORDER BY event_time"):
        gtids = "GTID" in kind or "Log: ''" in text
        found.append(None if gtids else int(text.split("Pos: ")[1].split()[0]))
    return found


def write(p, value):
    p.source.server.sql("UPDATE t SET name = %s WHERE id < 100", (value,), database="customer")
    stored(p)


def stored(p):
    """What the source has now is on the target's disk, if it has changed the table."""
    goal = p.source.server.position()
    proc.wait_for(lambda: p.source.server.has(p.target.server.sql("SELECT applied_gtid FROM _switchyard.stream")[0][0].decode(), goal),
                  30, "the place to be stored")


def lose(p):
    """The stream's connection, which is made again; what it asked for."""
    listen(p.source.server)
    for (thread,) in p.source.server.sql("SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'"):
        p.source.server.sql(f"KILL {thread}")
    return proc.wait_for(lambda: dumps(p.source.server), 30, "the stream to connect again")


def again(p):
    """The tablet's next process goes on; what it asked for."""
    p.target.kill()
    listen(p.source.server)
    p.target.start()
    p.wait("running")
    return proc.wait_for(lambda: dumps(p.source.server), 30, "the stream to ask for the binlog")


def ended_well(p):
    write(p, "the last one")
    p.freeze()
    p.check_equal()


def all_by_offset(asked):
    return asked and None not in asked


def test_a_process_goes_on_by_offset(pair):
    p = pair("t")
    running(p)
    write(p, "before")
    assert all_by_offset(asked := again(p)), asked
    ended_well(p)


def test_a_lost_connection_goes_on_by_offset(pair):
    p = pair("t")
    running(p)
    write(p, "before")
    writer = Writer(p.source.server, 5)
    writer.start()
    for _ in range(5):
        assert all_by_offset(asked := lose(p)), asked
    writer.end()
    ended_well(p)


def test_checksums_that_come_and_go(pair):
    p = pair("t")
    running(p)
    for value in ("NONE", "CRC32", "NONE"):
        p.source.server.sql(f"SET GLOBAL binlog_checksum={value}")
        write(p, value)
        assert all_by_offset(asked := again(p)), (value, asked)
    ended_well(p)


def test_a_file_that_has_ended_since(pair):
    """The last group is at its end, and the stream has not read the next one's head; or it has, and GTIDs cost nothing."""
    p = pair("t")
    running(p)
    write(p, "before")
    p.target.kill()
    p.source.server.sql("FLUSH BINARY LOGS")
    assert all_by_offset(asked := again(p)), asked
    ended_well(p)


def test_groups_of_every_kind(pair):
    p = pair("t")
    running(p)
    server = p.source.server
    server.sql("CREATE TABLE other (id INT PRIMARY KEY, v INT)", database="customer")
    for group in (["CREATE TABLE ddl_alone (a INT)"], ["DROP TABLE ddl_alone"], ["INSERT INTO other VALUES (1, 1)"],
                  ["XA START 'x'", "UPDATE other SET v = 2", "XA END 'x'", "XA PREPARE 'x'"], ["XA COMMIT 'x'"],
                  ["BEGIN", "UPDATE t SET name = 'a' WHERE id = 1", "SAVEPOINT s", "UPDATE t SET name = 'b' WHERE id = 2", "COMMIT"]):
        with server.connect("customer") as conn, conn.cursor() as cur:
            for sql in group:
                cur.execute(sql)
        p.catch_up()
        assert all_by_offset(asked := lose(p)), (group, asked)
    ended_well(p)


@pytest.mark.skipif(SOURCE != "mariadb", reason="MySQL has no domains")
def test_several_domains(pair):
    p = pair("t")
    running(p)
    with p.source.server.connect("customer") as conn, conn.cursor() as cur:
        for domain in (7, 3, 0, 7):
            cur.execute(f"SET gtid_domain_id={domain}")
            cur.execute(f"UPDATE t SET name = 'd{domain}' WHERE id = 1")
            stored(p)
            assert all_by_offset(asked := again(p)), (domain, asked)
    ended_well(p)


@pytest.mark.skipif(SOURCE != "mariadb", reason="its keys are in a plug-in that these servers have not")
def test_encrypted_files(pair, folder):
    p = pair("t")
    server = p.source.server
    server.stop()
    keys = os.path.join(folder, "keys.txt")
    with open(keys, "w", encoding="ascii") as f:
        f.write("1;" + "0123456789abcdef" * 4 + "\n")
    datadir.give_to_server(keys)
    server.extra += ["--plugin-load-add=file_key_management", f"--file-key-management-filename={keys}", "--encrypt-binlog=1"]
    server.start()
    running(p)
    write(p, "before")
    assert all_by_offset(asked := again(p)), asked
    ended_well(p)


@pytest.mark.skipif(SOURCE != "mariadb", reason="the binlog of MySQL has the TRUNCATE of listen()")
def test_a_large_group_is_not_read_again(pair):
    """Nothing was written since: its end is asked for."""
    p = pair("t")
    running(p)
    p.source.server.sql("CREATE TABLE other (id INT PRIMARY KEY, v LONGTEXT)", database="customer")
    p.source.server.sql("INSERT INTO other VALUES (1, REPEAT('x', 2000000))", database="customer")
    p.catch_up()
    end = p.source.server.place()[1]
    assert lose(p) == [end]
    ended_well(p)


def goes_on_as(p, backup, *names):
    """The source's server is that of the backup again, and has other changes by the time it is at the address."""
    server, port = p.source.server, p.source.server.port
    server.kill()
    shutil.rmtree(server.datadir)
    datadir.copy(backup, server.datadir)
    datadir.give_to_server(server.datadir)
    server.port = proc.free_port()
    server.start()
    changes(server, *names)
    server.stop()
    server.port = port
    server.start()


def changes(server, first, second, rows=1):
    server.sql("UPDATE t SET name = %s WHERE id BETWEEN 1 AND %s", (first, rows), database="customer")
    server.sql("UPDATE t SET name = %s WHERE id = 95", (second,), database="customer")


@pytest.mark.parametrize("name, rows, lives", [("two", 1, True), ("2", 1, False), ("two, and more", 1, False), ("two", 90, True)],
                         ids=["same length", "shorter", "longer", "much shorter"])
def test_a_source_that_was_set_back_and_has_gone_on_otherwise(pair, name, rows, lives):
    """It has all of our GTIDs again, and gave them to other transactions, of which ours is at no beginning, or the file ends before."""
    p = pair("t")
    running(p)
    server, backup = p.source.server, p.source.server.datadir + ".backup"
    write(p, "before")
    p.source.stop(), server.stop()
    datadir.copy(server.datadir, backup)
    server.start()
    changes(server, "one", "one", rows)
    stored(p)
    at = server.position()
    if not lives:
        p.target.kill()
    goes_on_as(p, backup, name, "two")
    assert server.position() == at
    if not lives:
        p.target.start()
    status = proc.wait_for(lambda: (s := p.status())["state"] == "error" and s, 30, "the stream to stop")
    assert "the source has another history" in status["error"] and "vtctlclient Workflow delete" in status["hint"], status
    assert p.target.server.sql("SELECT name FROM new_customer.t WHERE id IN (1, 95)") == (("one",), ("one",))

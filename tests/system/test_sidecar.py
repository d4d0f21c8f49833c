"""The sidecar database: of any name, beside Vitess's own, and taken over from release 0.1 with streams and fences."""
import threading

import pymysql
import pytest

from lib import move, proc, tablets
from lib.combo import Failed
from lib.streams import Writer, fill

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

VITESS = """CREATE DATABASE _vt;
CREATE TABLE _vt.copy_state (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, vrepl_id INT NOT NULL,
  table_name VARBINARY(128) NOT NULL, lastpk VARBINARY(2000));
CREATE TABLE _vt.heartbeat (keyspaceShard VARBINARY(256) NOT NULL PRIMARY KEY, tabletUid INT UNSIGNED NOT NULL,
  ts BIGINT UNSIGNED NOT NULL);
INSERT INTO _vt.heartbeat VALUES ('customer:0', 100, 1);"""


def at(combo, keyspace, sql):
    return combo.mariadb(sql, user="vt_dba", port=combo.port("server", keyspace)).strip()


def test_a_move_beside_vitess_with_names_of_our_own(combo):
    """At the source the default, at the target another; both servers have a _vt that is somebody else's."""
    c = combo.up("customer")
    at(c, "customer", VITESS)
    made = c.client("CreateKeyspace", "--sidecar-db-name", "movers-own", "new_customer").stdout
    assert '"sidecar_db_name": "movers-own"' in made
    at(c, "new_customer", VITESS)
    assert '"sidecar_db_name": "_switchyard"' in c.client("GetKeyspace", "customer").stdout
    assert '"sidecar_db_name": "movers-own"' in c.client("GetKeyspace", "new_customer").stdout
    move.fill(c, 2000)
    c.client("MoveTables", "customer.users", "new_customer.users")
    assert at(c, "customer", "SELECT COUNT(*) FROM _switchyard.fence WHERE armed") == "1"
    assert at(c, "new_customer", "SELECT phase FROM `movers-own`.stream") == "stopped"
    for keyspace in ("customer", "new_customer"):
        assert at(c, keyspace, "SHOW TABLES FROM _vt").split() == ["copy_state", "heartbeat"]
        assert at(c, keyspace, "SELECT * FROM _vt.heartbeat").split() == ["customer:0", "100", "1"]
    assert at(c, "new_customer", "SHOW DATABASES LIKE '_switchyard'") == ""
    for args, said in [(["--sidecar-db-name", "customer", "k"], "cannot be both the sidecar database of keyspace 'k'"),
                       (["--sidecar-db-name", "k", "k"], "cannot be both"), (["movers-own"], "cannot be both"),
                       (["--sidecar-db-name", "mysql", "k"], "a database of the server's own"),
                       (["--sidecar-db-name", "x" * 65, "k"], "is longer than 64 characters"),
                       (["_switchyard"], "a database of the server's own")]:
        with pytest.raises(Failed, match=said):
            c.client("CreateKeyspace", *args)


def test_the_gates_account_cannot_write_there(combo):
    """Triggers read the fence as their maker; who writes the table may see nothing of it."""
    c = combo.up("customer")
    password = c.credentials()["vt_app"]["password"]
    with pymysql.connect(host="127.0.0.1", port=c.port("server", "customer"), user="vt_app", password=password) as app:
        for sql in ("SELECT * FROM _switchyard.fence", "DELETE FROM _switchyard.stream"):
            with pytest.raises(pymysql.err.OperationalError, match="denied"), app.cursor() as cur:
                cur.execute(sql)


# What release 0.1 had of a server: the same rows, in _vt, in narrower columns; triggers of another name.
TO_0_1 = """ALTER TABLE _switchyard.stream DROP PRIMARY KEY, DROP round, DROP known_file, DROP known_offset, DROP deltas, DROP last_begin,
  DROP last_mark, ADD PRIMARY KEY (workflow);
ALTER TABLE _switchyard.copy_state DROP PRIMARY KEY, DROP round, ADD PRIMARY KEY (workflow, tbl, range_no);
ALTER TABLE _switchyard.heartbeat DROP PRIMARY KEY, DROP round, ADD PRIMARY KEY (workflow);
CREATE DATABASE _vt;
RENAME TABLE _switchyard.stream TO _vt.stream, _switchyard.copy_state TO _vt.copy_state,
  _switchyard.heartbeat TO _vt.heartbeat, _switchyard.fence TO _vt.fence;
DROP DATABASE _switchyard;
ALTER TABLE _vt.stream MODIFY workflow VARBINARY(160) NOT NULL, MODIFY applied_gtid VARBINARY(1024) NOT NULL,
  MODIFY cp_gtid VARBINARY(1024) NOT NULL, MODIFY dirty_gtid VARBINARY(1024) NOT NULL;
ALTER TABLE _vt.copy_state MODIFY workflow VARBINARY(160) NOT NULL, MODIFY tbl VARBINARY(256) NOT NULL;
ALTER TABLE _vt.heartbeat MODIFY workflow VARBINARY(160) NOT NULL;
ALTER TABLE _vt.fence MODIFY workflow VARBINARY(160) NOT NULL"""


def to_0_1(server):
    for table in server.sql("SELECT event_object_schema, event_object_table, trigger_name, event_manipulation, "
                            "action_statement FROM information_schema.triggers WHERE trigger_schema <> 'sys'"):
        database, name, trigger, verb, body = (t.decode() if isinstance(t, bytes) else t for t in table)
        assert "FROM `_switchyard`.`fence` WHERE" in body
        server.sql(f"CREATE TRIGGER `{database}`.`{trigger.replace('_switchyard', '_vt')}` BEFORE {verb} ON "
                   f"`{database}`.`{name}` FOR EACH ROW {body.replace('`_switchyard`.`fence`', '_vt.fence')}")
        server.sql(f"DROP TRIGGER `{database}`.`{trigger}`")
    for sql in TO_0_1.split(";"):
        server.sql(sql)


class Knocker(threading.Thread):
    """Writes to a fenced table until told to stop; counts what is let in, and what fails for another reason."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.stopped, self.refused, self.wrong = server, threading.Event(), 0, []

    def run(self):
        with tablets.app(self.server, "customer") as app, app.cursor() as cur:
            while not self.stopped.is_set() and not self.wrong:
                try:
                    self.wrong.append(f"{cur.execute('UPDATE t SET x = x + 1 LIMIT 1')} let in")
                except pymysql.err.Error as e:
                    if e.args[0] == 1290:
                        self.refused += 1
                    else:
                        self.wrong.append(str(e))


@pytest.mark.parametrize("phase", ["copying", "running"])
def test_a_stream_of_release_0_1_goes_on(pair, phase):
    p = pair("t")
    fill(p.source.server, 20000)
    p.source.start(), p.target.start(faults="stream.chunk.before=sleep:100" if phase == "copying" else "")
    writer = Writer(p.source.server, 1)
    writer.start()
    p.start()
    p.wait(phase)
    p.target.kill(), p.source.kill()
    to_0_1(p.target.server), to_0_1(p.source.server)
    p.target.start()              # the source's comes later: the stream waits for its sidecar database
    p.source.start()
    p.wait("running")
    writer.end()
    p.freeze()
    p.check_equal()
    assert p.target.server.sql("SHOW TABLES FROM _vt") == ()


def test_an_armed_fence_of_release_0_1_stays_armed(pair):
    p = pair("t")
    fill(p.source.server)
    p.source.start()
    fence = p.request(attempt=1, side="from")
    p.source.call("fence_install", **fence)
    p.source.call("lock", **fence)
    p.source.call("arm", **fence)
    p.source.kill()               # the lock goes with it, the fence does not
    to_0_1(p.source.server)
    knocker = Knocker(p.source.server)
    knocker.start()
    proc.wait_for(lambda: knocker.refused > 100 or knocker.wrong, 60, "the fence to refuse")
    p.source.start()
    before = knocker.refused
    proc.wait_for(lambda: knocker.refused > before + 100 or knocker.wrong, 60, "the fence to refuse")
    knocker.stopped.set()
    knocker.join()
    assert knocker.wrong == []
    p.source.call("disarm", **fence)
    with tablets.app(p.source.server, "customer") as app, app.cursor() as cur:
        assert cur.execute("UPDATE t SET x = x + 1 LIMIT 1") == 1
    p.source.call("fence_remove", **fence)
    assert p.source.server.sql("SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema='customer'") == ()

"""What a client hears through vtgate is what a server says: every file of conversations/, as text and prepared."""
import contextlib
import glob
import os

import pymysql
import pytest

from lib import both, combo, kinds

pytestmark = pytest.mark.skipif(bool(combo.missing_programs()), reason="not all programs are built")

# Databases that are no keyspace.
OTHERS = "GRANT ALL PRIVILEGES ON `other%`.* TO vt_app@'127.0.0.1';"
RELOAD = "GRANT RELOAD ON *.* TO vt_app@'127.0.0.1'"
HERE = os.path.join(os.path.dirname(__file__), "conversations")


def all_of_them():
    for path in sorted(glob.glob(os.path.join(HERE, "*.txt"))):
        file = os.path.splitext(os.path.basename(path))[0]
        for c in both.read(path):
            for protocol in ("text",) if c.text else ("text", "prepared"):
                marks = [pytest.mark.xfail(strict=True, reason=c.differs)] if c.differs else []
                yield pytest.param(c, protocol, id=f"{file}-{c.name.replace(' ', '_')}-{protocol}", marks=marks)


class Sides:
    """The cluster with customer.t moved, and a server that has both databases."""

    def __init__(self, cluster, server):
        self.gate = {"host": "127.0.0.1", "port": cluster.gate_port, "user": "app", "database": "customer"}
        self.direct = {"host": "127.0.0.1", "port": server.port, "user": "vt_app", "password": "x", "database": "customer"}
        self.cluster, self.server = cluster, server
        trusting = "SET GLOBAL log_bin_trust_function_creators=1"      # clients without SUPER make triggers
        for keyspace in ("customer", "new_customer"):
            cluster.mariadb(trusting, port=cluster.port("server", keyspace), user="vt_dba")
        with contextlib.closing(server.connect()) as c, c.cursor() as cursor:
            cursor.execute(trusting)
        for where in (self.gate, self.direct):
            run(where, [both.MOVED])
        cluster.client("MoveTables", "customer.t", "new_customer.t")

    def fill(self):
        """Both as new, whatever the last conversation has left."""
        for where in (self.gate, self.direct):
            run(where, both.TABLES + both.FILL)


def run(where, statements):
    with contextlib.closing(pymysql.connect(autocommit=True, **where)) as c, c.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)


@pytest.fixture(scope="module")
def sides(shared_combo, module_servers):
    server = module_servers(kinds.wanted()[0])
    try:
        with contextlib.closing(server.connect()) as c, c.cursor() as cursor:
            cursor.execute("CREATE USER vt_app@'127.0.0.1' IDENTIFIED BY 'x'")
            for keyspace in ("customer", "new_customer"):
                cursor.execute(f"CREATE DATABASE {keyspace}")
                cursor.execute(f"GRANT ALL PRIVILEGES ON {keyspace}.* TO vt_app@'127.0.0.1'")
                shared_combo.mariadb(OTHERS + RELOAD, port=shared_combo.port("server", keyspace), user="vt_dba")
            cursor.execute(OTHERS)
            cursor.execute(RELOAD)
            # A server says there is no such database to those who might use it.
            cursor.execute("GRANT ALL PRIVILEGES ON nodb.* TO vt_app@'127.0.0.1'")
            cursor.execute("GRANT PROCESS ON *.* TO vt_app@'127.0.0.1'")
        yield Sides(shared_combo, server)
    finally:
        server.remove()


@pytest.mark.parametrize("conversation, protocol", all_of_them())
def test_both_sides_say_the_same(sides, conversation, protocol):
    sides.fill()
    found = both.differences(conversation, protocol, sides.gate, sides.direct)
    said = "\n".join(f"  {step}\n    gate   {gate}\n    server {server}" for step, gate, server in found)
    assert not found, f"{conversation.where}\n{said}"

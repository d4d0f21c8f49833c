"""Applications of public packages, whose database is keyspace customer of a gate; they move to new_customer and come back."""
import os
import re
import subprocess

from . import kinds, proc

HOME, AWAY = "customer", "new_customer"


def unpack(folder, *packages):
    """Debian's packages, in the folder and not installed."""
    subprocess.run([os.path.join(proc.TREE, "tools", "install-deps"), "applications"], check=True)
    subprocess.run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *packages], cwd=folder, check=True)
    for name in os.listdir(folder):
        if name.endswith(".deb"):
            subprocess.run(["dpkg-deb", "-x", name, "."], cwd=folder, check=True)


def at(combo, keyspace, sql):
    """Asked of the keyspace's server itself."""
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


def tables(combo, keyspace):
    return at(combo, keyspace, "SHOW TABLES").split()


def definitions(combo, keyspace):
    def of(table):
        return kinds.plain_definition(re.sub(r" AUTO_INCREMENT=\d+", "", at(combo, keyspace, f"SHOW CREATE TABLE `{table}`")))
    return {t: of(t) for t in tables(combo, keyspace)}


def contents(combo, keyspace):
    """Of each table how many rows it has, and a sum of all values. (CHECKSUM TABLE of MariaDB gives one table another sum from call
    to call, where it has a CHECK and a STORED column.)"""
    columns = {}
    for line in at(combo, keyspace, "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE() "
                   "ORDER BY table_name, ordinal_position").splitlines():
        table, column = line.split("\t")
        columns.setdefault(table, []).append(f"IFNULL(HEX(CONCAT(`{column}`)), 'NULL')")
    sums = [f"SELECT '{t}', COUNT(*), SUM(CRC32(CONCAT_WS('|', {', '.join(named)}))) FROM `{t}`" for t, named in sorted(columns.items())]
    return at(combo, keyspace, " UNION ALL ".join(sums)).splitlines()


def deadlocks(combo):
    """The last of each server, as it tells it: whose connections, and which statements."""
    def of(keyspace):
        status = at(combo, keyspace, "SHOW ENGINE INNODB STATUS").replace("\\n", "\n")
        return re.search(r"LATEST DETECTED DEADLOCK\n-+\n(.*?)\n-+\nTRANSACTIONS", status, re.S)
    return "".join(f"{keyspace}: {found[1]}\n" for keyspace in (HOME, AWAY) if (found := of(keyspace)))


def wait_equal(combo):
    """Both sides have the same rows, soon after the last visitor has left."""
    proc.wait_for(lambda: contents(combo, HOME) == contents(combo, AWAY), 120, "both sides to be equal",
                  lambda: set(contents(combo, HOME)) ^ set(contents(combo, AWAY)))


def switch_to_and_fro(combo, visitors, workflow, first):
    """The move that the first command begins, the way back, and there again, with visits before and after each; for how
    many ms writes waited, each time."""
    keyspace, name = workflow.split(".")
    waited = []
    visitors.go_on()
    for command in (first, ("MoveTables", "ReverseTraffic", workflow), ("MoveTables", "SwitchTraffic", workflow)):
        combo.client(*command)
        waited.append(combo.workflow(keyspace, name)["record"]["hold_us"] // 1000)
        visitors.go_on()
    return waited

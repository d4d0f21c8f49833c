"""Which kinds of servers tests run with. Standard library only.

$SWITCHYARD_TEST_KINDS="SOURCE,TARGET" chooses them for all tests that say nothing of it: the kinds of vtcombo, a
flavour and a version, as "mysql-9.7,mariadb-10.11". One is for both. Without it they are the system's MariaDB.
"""
import functools
import os
import re
import subprocess

from . import proc

VARIABLE = "SWITCHYARD_TEST_KINDS"
SYSTEM = "mariadb-10.11"
# As vtcombo has it where no version is said.
NEWEST = {"mariadb": SYSTEM, "mysql": "mysql-9.7"}


def full(kind):
    return NEWEST.get(kind, kind)


def wanted():
    """Of source and target."""
    said = [full(k) for k in (os.environ.get(VARIABLE) or SYSTEM).split(",")]
    return said[0], said[-1]


def brand(kind):
    return kind.split("-")[0]


def version(kind):
    return kind.split("-")[1]


def common_collation():
    """Of a database, where the two ends have not the same defaults: MariaDB 10.11 does not know MySQL's."""
    return "" if len(set(map(brand, wanted()))) == 1 else " COLLATE utf8mb4_general_ci"


@functools.cache
def home(kind):
    """The folder that a kind is installed in; says how to install it where it is not. Not of the system's."""
    tool = os.path.join(proc.TREE, "tools", "install-server")
    run = subprocess.run([tool, "--where", kind], capture_output=True, text=True)
    if run.returncode != 0:
        raise FileNotFoundError(run.stderr.strip())
    return run.stdout.splitlines()[-1]


def path(kinds):
    """$PATH with the programs of these kinds: the system's first, which nobody names."""
    bins = [os.path.join(home(k), "bin") for k in sorted({full(k) for k in kinds} - {SYSTEM})]
    return ":".join([os.environ["PATH"], *bins])


def plain_definition(text):
    """MySQL shows a column's character set beside its collation once that was written out, as SHOW CREATE TABLE does."""
    return re.sub(r" CHARACTER SET \w+(?= COLLATE )", "", text)

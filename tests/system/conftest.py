"""Real servers and real programs for the system tests; leaves nothing behind."""
import os
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from lib import mariadb, proc, tablets  # noqa: E402
from lib.combo import Combo, missing_programs  # noqa: E402
from lib.streams import Pair  # noqa: E402


@pytest.fixture(scope="session")
def template():
    where = tempfile.mkdtemp(prefix="switchyard-template-", dir="/tmp")
    os.chmod(where, 0o755)
    yield mariadb.make_template(os.path.join(where, "data"))
    shutil.rmtree(where, ignore_errors=True)


@pytest.fixture
def folder():
    """This test's own folder; readable by the database server's account."""
    where = tempfile.mkdtemp(prefix="switchyard-test-", dir="/tmp")
    os.chmod(where, 0o755)
    yield where
    shutil.rmtree(where, ignore_errors=True)


@pytest.fixture(scope="module")
def shared_folder():
    """The same, one for all tests of a file."""
    where = tempfile.mkdtemp(prefix="switchyard-test-", dir="/tmp")
    os.chmod(where, 0o755)
    yield where
    shutil.rmtree(where, ignore_errors=True)


@pytest.fixture
def servers(template, folder):
    """make(name, *settings) starts one more server."""
    made = []

    def make(name, *extra):
        home = os.path.join(folder, f"server-{len(made)}")
        os.mkdir(home)
        server = mariadb.Server(template, home, name, 100 + len(made), extra)
        made.append(server)
        return server.start()

    yield make
    for server in made:
        server.remove()


@pytest.fixture
def pair(servers, folder):
    made = []

    def make(table):
        both = Pair(tablets.Tablet(folder, servers("s"), "customer", 100),
                    tablets.Tablet(folder, servers("t"), "new_customer", 200), table)
        made.extend((both.source, both.target))
        return both

    yield make
    for t in made:
        t.stop()


def new_combo(where):
    missing = missing_programs()
    if missing:
        pytest.skip("not built: " + ", ".join(missing))
    return Combo(where)


@pytest.fixture
def combo(folder):
    """A vtcombo that is not up yet; taken down afterwards whatever happened."""
    c = new_combo(folder)
    yield c
    c.down()


@pytest.fixture(scope="module")
def shared_combo():
    """One for all tests of a file that leave it as it was."""
    where = tempfile.mkdtemp(prefix="switchyard-test-", dir="/tmp")
    c = new_combo(where)
    yield c.up("customer", "new_customer")
    c.down()
    shutil.rmtree(where, ignore_errors=True)


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes a minute or more; runs in make soak")


def pytest_report_header():
    return f"programs: {proc.build_dir()}"

"""Real servers and real programs for the system tests; leaves nothing behind."""
import collections
import functools
import os
import shutil
import signal
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from lib import chosen, datadir, kinds, proc, servers as server_kinds, tablets  # noqa: E402
from lib.kept import Kept  # noqa: E402
from lib.combo import Combo, missing_programs  # noqa: E402
from lib.streams import Pair  # noqa: E402


TEMPLATES = "SWITCHYARD_TEST_TEMPLATES"     # the folder of those that a whole run shares


@pytest.fixture(scope="session")
def combo_template():
    """combo_template(kind): a data directory as vtcombo makes it."""
    return functools.partial(server_kinds.combo_template, os.environ[TEMPLATES])


@pytest.fixture
def template():
    """A data directory of the system's MariaDB."""
    return server_kinds.KINDS[kinds.SYSTEM].template(os.environ[TEMPLATES])


@pytest.fixture
def folder():
    """This test's own folder; readable by the database server's account."""
    where = tempfile.mkdtemp(prefix="switchyard-test-", dir=datadir.base())
    os.chmod(where, 0o755)
    yield where
    shutil.rmtree(where, ignore_errors=True)


@pytest.fixture(scope="module")
def shared_folder():
    """The same, one for all tests of a file."""
    where = tempfile.mkdtemp(prefix="switchyard-test-", dir=datadir.base())
    os.chmod(where, 0o755)
    yield where
    shutil.rmtree(where, ignore_errors=True)


def start_server(folder, made, flavour, name, *extra, prefix=()):
    kind = server_kinds.KINDS[flavour]
    template = kind.template(os.environ[TEMPLATES])
    home = os.path.join(folder, f"server-{len(made)}")
    os.mkdir(home)
    server = kind(template, home, name, 100 + len(made), extra)
    server.prefix = list(prefix)
    made.append(server)
    return server.start()


@pytest.fixture
def servers_of(folder):
    """make(flavour, name, *settings) starts one more server of a kind that lib/servers.py has; prefix: where."""
    made = []
    yield lambda flavour, name, *extra, prefix=(): start_server(folder, made, flavour, name, *extra, prefix=prefix)
    for server in made:
        server.remove()


@pytest.fixture(scope="module")
def module_servers(shared_folder):
    """make(flavour, *settings): one of each for all tests of a file, made by whoever asks first."""
    made, known = [], {}

    def make(flavour, *extra):
        key = (flavour, *extra)
        if key not in known:
            known[key] = start_server(shared_folder, made, flavour, f"s{len(made)}", *extra)
        return known[key]

    yield make
    for server in made:
        server.remove()


@pytest.fixture
def servers(servers_of):
    """make(name, *settings) starts one more: the first of the kind that sources have, others of targets'."""
    left = list(kinds.wanted())
    return lambda name, *extra: servers_of(left.pop(0) if len(left) > 1 else left[0], name, *extra)


@pytest.fixture(scope="session")
def kept():
    """The server that this process keeps, if there is one: [] or [Kept]."""
    holder = []
    yield holder
    for k in holder:
        k.end()


@pytest.fixture
def kept_server(kept):
    """One that other tests have had before; this one finds and leaves it as new. For tests that begin with one server."""
    if not kept:
        home = tempfile.mkdtemp(prefix="switchyard-test-", dir=datadir.base())
        os.chmod(home, 0o755)
        kind = server_kinds.KINDS[kinds.wanted()[0]]
        kept.append(Kept(kind(kind.template(os.environ[TEMPLATES]), home, "kept", 100).start()))
    yield kept[0].server
    if not kept[0].is_usable():
        kept.pop().end()
        return
    try:
        kept[0].clean()
    except BaseException:
        kept.pop().end()
        raise


@pytest.fixture
def pair_of(servers_of, folder):
    """make(source, target, table): of servers of these kinds."""
    made = []

    def make(source, target, table):
        both = Pair(tablets.Tablet(folder, servers_of(source, "s"), "customer", 100),
                    tablets.Tablet(folder, servers_of(target, "t"), "new_customer", 200), table)
        made.extend((both.source, both.target))
        return both

    yield make
    for t in made:
        t.stop()


@pytest.fixture
def pair(pair_of):
    """make(table): of the kinds that are wanted."""
    return lambda table: pair_of(*kinds.wanted(), table)


def new_combo(where, template=None):
    missing = missing_programs()
    if missing:
        pytest.skip("not built: " + ", ".join(missing))
    return Combo(where, template=template)


@pytest.fixture
def combo(folder, combo_template):
    """A vtcombo that is not up yet; taken down afterwards whatever happened."""
    c = new_combo(folder, combo_template)
    yield c
    c.down()


@pytest.fixture
def bare_combo(folder):
    """The same, and it makes its servers' data directories itself."""
    c = new_combo(folder)
    yield c
    c.down()


@pytest.fixture(scope="module")
def shared_combo(shared_folder, combo_template):
    """One for all tests of a file that leave it as it was."""
    c = new_combo(shared_folder, combo_template)
    yield c.up("customer", "new_customer")
    c.down()


def interrupt(*_):
    raise KeyboardInterrupt


def pytest_configure(config):
    signal.signal(signal.SIGTERM, interrupt)    # as Ctrl-C: what tests have started is stopped
    # A client that is gone checks nothing: no test is to pass without those that it began.
    config.addinivalue_line("filterwarnings", "error::pytest.PytestUnhandledThreadExceptionWarning")
    config.addinivalue_line("markers", "long: takes a minute or more; runs in make soak")
    if TEMPLATES not in os.environ:             # whoever runs us may have made it, and xdist's workers find it
        os.environ[TEMPLATES] = config.own_templates = tempfile.mkdtemp(prefix="switchyard-template-", dir=datadir.base())
        os.chmod(config.own_templates, 0o755)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes():
    """Workers that are interrupted stop their servers first. Ten seconds, after which they would be killed, are too few on a busy machine."""
    from xdist.workermanage import NodeManager
    NodeManager.EXIT_TIMEOUT = 60


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_newgateway(gateway):
    """What its reporter with -v would have each worker told by a task, before the one that runs tests: a worker whose main thread has not
    put the first away yet gives the second to another thread, where no signal can be taken."""
    from execnet.gateway import RInfo
    gateway._cache_rinfo = RInfo({"platform": sys.platform, "version_info": tuple(sys.version_info), "cwd": os.getcwd(),
                                  "executable": sys.executable, "pid": None})


def pytest_unconfigure(config):
    if hasattr(config, "own_templates"):
        del os.environ[TEMPLATES]
        shutil.rmtree(config.own_templates)


# What a test of one's own servers costs, the dearest first: a cluster, a stream's two servers, one server.
DEAREST = ["bare_combo", "combo", "pair", "servers_of"]


def of_file(item):
    """It uses what is set up once for a file's tests."""
    return any(definitions[-1].scope == "module" for definitions in item._fixtureinfo.name2fixturedefs.values())


def pytest_addoption(parser):
    parser.addoption("--fast-kinds", action="store_true", help="of the tests for servers of other kinds only lib/chosen.py's FAST")


def leave_out(config, items):
    """What does not run with the servers that are wanted."""
    fast = config.getoption("--fast-kinds")
    out = [i for i in items if chosen.reason(i.nodeid) or fast and not any(chosen.begins(i.nodeid, f) for f in chosen.FAST)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [i for i in items if i not in set(out)]


@pytest.hookimpl(tryfirst=True)         # before xdist's, which reads the groups
def pytest_collection_modifyitems(config, items):
    """What takes longest begins first, so that no worker is alone at the end; files that share something stay together."""
    leave_out(config, items)
    together = collections.Counter(item.path.name for item in items if of_file(item))

    def cost(item):
        if of_file(item):
            return -1, -together[item.path.name], item.path.name
        return min((DEAREST.index(f) for f in item.fixturenames if f in DEAREST), default=len(DEAREST)), 0, ""

    items.sort(key=cost)
    for item in items:
        if of_file(item):
            item.add_marker(pytest.mark.xdist_group(item.path.name))


def pytest_report_header():
    return [f"programs: {proc.build_dir()}", "servers: " + ", ".join(kinds.wanted()),
            *(f"not with them: {what}: {why}" for what, why in chosen.reasons().items())]

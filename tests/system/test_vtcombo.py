"""vtcombo as a supervisor: what it refuses, what it starts again, what it adopts, what it leaves behind."""
import os
import socket
import stat
import subprocess

import pytest

from lib import proc
from lib.combo import Combo, Failed


def up_refused(combo, *more):
    """`vtcombo up` that is to end by itself: what it says."""
    done = subprocess.run([proc.program("vtcombo"), "up", "--data-dir", combo.data_dir, "--port-base", str(combo.base),
                           *more], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 1, done
    return done.stderr


def sentences(text):
    """Lines that are not a hint."""
    return [line for line in text.strip().splitlines() if not line.startswith("hint:")]


def descendants(combo):
    return {p["name"]: p["pid"] for p in combo.status()["programs"] if p["running"]}


def test_a_taken_port_is_one_sentence_and_starts_nothing(combo):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)     # a cluster of another test may have had it
        taken.bind(("127.0.0.1", combo.gate_port))
        taken.listen()
        said = up_refused(combo)
    assert sentences(said) == [f"vtcombo: port {combo.gate_port}, for vtgate, is taken by another program"], said
    assert descendants(combo) == {}


def test_a_data_directory_in_use_is_one_sentence(combo):
    combo.up("customer")
    said = up_refused(combo)
    assert sentences(said) == [
        f"vtcombo: data directory '{combo.data_dir}' is in use by process {combo.process.pid}"], said
    assert combo.process.poll() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="hides a program in a mount namespace")
def test_a_missing_database_server_is_one_sentence(combo):
    command = (f"mount --bind /dev/null $(command -v mariadbd) && exec {proc.program('vtcombo')} up"
               f" --data-dir {combo.data_dir} --port-base {combo.base}")
    done = subprocess.run(["unshare", "-m", "sh", "-c", command], capture_output=True, text=True, timeout=300)
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(done.stderr)
    assert sentences(done.stderr) == ["vtcombo: no database server: the program 'mariadbd' is not installed"]
    assert "apt-get install mariadb-server" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another account")
def test_a_folder_the_server_cannot_enter_is_one_sentence(combo, folder):
    os.mkdir(os.path.join(folder, "closed"), 0o700)
    combo.data_dir = os.path.join(folder, "closed", "data")
    said = up_refused(combo)
    assert len(sentences(said)) == 1 and "cannot enter" in said


def test_every_killed_program_comes_back(combo):
    combo.up("customer")
    for name in ("vtgate", "vtctld", "vttablet", "server"):
        old = combo.kill(name)
        combo.wait_restarted(name, old)
    proc.wait_for(lambda: answers(combo), 60, "the gate to answer again", lambda: proc.tail(combo.log))


def answers(combo):
    try:
        return combo.mariadb("SELECT 1", "customer").strip() == "1"
    except Failed:
        return False


def test_killed_supervisor_leaves_all_running_and_the_next_one_adopts_them(combo):
    combo.up("customer")
    combo.mariadb("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)", "customer")
    before = descendants(combo)
    combo.kill("vtcombo")
    assert descendants(combo) == before and answers(combo)
    combo.up("customer")
    assert descendants(combo) == before
    old = combo.kill("vtgate")                 # and they are really looked after
    combo.wait_restarted("vtgate", old)
    proc.wait_for(lambda: answers(combo), 30, "the gate to answer again")
    assert combo.mariadb("SELECT COUNT(*) FROM t", "customer").strip() == "1"


def test_down_and_up_again_keeps_the_data(combo):
    combo.up("customer")
    combo.mariadb("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2)", "customer")
    pids = descendants(combo)
    combo.down(purge=False)
    assert not any(proc.alive(pid) for pid in pids.values())
    combo.up()
    assert combo.mariadb("SELECT COUNT(*) FROM t", "customer").strip() == "2"


def test_down_ends_orphans_and_purge_leaves_nothing(combo, folder):
    combo.up("customer")
    pids = descendants(combo)
    combo.kill("vtcombo")
    combo.down()
    assert not any(proc.alive(pid) for pid in pids.values())
    assert not os.path.exists(combo.data_dir)


def test_a_topology_that_cannot_be_read_once_stops_nothing(combo):
    combo.up("customer", env={"SWITCHYARD_FAULTS": "combo.keyspaces.seen=error"})
    before = descendants(combo)
    combo.client("CreateKeyspace", "target")
    assert combo.process.poll() is None
    assert combo.mariadb("SELECT 1", "target").strip() == "1"
    assert {name: descendants(combo).get(name) for name in before} == before
    assert "watching keyspaces: fault" in proc.tail(combo.log)


def test_create_keyspace_returns_when_its_tablet_is_healthy(bare_combo):
    combo = bare_combo
    combo.up("customer")
    combo.client("CreateKeyspace", "new_customer")
    combo.mariadb("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)", "new_customer")
    assert combo.mariadb("SELECT COUNT(*) FROM t", "new_customer").strip() == "1"
    assert combo.find("server", "new_customer")["pid"] != combo.find("server", "customer")["pid"]


def test_passwords_are_in_one_private_file_and_nowhere_else(combo):
    combo.up("customer")
    path = os.path.join(combo.data_dir, "credentials.json")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    accounts = combo.credentials()
    secrets = [accounts[a]["password"] for a in ("vt_app", "vt_stream", "vt_dba")]
    assert len(set(secrets)) == 3 and all(len(s) >= 32 for s in secrets)
    seen = [proc.tail(combo.log, 10000)]
    for p in combo.status()["programs"]:
        with open(f"/proc/{p['pid']}/cmdline") as f:
            seen.append(f.read())
        seen.append(proc.tail(p["log"], 10000))
    for name in ("topo.db", "topo.db-wal"):
        with open(os.path.join(combo.data_dir, name), "rb") as f:
            seen.append(f.read().decode("latin1"))
    assert not any(s in text for s in secrets for text in seen)
    for root, _, files in os.walk(os.path.join(combo.data_dir, "run")):
        for name in files:
            if name.endswith(".init"):
                assert stat.S_IMODE(os.stat(os.path.join(root, name)).st_mode) == 0o600


def listening_elsewhere(pid):
    """Sockets of a process that listen on an address that is not loopback."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = []
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}") as f:
            for line in f.readlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and fields[9] in inodes and not fields[1].startswith("0100007F:"):
                    found.append(fields[1])
    return found


def test_everything_listens_on_loopback_only(combo):
    combo.up("customer")
    for p in combo.status()["programs"]:
        assert listening_elsewhere(p["pid"]) == [], p["name"]


def test_two_clusters_live_side_by_side(combo, tmp_path_factory):
    combo.up("customer")
    other = Combo()
    try:
        other.up("customer")
        assert answers(combo) and answers(other)
    finally:
        other.down()
    assert answers(combo)


def test_the_last_ports_are_remembered(combo):
    combo.up("customer")
    combo.down(purge=False)
    process = subprocess.Popen([proc.program("vtcombo"), "up", "--data-dir", combo.data_dir], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        line = process.stdout.readline()
        assert f"127.0.0.1:{combo.gate_port}" in line
    finally:
        process.terminate()
        status = process.wait(300)
        process.stdout.close()
    assert status == 0
    assert descendants(combo) == {}


# ---- Kinds of servers

def server_version(combo, keyspace):
    return combo.mariadb("SELECT VERSION()", port=combo.port("server", keyspace), user="vt_dba")


def test_keyspaces_of_each_kind_beside_one_another(combo):
    """Of the command line and of CreateKeyspace; the same again after a new start."""
    combo.kinds = {"customer": "mysql-9.7", "new_customer": "mariadb-11.8"}
    combo.up("customer")
    combo.client("CreateKeyspace", "--server-kind", "mariadb-11.8", "new_customer")
    shown = combo.client("CreateKeyspace", "--server-kind", "mariadb-10.11", "third").stdout
    assert '"server_kind": "mariadb-10.11"' in shown
    combo.client("CreateKeyspace", "plain")
    combo.down(purge=False)
    combo.up("customer")
    wanted = {"customer": "9.7.", "new_customer": "11.8.", "third": "10.11.", "plain": "10.11."}
    assert {k: server_version(combo, k).startswith(v) for k, v in wanted.items()} == dict.fromkeys(wanted, True)


@pytest.mark.parametrize("kind, words", [
    ("postgres", "vtcombo has no server of kind 'postgres'"), ("mariadb-9.9", "vtcombo has no server of kind 'mariadb-9.9'"),
    ("mysql", "vtcombo has no server of kind 'mysql'")])
def test_a_keyspace_of_a_kind_that_is_not_there_is_not_made(shared_combo, kind, words):
    with pytest.raises(Failed, match=words) as told:
        shared_combo.client("CreateKeyspace", "--server-kind", kind, "other")
    assert "mariadb-10.11" in str(told.value)
    assert "other" not in shared_combo.client("GetKeyspaces").stdout


@pytest.mark.parametrize("kind, words", [
    ("postgres", "'postgres' is no kind of server"), ("mariadb-x", "'mariadb-x' is no kind of server"), ("", "no kind of server behind"),
    ("mariadb-9.9", "the program 'mariadbd' of version 9.9 is not installed")])
def test_a_kind_that_is_none_is_one_sentence(combo, kind, words):
    said = up_refused(combo, "--keyspace", f"customer={kind}")
    assert words in sentences(said)[0] and len(sentences(said)) == 1
    assert not os.path.exists(os.path.join(combo.data_dir, "tablets", "1"))

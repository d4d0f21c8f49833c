"""A vtcombo of one's own: real programs, own data directory and ports. Standard library only."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from . import datadir, kinds, numbers, proc

GATE_MYSQL, TABLET, SERVER = 306, 400, 2100
PROGRAMS = ["vtcombo", "vtctld", "vtgate", "vttablet", "vtctlclient", "load"]


def missing_programs():
    return [p for p in PROGRAMS if not proc.is_built(p)]


class Failed(Exception):
    """A command of ours ended with an error; text is what it said."""


class Combo:
    def __init__(self, folder=None, port_base=None, template=None):
        """template: gives the data directory that a server of a kind begins with; else vtcombo has the server's installer
        make each."""
        self.template = template
        self.kinds = dict(zip(("customer", "new_customer"), kinds.wanted()))
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="switchyard-demo-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.data_dir = os.path.join(self.folder, "data")
        self.base = port_base or proc.free_base(
            [0, 1, GATE_MYSQL, *range(TABLET + 1, TABLET + 9), *range(SERVER + 1, SERVER + 9)])
        self.gate_port = self.base + GATE_MYSQL
        self.log = os.path.join(self.folder, "vtcombo.log")
        self.process = None
        self.options = []       # of vtcombo up
        self.ports = {}         # of servers and gates, by what was asked for

    # ---- vtcombo

    def up(self, *keyspaces, seconds=120, env=None):
        self._prepare()
        self.ports.clear()
        cmd = [proc.program("vtcombo"), "up", "--data-dir", self.data_dir, "--port-base", str(self.base)]
        cmd += self.options
        env = {"PATH": self.path(), **(env or {})}
        for k in keyspaces:
            kind = self.kind_of(k)
            cmd += ["--keyspace", k if kind == kinds.SYSTEM else f"{k}={kind}"]
        self.out = os.path.join(self.folder, "vtcombo.out")
        with open(self.log, "a") as log, open(self.out, "w") as out:
            self.process = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                                            start_new_session=True, env={**os.environ, **env})
        proc.wait_for(self._is_ready, seconds, "vtcombo to be ready", lambda: proc.tail(self.log))
        return self

    def path(self):
        """$PATH, with the programs of those servers that it starts itself."""
        return kinds.path([kind for kind in self.kinds.values() if "://" not in kind])

    def kind_of(self, keyspace):
        """Of a keyspace with another name than those that have a kind: the first's."""
        return self.kinds.get(keyspace, next(iter(self.kinds.values())))

    def create_keyspace(self, name, *options, **more):
        """By CreateKeyspace, with a server of the kind that it is to have."""
        kind = self.kind_of(name)
        return self.client("CreateKeyspace", *([] if kind == kinds.SYSTEM else ["--server-kind", kind]), *options, name, **more)

    def _prepare(self):
        """Before anything of this cluster was made: data directories of uids 1 and 2, as vtcombo would make them."""
        if self.template and not os.path.exists(self.data_dir):
            os.makedirs(self.data_dir)
            for uid, kind in enumerate(self.kinds.values(), 1):
                if "://" in kind:
                    continue
                datadir.copy(self.template(kinds.full(kind)), os.path.join(self.data_dir, f"server-{uid}"))

    def _is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"vtcombo ended with {self.process.returncode}: {proc.tail(self.log)}")
        return "vtcombo ready" in proc.tail(self.out)

    def status(self):
        done = subprocess.run([proc.program("vtcombo"), "status", "--format", "json", "--data-dir", self.data_dir],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(done.stderr)
        return json.loads(done.stdout)

    def find(self, name, keyspace=None):
        """The entry of one program: vtctld, vtgate, or vttablet and server of a keyspace."""
        for p in self.status()["programs"]:
            if p["name"].split("-")[0] == name and keyspace in (None, p["keyspace"]):
                return p
        raise KeyError(f"{name} {keyspace}")

    def pid(self, name, keyspace=None):
        if name == "vtcombo":
            return self.status()["supervisor"]
        return self.find(name, keyspace)["pid"]

    def port(self, name, keyspace=None):
        """Asked for once: a program that is started again listens where it did."""
        if (name, keyspace) not in self.ports:
            self.ports[name, keyspace] = int(self.find(name, keyspace)["mysql"].split(":")[1])
        return self.ports[name, keyspace]

    def kill(self, name, keyspace=None):
        """As a power cut would; the supervisor starts it again."""
        pid = proc.wait_for(lambda: self.pid(name, keyspace), 30, f"{name} to run")
        proc.kill_pid(pid, signal.SIGKILL)
        if self.process is not None and pid == self.process.pid:
            self.process.wait()
        return pid

    def wait_restarted(self, name, old_pid, keyspace=None, seconds=60):
        def new_pid():
            pid = self.pid(name, keyspace)
            return pid if pid not in (0, old_pid) else None
        return proc.wait_for(new_pid, seconds, f"{name} to be started again", lambda: proc.tail(self.log))

    def down(self, purge=True):
        """Stops everything; what does not stop by asking is killed by its id."""
        if os.path.isdir(os.path.join(self.data_dir, "run")):
            left = self._pids()
            try:
                subprocess.run([proc.program("vtcombo"), "down", "--data-dir", self.data_dir]
                               + (["--purge"] if purge else []), stdin=subprocess.DEVNULL, timeout=120)
            finally:
                proc.end(self.process)
                for pid in left:
                    if proc.alive(pid):
                        proc.kill_pid(pid)
        proc.end(self.process)
        if purge and self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _pids(self):
        """Of all programs, by their pid files: pid and start time must both match."""
        found = []
        run = os.path.join(self.data_dir, "run")
        for name in os.listdir(run):
            if name.endswith(".pid"):
                with open(os.path.join(run, name)) as f:
                    fields = f.read().split()
                if len(fields) == 2 and proc.start_time(int(fields[0])) == int(fields[1]):
                    found.append(int(fields[0]))
        return found

    # ---- commands

    def client(self, *args, check=True, timeout=600, env=None):
        """vtctlclient ARGS..."""
        done = subprocess.run(self.client_command(*args), capture_output=True, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
        if check and done.returncode != 0:
            raise Failed((done.stderr + done.stdout).strip())
        return done

    def client_command(self, *args):
        return [proc.program("vtctlclient"), "--server", f"127.0.0.1:{self.base}", *args]

    def api(self, method, **request):
        """One of vtctld's methods (src/ctl/ctl_api.h), or Failed with its sentence."""
        call = urllib.request.Request(f"http://127.0.0.1:{self.base}/api/{method}", json.dumps(request).encode(),
                                      {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(call, timeout=100) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as e:
            raise Failed(e.read().decode(errors="replace")) from None
        except OSError as e:
            raise Failed(str(e)) from None

    def workflow(self, keyspace="new_customer", name="users"):
        """{"record": ..., "revision": ..., "progress": ...}"""
        return self.api("workflow_show", keyspace=keyspace, workflow=name)

    def credentials(self):
        with open(os.path.join(self.data_dir, "credentials.json")) as f:
            return json.load(f)

    def password_file(self, account):
        """A private file with an account's password, for programs that must not show it."""
        path = os.path.join(self.data_dir, f"{account}.password")
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as f:
            f.write(self.credentials()[account]["password"] + "\n")
        return path

    def mariadb(self, sql, database="", port=None, user="app", table=False):
        """The command line client, as a person would use it; through the gate unless port says otherwise."""
        cmd = ["mariadb", "--no-defaults"]
        if user != "app":
            cmd = ["mariadb", f"--defaults-file={self._defaults(user)}"]
        cmd += ["--protocol=tcp", "-h127.0.0.1", f"-P{port or self.gate_port}", f"-u{user}"]
        cmd += ["-t"] if table else ["-N"]
        sql = numbers.written_out(sql)          # a client that says so does not know which server answers
        done = subprocess.run(cmd + ([database] if database else []), input=sql, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(done.stderr.strip())
        return done.stdout

    def _defaults(self, account):
        path = os.path.join(self.data_dir, f"{account}.cnf")
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as f:
            f.write(f"[client]\npassword={self.credentials()[account]['password']}\n")
        return path

    def memory_kb(self, name, keyspace=None):
        """Most resident memory so far."""
        return proc.most_memory_kb(self.pid(name, keyspace))


def sleep_until(moment):
    time.sleep(max(0.0, moment - time.monotonic()))

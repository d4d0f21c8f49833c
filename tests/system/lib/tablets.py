"""vttablets beside servers of the test, without vtctld: for what a tablet promises by itself."""
import json
import os
import subprocess
import urllib.error
import urllib.request

from . import kinds, proc

GRANTS = {
    "vt_app": "GRANT ALL PRIVILEGES ON `{keyspace}`.* TO 'vt_app'@'127.0.0.1'",
    "vt_stream": "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, LOCK TABLES, PROCESS, RELOAD, "
                 "REPLICATION SLAVE, {rights} ON *.* TO 'vt_stream'@'127.0.0.1'",
    "vt_dba": "GRANT ALL PRIVILEGES ON *.* TO 'vt_dba'@'127.0.0.1' WITH GRANT OPTION",
}


class Refused(Exception):
    """The other side's error object."""

    def __init__(self, status, error):
        super().__init__(f"{status} {error.get('kind')}: {error.get('text')} ({error.get('hint')})")
        self.status, self.kind, self.text, self.hint = status, error["kind"], error["text"], error.get("hint", "")


def write_credentials(path):
    accounts = {name: {"user": name, "password": f"pw-{name}"} for name in GRANTS}
    accounts["clients"] = [{"user": "app", "password": "", "loopback_only": True}]
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
        json.dump(accounts, f)


def make_accounts(server, keyspace):
    server.sql(f"CREATE DATABASE IF NOT EXISTS `{keyspace}`{kinds.common_collation()}")
    for name, grant in GRANTS.items():
        server.sql(f"CREATE USER '{name}'@'127.0.0.1' IDENTIFIED BY 'pw-{name}'")
        server.sql(grant.format(keyspace=keyspace, rights=server.stream_rights))


def app(server, keyspace, user="vt_app"):
    """A connection as the gates', or the streams', account."""
    import pymysql
    return pymysql.connect(host="127.0.0.1", port=server.port, user=user, password=f"pw-{user}", database=keyspace,
                           autocommit=True, charset="utf8mb4")


class Tablet:
    def __init__(self, folder, server, keyspace, uid):
        self.folder, self.server, self.keyspace, self.uid = folder, server, keyspace, uid
        self.credentials = os.path.join(folder, "credentials.json")
        self.topo = "sqlite:" + os.path.join(folder, "topo.db")
        self.log = os.path.join(folder, f"vttablet-{uid}.log")
        self.port = proc.free_port()
        self.process = None
        if not os.path.exists(self.credentials):
            write_credentials(self.credentials)
        make_accounts(server, keyspace)

    @property
    def address(self):
        return f"127.0.0.1:{self.server.port}"

    def launch(self, faults="", options=()):
        cmd = [proc.program("vttablet"), "--topo", self.topo, "--http", f"127.0.0.1:{self.port}", "--server", self.address,
               "--keyspace", self.keyspace, "--uid", str(self.uid), "--credentials", self.credentials,
               "--data-dir", self.folder, *options]
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                            env={**os.environ, "SWITCHYARD_FAULTS": faults})

    def start(self, faults="", options=()):
        self.launch(faults, options)
        proc.wait_for(self.is_up, 20, f"vttablet {self.uid} to answer", lambda: proc.tail(self.log))
        return self

    def die_at(self, point, kill="kill"):
        """Starts it with streams that come to that point, maybe before it answers, and waits for its end."""
        self.launch(f"{point}={kill}")
        proc.wait_for(lambda: self.process.poll() is not None, 60, f"vttablet {self.uid} to die at {point}",
                      lambda: proc.tail(self.log))

    def is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"vttablet {self.uid} ended: {proc.tail(self.log)}")
        try:
            return self.call("status")["healthy"]
        except (OSError, Refused):
            return False

    def call(self, method, timeout_s=150, **members):
        members["timeout"] = members.get("timeout", timeout_s * 1000000)
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/tablet/{method}",
                                         data=json.dumps(members).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=timeout_s + 5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            raise Refused(e.code, json.load(e)["error"]) from None

    def kill(self):
        proc.end(self.process, 9)

    def stop(self):
        proc.end(self.process)

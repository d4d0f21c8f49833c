"""A cluster of the four programs, started by hand as on a machine without vtcombo, beside servers of the test's own."""
import os
import subprocess

import pymysql

from . import proc
from .combo import Failed
from .gate import Gate

KEYSPACES = ("customer", "new_customer")


class Cluster:
    def __init__(self, folder, servers, credentials, options=()):
        """servers: addresses of the keyspaces' servers, in their order. options: of vttablets and of vtgate."""
        self.folder, self.servers, self.credentials, self.options = folder, servers, credentials, list(options)
        self.topo = "sqlite:" + os.path.join(folder, "topo.db")
        self.ctld_port = proc.free_port()
        self.processes, self.tablets = [], {}
        self.gate = None

    def log(self, name):
        return os.path.join(self.folder, name + ".log")

    def spawn(self, name, *command):
        with open(self.log(name), "a") as log:
            p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                                 start_new_session=True)
        self.processes.append(p)
        ready = p.stdout.readline()
        if " ready " not in ready:
            raise Failed(proc.tail(self.log(name)))
        return p

    def tablet_command(self, keyspace, uid, address):
        return [proc.program("vttablet"), "--topo", self.topo, "--server", address, "--keyspace", keyspace,
                "--uid", str(uid), "--credentials", self.credentials, "--data-dir", self.folder, *self.options]

    def start_tablet(self, keyspace, uid, address):
        self.tablets[keyspace] = self.spawn(f"vttablet-{uid}", *self.tablet_command(keyspace, uid, address))

    def start_ctld(self):
        self.spawn("vtctld", proc.program("vtctld"), "--topo", self.topo, "--http", f"127.0.0.1:{self.ctld_port}")

    def start(self):
        self.start_ctld()
        for uid, (keyspace, address) in enumerate(zip(KEYSPACES, self.servers), 1):
            self.client("CreateKeyspace", keyspace)
            self.start_tablet(keyspace, uid, address)
        self.gate = Gate(self.topo, self.credentials, self.log("vtgate"), *self.options).start()
        return self

    def client(self, *args, check=True, timeout=300):
        done = subprocess.run([proc.program("vtctlclient"), "--server", f"127.0.0.1:{self.ctld_port}", *args],
                              capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise Failed((done.stderr + done.stdout).strip())
        return done

    def connect(self, keyspace):
        """As an application, through the gate."""
        return pymysql.connect(host="127.0.0.1", port=self.gate.port, user="app", database=keyspace, autocommit=True)

    def stop(self):
        if self.gate is not None:
            self.gate.stop()
        for p in reversed(self.processes):
            proc.end(p)

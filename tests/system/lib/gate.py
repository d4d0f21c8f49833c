"""A vtgate of the test's own, beside tablets or a cluster."""
import subprocess

from . import proc


class Gate:
    def __init__(self, topo, credentials, log, *options):
        self.command = [proc.program("vtgate"), "--topo", topo, "--credentials", credentials, "--workers", "1", *options]
        self.log = log

    def start(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            text=True, start_new_session=True)
        ready = self.process.stdout.readline()
        assert "vtgate ready" in ready, (ready, proc.tail(self.log))
        self.port = int(ready.rsplit(":", 1)[1])
        return self

    def refused(self):
        """What it says where it does not start."""
        done = subprocess.run(self.command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.returncode == 1, done
        return done.stderr

    def stop(self):
        proc.end(self.process)

"""Web servers of applications, and browsers that visit them. Standard library only."""
import http.cookiejar
import json
import os
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from . import proc


class Failure(Exception):
    """A page that is not as it should be."""


class Server:
    """A process with its workers, which are a process group of their own; ready once it has said so."""

    def __init__(self, command, port, ready, out, **popen):
        self.port, self.out = port, out
        self.url = f"http://127.0.0.1:{port}"
        with open(out, "w") as f:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=f, stderr=f, start_new_session=True, **popen)
        proc.wait_for(lambda: ready in proc.tail(out), 30, f"{command[0]} to serve", lambda: proc.tail(out))

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.process.wait(30)


def php(root, out, environment=None):
    """PHP's own server, for the folder."""
    port = proc.free_port()
    return Server(["php", "-d", "memory_limit=256M", "-S", f"127.0.0.1:{port}", "-t", root], port, "started", out,
                  env={**os.environ, "PHP_CLI_SERVER_WORKERS": "6", **(environment or {})})


class Browser:
    """One visitor, with cookies of its own. errors: what stands in a page that has failed, whatever its status is."""

    def __init__(self, url, errors=()):
        self.url, self.errors = url, errors
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def open(self, path, data=None, wanted=200, headers=None):
        request = urllib.request.Request(self.url + path, data, headers or {})
        try:
            with self.opener.open(request, timeout=300) as reply:
                status, text = reply.status, reply.read().decode(errors="replace")
        except urllib.error.HTTPError as e:
            status, text = e.code, e.read().decode(errors="replace")
        except OSError as e:
            raise Failure(f"{path}: {e}") from None
        if status != wanted or any(e in text for e in self.errors):
            raise Failure(f"{path}: {status}: {text[:2000]}")
        return text

    def get(self, path):
        return self.open(path)

    def post(self, path, wanted=200, **fields):
        return self.open(path, urllib.parse.urlencode(fields, doseq=True).encode(), wanted)

    def call(self, path, fields=None, wanted=200, headers=None):
        """Of an interface for programs: fields as JSON, or GET without them; what comes back."""
        data = json.dumps(fields).encode() if fields else None
        return json.loads(self.open(path, data, wanted, {"Content-Type": "application/json", **(headers or {})}))

"""Ctrl-C before vtctld has answered, and what machines read: vtctlclient against a vtctld that answers as told."""
import http.server
import json
import signal
import subprocess
import threading
import time

import pytest

from lib import proc

REFUSAL = {"error": {"kind": "refused", "errno": 0, "text": "table 'a.t' has no primary key", "hint": "add one"}}
CREATED = {"workflow": "b/t", "created": True, "done": False}
RUNNING = {"record": {"state": "Running", "source_keyspace": "a", "target_keyspace": "b", "step": "",
                      "tables": [{"source_table": "t", "target_table": "t"}]}, "revision": 1,
           "progress": {"state": "running", "lag_ms": 0}}


class Vtctld(http.server.ThreadingHTTPServer):
    """Answers move_tables when it may, and then after some seconds; everything else at once."""
    daemon_threads = True

    def __init__(self, status, answer, after):
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.answer, self.after = status, answer, after
        self.name = f"127.0.0.1:{self.server_port}"
        self.asked, self.followed, self.may_answer = threading.Event(), threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = 200, RUNNING
        if self.path == "/api/move_tables":
            self.server.asked.set()
            self.server.may_answer.wait()
            time.sleep(self.server.after)
            status, answer = self.server.status, self.server.answer
        else:
            self.server.followed.set()
            time.sleep(0.1)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def vtctld():
    servers = []

    def start(status, answer, after=0):
        servers.append(Vtctld(status, answer, after))
        return servers[-1]

    yield start
    for s in servers:
        s.may_answer.set()
        s.shutdown()
        s.server_close()


NOBODY, ASKING, LEAVING, FOLLOWING = "nobody", "asking", "leaving", "following"


def interrupt(client, server, when):
    """What it complains of meanwhile."""
    if when == NOBODY:
        return b""
    assert (server.followed if when == FOLLOWING else server.asked).wait(300)
    client.send_signal(signal.SIGINT)
    if when == FOLLOWING:
        return b""
    complained = client.stderr.readline()       # the first one has come
    if when == LEAVING:
        client.send_signal(signal.SIGINT)
        client.wait(300)
    return complained


def moves(server, *flags, interrupted=NOBODY):
    """stdout, stderr and status of a MoveTables that gets SIGINT: once while it waits for the answer, twice, or later."""
    client = subprocess.Popen([proc.program("vtctlclient"), "--server", server.name, "MoveTables", *flags, "a.t", "b.t"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    try:
        if interrupted in (NOBODY, FOLLOWING):
            server.may_answer.set()
        first = interrupt(client, server, interrupted)
        server.may_answer.set()
        said, complained = client.communicate(timeout=300)
    finally:
        proc.end(client)
    return said.decode(), (first + complained).decode(), client.returncode


def test_a_refusal_is_told_also_when_it_comes_after_an_interrupt(vtctld):
    said, complained, status = moves(vtctld(400, REFUSAL, after=3), interrupted=ASKING)
    assert status == 1
    assert "has no primary key" in complained and "add one" in complained
    assert "waiting for vtctld's answer" in complained
    assert said.startswith("checking ")    # not silent for three seconds


def test_a_move_that_is_made_after_an_interrupt_is_left_as_one(vtctld):
    said, complained, status = moves(vtctld(200, CREATED), interrupted=ASKING)
    assert status == 130
    assert said.splitlines()[-1].strip().endswith("MoveTables a.t b.t")


def test_leaving_without_an_answer_says_what_tells(vtctld):
    server = vtctld(200, CREATED)
    said, complained, status = moves(server, interrupted=LEAVING)
    assert status == 130
    assert "not known" in complained
    assert f"vtctlclient --server {server.name} Workflow show b.t tells" in complained


def test_machines_read_json_to_the_last_line(vtctld):
    def lines(said):
        return [json.loads(line) for line in said.splitlines()]

    said, _, status = moves(vtctld(400, REFUSAL, after=2.5), "--format", "json")
    assert status == 1
    assert lines(said)[-1] == {"error": REFUSAL["error"]["text"], "hint": "add one"}
    said, _, status = moves(vtctld(200, CREATED), "--format", "json", "--detach", "--no-switch")
    assert status == 0
    assert lines(said)[-1]["detached"] and lines(said)[-1]["resume"].endswith(
        "MoveTables --format=json --no-switch a.t b.t")
    said, _, status = moves(vtctld(200, CREATED), "--format", "json", interrupted=FOLLOWING)
    assert status == 130 and lines(said)[0]["phase"] == "running" and lines(said)[-1]["detached"]
    said, _, status = moves(vtctld(200, CREATED), "--format", "json", interrupted=LEAVING)
    assert status == 130 and "not known" in lines(said)[-1]["error"]
    said, _, status = moves(vtctld(200, CREATED), "--format", "json", "third", "fourth")
    assert status == 2 and lines(said)[-1]["error"]

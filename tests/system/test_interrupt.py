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
    """Answers move_tables after some seconds, and everything else at once."""
    daemon_threads = True

    def __init__(self, status, answer, after):
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.answer, self.after = status, answer, after
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = 200, RUNNING
        if self.path == "/api/move_tables":
            time.sleep(self.server.after)
            status, answer = self.server.status, self.server.answer
        else:
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
        return f"127.0.0.1:{servers[-1].server_port}"

    yield start
    for s in servers:
        s.shutdown()
        s.server_close()


def moves(server, *flags, interrupts=()):
    """stdout, stderr and status of a MoveTables that gets SIGINT after these seconds."""
    client = subprocess.Popen([proc.program("vtctlclient"), "--server", server, "MoveTables", *flags, "a.t", "b.t"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        for seconds in interrupts:
            time.sleep(seconds)
            client.send_signal(signal.SIGINT)
        said, complained = client.communicate(timeout=20)
    finally:
        proc.end(client)
    return said, complained, client.returncode


def test_a_refusal_is_told_also_when_it_comes_after_an_interrupt(vtctld):
    said, complained, status = moves(vtctld(400, REFUSAL, after=3), interrupts=[1])
    assert status == 1
    assert "has no primary key" in complained and "add one" in complained
    assert "waiting for vtctld's answer" in complained
    assert said.startswith("checking ")    # not silent for three seconds


def test_a_move_that_is_made_after_an_interrupt_is_left_as_one(vtctld):
    said, complained, status = moves(vtctld(200, CREATED, after=1), interrupts=[0.5])
    assert status == 130
    assert said.splitlines()[-1].strip().endswith("MoveTables a.t b.t")


def test_leaving_without_an_answer_says_what_tells(vtctld):
    server = vtctld(200, CREATED, after=15)
    said, complained, status = moves(server, interrupts=[0.5, 0.5])
    assert status == 130
    assert "not known" in complained
    assert f"vtctlclient --server {server} Workflow show b.t tells" in complained


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
    said, _, status = moves(vtctld(200, CREATED), "--format", "json", interrupts=[0.5])
    assert status == 130 and lines(said)[0]["phase"] == "running" and lines(said)[-1]["detached"]
    said, _, status = moves(vtctld(200, CREATED, after=15), "--format", "json", interrupts=[0.5, 0.5])
    assert status == 130 and "not known" in lines(said)[-1]["error"]
    said, _, status = moves(vtctld(200, CREATED), "--format", "json", "third", "fourth")
    assert status == 2 and lines(said)[-1]["error"]

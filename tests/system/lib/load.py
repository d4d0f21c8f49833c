"""The load generator, steered over its stdin."""
import json
import subprocess

from . import proc


class Load:
    def __init__(self, journal, port, clients=4, rate=0, database="customer", user="app", seed=1, tolerate=False,
                 host="127.0.0.1", socket=None, orders=False, burst=False, inserts=False):
        self.args = [proc.program("load"), f"--journal={journal}", f"--clients={clients}", f"--database={database}",
                     f"--user={user}", f"--host={host}"] + (["--orders"] if orders else [])
        self.more = [f"--rate={rate}", f"--seed={seed}"] + (["--tolerate-disconnects"] if tolerate else []) \
            + (["--burst"] if burst else []) + (["--inserts"] if inserts else [])
        self.where = [f"--socket={socket}"] if socket else [f"--port={port}"]
        self.process = None
        self.code = None

    def start(self):
        self.process = subprocess.Popen([*self.args, *self.more, *self.where, "run"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        ready = self._line()
        assert ready["event"] == "ready", ready
        return self

    def _line(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the load generator ended with {self.process.wait()}")
        return json.loads(line)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self._line()

    def mark(self, name):
        return self.ask(f"mark {name}")

    def stats(self):
        return self.ask("stats")

    def go_on(self, statements, seconds=60):
        """Waits until that many more statements are done."""
        goal = self.stats()["statements"] + statements
        proc.wait_for(lambda: self.stats()["statements"] >= goal, seconds, f"{statements} statements")

    def rest(self, resting):
        """No new statements (in burst: transactions), or again."""
        self.ask("rest" if resting else "work")

    def window(self, name, from_us, to_us):
        return self.ask(f"window {name} {from_us} {to_us}")

    def stop(self):
        """Ends the clients; their summary. self.code is 0 when no client saw an error."""
        summary = self.ask("stop")
        self.code = self.process.wait(300)
        self.process.stdin.close()
        self.process.stdout.close()
        for error in summary["first_errors"]:
            print(error)        # whole, where an assertion would show its beginning alone
        return summary

    def verify(self, port=None, socket=None, user=None, database=None, password_file=None):
        """What a server holds against what was acknowledged."""
        where = [f"--socket={socket}"] if socket else ([f"--port={port}"] if port else self.where)
        more = ([f"--user={user}"] if user else []) + ([f"--database={database}"] if database else [])
        more += [f"--password-file={password_file}"] if password_file else []
        done = subprocess.run([*self.args, *where, *more, "verify"], capture_output=True, text=True)
        if done.returncode == 2:
            raise RuntimeError(f"verify could not run: {done.stderr}")
        return json.loads(done.stdout)

    def abandon(self):
        if self.process is not None:
            proc.end(self.process)

"""Visitors of an application, who go on beside what a test does, until they are told to end."""
import threading

from . import proc


class Visitor(threading.Thread):
    """Does one thing after the other; the first that fails ends it."""

    def __init__(self, act, *args):
        """act(n, *args): the n-th thing; what it gives is kept in done."""
        super().__init__()
        self.act, self.args = act, args
        self.done, self.ended, self.failed = [], threading.Event(), None

    def run(self):
        try:
            while not self.ended.is_set():
                self.done.append(self.act(len(self.done), *self.args))
        except Exception as e:      # told by whoever looks
            self.failed = e


class Visitors:
    """They visit while the block runs; none may have failed at its end. more(): what the application has kept of a failure."""

    def __init__(self, *all_of_them, more=lambda: ""):
        self.all, self.more = all_of_them, more

    def __enter__(self):
        for v in self.all:
            v.start()
        return self

    def __exit__(self, kind, *_):
        for v in self.all:
            v.ended.set()
        for v in self.all:
            v.join()
        if kind is None:
            self.check()

    def check(self):
        assert not self.failed(), f"{self.failed()} {self.more()}"

    def failed(self):
        return [v.failed for v in self.all if v.failed]

    def go_on(self, times=4):
        """Until each has done so much more."""
        goals = [(v, len(v.done) + times) for v in self.all]
        proc.wait_for(lambda: self.failed() or all(len(v.done) >= goal for v, goal in goals), 600, "visitors to go on")
        self.check()

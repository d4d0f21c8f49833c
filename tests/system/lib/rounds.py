"""The steps of switching forth and back, asked of two vttablets as vtctld asks them."""
from . import proc, tablets
from .streams import Pair

FENCED = 1290


def patiently(tablet, method, **request):
    """Asks again as long as the answer says that this may help, as vtctld does."""
    def answered():
        try:
            return [tablet.call(method, **request)]
        except tablets.Refused as e:
            if e.kind != "retry":
                raise
    return proc.wait_for(answered, 30, f"an answer to {method}", lambda: proc.tail(tablet.log))[0]


class Rounds:
    """A pair whose stream of round 1 runs. served: the tablet whose table clients write."""

    def __init__(self, pair: Pair):
        self.pair, self.round, self.attempt = pair, 1, 1
        self.sides = {pair.source: "customer", pair.target: "new_customer"}
        self.of_served("fence_install")
        self.of_other("fence_install")

    @property
    def served(self):
        return self.pair.source if self.round % 2 == 1 else self.pair.target

    @property
    def other(self):
        return self.pair.target if self.round % 2 == 1 else self.pair.source

    def request(self, round_, **more):
        """Of the stream of that round: from where it reads to where it writes."""
        ends = [self.pair.source, self.pair.target]
        come, go = ends if round_ % 2 == 1 else reversed(ends)
        tables = self.pair.tables if round_ % 2 == 1 else [names[::-1] for names in self.pair.tables]
        return {"workflow": self.pair.workflow, "round": round_, "attempt": self.attempt, "side": "to",
                "from": {"server": come.address, "database": self.sides[come]},
                "to": {"server": go.address, "database": self.sides[go]},
                "tables": [{"from": mine, "to": theirs} for mine, theirs in tables], **more}

    def of_served(self, method):
        return patiently(self.served, method, **self.request(self.round, side="from"))

    def of_other(self, method):
        return patiently(self.other, method, **self.request(self.round))

    def app(self, tablet):
        return tablets.app(tablet.server, self.sides[tablet])

    def hold(self):
        """Steps 2 and 3: the fence and the lock at the served side, then the stream stops at P, and the other
        side is locked."""
        self.freeze()
        self.of_other("lock")

    def freeze(self):
        self.attempt += 2
        self.position = self.of_served("lock")["position"]
        self.of_served("arm")
        self.start = self.other.call("freeze", **self.request(self.round, position=self.position))["place"]

    def prepare(self, **more):
        self.served.call("stream_prepare", **self.request(self.round + 1, guard_from=self.position, start=self.start, **more))
        return self.start["position"]

    def commit(self):
        """Steps 6a to 7, without the start of the way back."""
        self.of_served("unlock")
        self.of_other("disarm")
        self.of_other("finish")
        self.round += 1

    def begin(self):
        """The way back starts, at what is not served now."""
        self.other.call("stream_start", **self.request(self.round))

    def switch(self):
        self.hold()
        q = self.prepare()
        self.commit()
        self.begin()
        return q

    def roll_back(self, delete=True):
        """Of an attempt that holds: under the next number."""
        self.attempt += 1
        if delete:
            self.served.call("stream_delete", **self.request(self.round + 1))
        self.of_served("disarm")
        self.of_served("unlock")
        self.of_other("thaw")

    def status(self, round_=None):
        round_ = round_ or self.round
        tablet = self.pair.target if round_ % 2 == 1 else self.pair.source
        return tablet.call("stream_status", **self.request(round_))

    def catch_up(self):
        """Waits for what is outstanding now, not for what clients write in the meantime."""
        goal = self.served.server.position()
        proc.wait_for(lambda: self.served.server.has(self.status()["position"], goal), 60, f"round {self.round} to catch up",
                      lambda: f"{goal}: {self.status()} {proc.tail(self.other.log)}")

    def closed(self, words):
        """Waits until the way back says in a sentence with these words that it is none.

        A process that has just started may say first that its stream cannot go on, until the guard has read what it had found.
        """
        return proc.wait_for(lambda: words in self.status()["closed"], 60, f"the way back to close by: {words}",
                             lambda: f"{self.status()} {proc.tail(self.other.log)}")

    def check_equal(self):
        self.catch_up()
        self.pair.check_equal()

"""Random histories: any schema, any changes, anything that dies; there and back, both sides are the same in the end."""
import os
import random
import time

import pytest

from lib import histories, kinds, proc, typed
from lib.rounds import Rounds

pytestmark = pytest.mark.skipif(not proc.is_built("vttablet"), reason="vttablet is not built")

SEED = os.environ.get("SWITCHYARD_HISTORY_SEED")        # one history again: its schema, what each client says, what dies
COUNT = int(os.environ.get("SWITCHYARD_HISTORIES") or 200)
QUIET = {"options": ("--chunk-rows", "50")}             # several chunks of each table
SLOW = ["copy.commit.before=sleep:20", "stream.converge.before=sleep:20", "stream.exact.before=sleep:10", "copy.strict.batch=sleep:30"]


class History:
    def __init__(self, pair, seed):
        print(f"seed {seed}: SWITCHYARD_HISTORY_SEED={seed}")
        self.r, self.pair, self.seed = random.Random(seed), pair, seed
        source, target = kinds.wanted()
        # What comes out as another value than it was differs in the end (docs/types.md).
        columns = [row for row in typed.there_and_back(source, target)
                   if not row.is_alone() and "(0)" not in row.column
                   and "id" not in row.column.split("GENERATED")[-1] and all(len(v) < 200 for v in row.values)]
        self.tables = histories.schema(self.r, columns)
        self.served = pair.source
        self.clients, self.transactions, self.deaths = [], 0, 0

    def begin(self):
        p = self.pair
        p.tables = [(t.name, t.name) for t in self.tables]
        conn = typed.loosely(p.source.server, "customer")
        with conn.cursor() as cur:
            for t in self.tables:
                print(t.definition())
                cur.execute(t.definition())
            for t in self.tables:
                self.fill(cur, t)
        conn.close()
        p.source.start(**QUIET)
        self.start_target()
        for i in range(self.r.randint(1, 3)):
            self.clients.append(histories.Client(self.place, self.seed * 10 + i, self.tables))
            self.clients[-1].start()
        p.start()

    def fill(self, cur, table):
        say = histories.Statements(self.r, [table])
        names = ", ".join(c.name for c in table.written())
        for _ in range(histories.ROWS):
            values = ", ".join("NULL" if c.name == "p" else c.value(say.r) for c in table.written())
            cur.execute(f"INSERT IGNORE INTO {table.name} ({names}) VALUES ({values})")

    def place(self):
        return self.served.server, "customer" if self.served is self.pair.source else "new_customer"

    def start_target(self):
        self.pair.target.start(faults=",".join(self.r.sample(SLOW, self.r.randint(0, 3))), **QUIET)

    def trouble(self):
        """Something dies and comes again."""
        p = self.pair
        time.sleep(self.r.uniform(0, 0.6))
        what = self.r.random()
        self.deaths += 1
        if what < 0.6:
            p.target.kill()
            self.start_target()
        elif what < 0.75:
            p.source.kill()
            p.source.start(**QUIET)
        else:
            server = self.r.choice([p.source.server, p.target.server])
            server.kill()
            server.start()

    def switch(self, rounds):
        """Clients go on, and are refused at what is left behind."""
        rounds.switch()
        self.served = rounds.served

    def end_clients(self):
        while self.clients:
            client = self.clients.pop()
            client.end()
            self.transactions += client.done

    def check(self, catch_up):
        self.end_clients()
        assert self.transactions > 0
        catch_up()
        print(f"{self.transactions} transactions, {self.deaths} deaths, {self.pair.status()['tables']}")
        mine, theirs = self.pair.source.server.connect(), self.pair.target.server.connect()
        for t in self.tables:
            a, b = t.image(mine, "customer"), t.image(theirs, "new_customer")
            assert a == b, (t.definition(), [row for row in a if row not in b][:3], [row for row in b if row not in a][:3])
        mine.close(), theirs.close()


def live(pair, seed):
    h = History(pair("h0"), seed)
    try:
        h.begin()
        go_through(h)
    finally:
        h.end_clients()


def go_through(h):
    for _ in range(h.r.randint(0, 3)):
        h.trouble()
    h.pair.wait("running")
    for _ in range(h.r.randint(0, 2)):
        h.trouble()
    h.pair.wait("running")
    if h.r.random() < 0.5:
        h.check(h.pair.catch_up)
        return
    rounds = Rounds(h.pair)
    for _ in range(h.r.randint(1, 3)):
        rounds.catch_up()
        h.switch(rounds)
        time.sleep(h.r.uniform(0, 0.3))
    h.check(rounds.catch_up)


def seeds(count):
    return [int(SEED)] if SEED else random.Random(os.urandom(8)).sample(range(10 ** 9), count)


def test_both_sides_are_the_same_in_the_end(pair):
    live(pair, seeds(1)[0])


@pytest.mark.long
@pytest.mark.parametrize("number", range(COUNT))
def test_many_histories(pair, number):
    live(pair, seeds(1)[0])

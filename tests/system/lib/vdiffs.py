"""Comparisons of a stream's two sides, asked of its tablet."""
import json
import uuid

from . import proc

KINDS = ("mismatched", "extra_source", "extra_target", "unsettled")


class Vdiffs:
    def __init__(self, pair):
        self.pair = pair

    def call(self, method, which="", **options):
        given = {"samples": 10, "truncate_at": 128, "max_extra": 1000, **options}
        return self.pair.target.call(f"vdiff_{method}", **self.pair.request(), uuid=which, options=given)

    def create(self, **options):
        which = str(uuid.uuid4())
        self.call("create", which, **options)
        return which

    def show(self, which=""):
        return self.call("show", which)["vdiffs"][0]

    def wait(self, which, *states, seconds=100):
        def there():
            seen, stream = self.show(which), self.pair.status()
            assert stream["state"] != "error", stream["error"]
            return seen if seen["state"] in states else None
        return proc.wait_for(there, seconds, f"the comparison to be {states}",
                             lambda: f"{self.show(which)} {proc.tail(self.pair.target.log)}")

    def run(self, **options):
        """The one table of a comparison from its beginning to its end."""
        done = self.wait(self.create(**options), "completed", "error")
        assert done["state"] == "completed", done
        assert len(done["tables"]) == 1
        return done["tables"][0]


def counts(table):
    """Those that differ: all others are as they should be."""
    assert table["compared"] == table["matching"] + sum(table[k] for k in KINDS)
    return {k: table[k] for k in KINDS if table[k]}


def samples(table, kind):
    return json.loads(f"[{table[kind + '_rows']}]")

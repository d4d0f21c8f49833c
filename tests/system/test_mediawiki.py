"""MediaWiki, installed through vtgate, moves whole while its pages are read, searched and edited: there, home again with a second move,
and from there on back and forth."""
import pytest

from lib import applications, kinds, mediawiki, visitors
from lib import combo as combos

pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(combos.missing_programs()), reason="not all programs are built")]

WORKFLOWS = ["new_customer.customer", "customer.home"]
# Each request is one transaction, which reads before it writes. Longer than the grace period: rather than that one of them gets
# 1213, the attempt is given up and made again.
PATIENTLY = ("--reader-wait", "60s")
PAGES = ["/index.php", "/index.php?title=Special:RecentChanges", "/index.php?title=Special:Search&search=words&fulltext=1",
         "/index.php?title=Category:Moved", "/index.php?title=Special:AllPages", "/index.php?title=Special:Statistics",
         "/index.php?title=Main_Page&action=history", "/index.php?title=Special:Log", "/index.php?title=Special:WhatLinksHere/Main_Page",
         "/index.php?title=Special:LinkSearch&target=*.example.com", "/api.php?action=query&format=json&list=allcategories"]
INNER = ["/index.php?title=Special:Watchlist", "/index.php?title=Special:Preferences", "/index.php?title=Main_Page&action=edit",
         "/index.php?title=Special:UserRights", "/index.php?title=Special:ActiveUsers", "/index.php?title=Special:Contributions/Admin",
         "/index.php?title=Special:Version"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return mediawiki.fetch(str(tmp_path_factory.mktemp("mediawiki")))


@pytest.fixture
def site_of(combo, tree, folder):
    """site_of(source, target): the kinds of the servers."""
    made = []

    def make(source, target):
        combo.kinds = {applications.HOME: source, applications.AWAY: target}
        combo.up(applications.HOME, applications.AWAY)
        for keyspace in (applications.HOME, applications.AWAY):
            if kinds.brand(combo.kind_of(keyspace)) == "mysql":         # MySQL 9.7 has no SHA1() by itself, and a wiki's cache asks for it
                applications.at(combo, keyspace, "INSTALL COMPONENT 'file://component_classic_hashing'")
        made.append(mediawiki.Site(tree, folder, combo.gate_port).install())
        return made[0]

    yield make
    for site in made:
        site.stop()


def read(n, browser, pages):
    browser.get(pages[n % len(pages)])


def write(n, browser, name):
    """A page, changed, watched, found and sometimes moved or thrown away; title and text of what is there in the end."""
    title, text = f"Page {name}.{n}", f"other words of {name}.{n} [[Main Page]] [[Category:Moved]] https://www.example.com/{name}/{n}"
    browser.act("edit", title=title, text="words " * 50)
    browser.act("edit", title=title, text=text)
    browser.act("watch", titles=title)
    browser.act("edit", title=f"Common {name}", appendtext=f"* [[{title}]]\n")
    assert f"other words of {name}.{n}" in browser.get(f"/index.php?title=Page_{name}.{n}")
    if n % 4 == 2:
        browser.act("move", to=f"Moved {title}", reason="none", **{"from": title})
        return f"Moved {title}", text
    if n % 4 == 3:
        browser.act("delete", title=title)
        return None
    return title, text


@pytest.mark.parametrize("source, target", [("mariadb", "mariadb"), ("mysql", "mysql")])
def test_mediawiki_goes_there_and_back_without_one_page_with_an_error(combo, site_of, source, target):
    site = site_of(source, target)
    installed = applications.definitions(combo, applications.HOME)
    assert len(installed) == 58
    readers = [visitors.Visitor(read, mediawiki.Browser(site), PAGES), visitors.Visitor(read, mediawiki.Browser(site).log_in(), INNER)]
    writers = [visitors.Visitor(write, mediawiki.Browser(site).log_in(), i) for i in range(2)]
    mediawiki.Browser(site).log_in().act("edit", title="Category:Moved", text="Those of the writers.")
    everybody = visitors.Visitors(*readers, *writers,
                                  more=lambda: site.database_errors() + "".join(
                                      combo.client("Workflow", "show", w, check=False).stdout for w in WORKFLOWS))
    with everybody:
        # One of the tables is of MyISAM, which has no way back: what comes home later is of InnoDB.
        everybody.go_on()
        combo.client("MoveTables", *PATIENTLY, "--engine", "InnoDB", "--no-enable-reverse-replication", "customer.*", "new_customer")
        everybody.go_on()
        combo.client("MoveTables", "Complete", WORKFLOWS[0])
        assert applications.tables(combo, applications.HOME) == []
        waited = applications.switch_to_and_fro(combo, everybody, WORKFLOWS[1],
                                               ("MoveTables", *PATIENTLY, "new_customer.*", "customer", "--workflow", "home"))
    assert site.database_errors() == "", applications.deadlocks(combo)
    written = dict(done for w in writers for done in w.done if done)
    assert written
    browser = mediawiki.Browser(site)
    for title, text in written.items():
        assert browser.get(f"/index.php?action=raw&title={title.replace(' ', '_')}") == text
    applications.wait_equal(combo)
    combo.client("VDiff", "--wait", WORKFLOWS[1])
    combo.client("MoveTables", "Complete", WORKFLOWS[1])
    now = applications.definitions(combo, applications.HOME)
    assert now == {t: d.replace("ENGINE=MyISAM", "ENGINE=InnoDB") for t, d in installed.items()}
    assert applications.tables(combo, applications.AWAY) == []
    pages = sum(len(v.done) for v in readers), sum(5 * len(w.done) + len(w.done) // 2 for w in writers)
    print(f"MediaWiki: {len(installed)} tables switched four times; {pages[0]} pages read and {pages[1]} calls of writers, "
          f"0 with an error; {len(written)} pages found again; writes waited for {waited} ms")

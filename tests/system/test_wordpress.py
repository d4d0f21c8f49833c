"""WordPress, installed through vtgate, moves whole while its pages are read and written: there, back and there again; then a plug-in
that is installed afterwards makes its table where the others are."""
import os
import threading

import pytest

from lib import combo as combos
from lib import proc, wordpress

pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(combos.missing_programs()), reason="not all programs are built")]

WORKFLOW = "new_customer.customer"
MOVE = ("MoveTables", "customer.*", "new_customer")
# Makes a table as plug-ins do, and joins it with WordPress's own.
PLUGIN = r"""<?php
/* Plugin Name: Guestbook */
register_activation_hook(__FILE__, function () {
	global $wpdb;
	require_once ABSPATH . 'wp-admin/includes/upgrade.php';
	dbDelta("CREATE TABLE {$wpdb->prefix}guestbook (
		id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
		post bigint(20) unsigned NOT NULL,
		mood ENUM('zen','angry') NOT NULL,
		PRIMARY KEY  (id),
		KEY post (post)
	) {$wpdb->get_charset_collate()};");
});
add_action('rest_api_init', function () {
	register_rest_route('guestbook/v1', '/sign', array('methods' => 'POST', 'permission_callback' => '__return_true',
		'callback' => function ($request) {
			global $wpdb;
			$wpdb->insert("{$wpdb->prefix}guestbook", array('post' => $request['post'], 'mood' => 'zen'));
			return $wpdb->get_results($wpdb->prepare("SELECT p.post_title AS title, g.mood FROM {$wpdb->posts} p
				JOIN {$wpdb->prefix}guestbook g ON g.post = p.ID WHERE p.ID = %d", $request['post']));
		}));
});
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return wordpress.fetch(str(tmp_path_factory.mktemp("wordpress")))


@pytest.fixture
def site(combo, tree):
    combo.up("customer", "new_customer")
    made = wordpress.Site(tree, combo.gate_port)
    yield made
    made.stop()


def at(combo, keyspace, sql):
    return combo.mariadb(sql, keyspace, port=combo.port("server", keyspace), user="vt_dba").strip()


class Visitor(threading.Thread):
    """Does one thing after the other until told to end; the first page with an error ends it."""

    def __init__(self, act, *args):
        super().__init__()
        self.act, self.args = act, args
        self.done, self.ended, self.failed = [], threading.Event(), None

    def run(self):
        try:
            while not self.ended.is_set():
                self.done.append(self.act(len(self.done), *self.args))
        except Exception as e:      # told by end()
            self.failed = e

    def end(self):
        self.ended.set()
        self.join()
        assert self.failed is None, self.failed


PAGES = ["/", "/?p=1", "/?feed=rss2", "/?s=post", "/?cat=1", "/?rest_route=/wp/v2/posts", "/wp-login.php", "/?author=1"]
INNER = ["/wp-admin/", "/wp-admin/edit.php", "/wp-admin/edit-comments.php", "/wp-admin/users.php", "/wp-admin/options-general.php"]


def read(n, browser, pages):
    browser.get(pages[n % len(pages)])


def write(n, browser, name):
    """A post, changed, looked at and sometimes thrown away; its title when it is there in the end."""
    title = f"post {name}.{n}"
    post = browser.rest("/wp/v2/posts", wanted=201, title=title, content="words " * 50, status="publish")["id"]
    browser.rest(f"/wp/v2/posts/{post}", content="other words " * 50)
    assert title in browser.get(f"/?p={post}")
    if n % 4 == 3:
        browser.rest(f"/wp/v2/posts/{post}&force=true&_method=DELETE", why="none")
        return None
    return title


def checksums(combo, keyspace):
    tables = at(combo, keyspace, "SHOW TABLES").split()
    said = at(combo, keyspace, f"CHECKSUM TABLE {', '.join(tables)} EXTENDED").splitlines()
    return {line.split("\t")[0].split(".")[1]: line.split("\t")[1] for line in said}


def titles(combo, keyspace):
    return set(at(combo, keyspace, "SELECT post_title FROM wp_posts WHERE post_type = 'post' AND post_status = 'publish'").splitlines())


def test_wordpress_goes_there_and_back_and_there_without_one_page_with_an_error(combo, site):
    site.install()
    # Pages by number: PHP's own server rewrites no addresses.
    combo.mariadb("UPDATE wp_options SET option_value = '' WHERE option_name IN ('permalink_structure', 'rewrite_rules')", "customer")
    tables = at(combo, "customer", "SHOW TABLES").split()
    assert len(tables) == 12
    definitions = {t: at(combo, "customer", f"SHOW CREATE TABLE {t}").split(" AUTO_INCREMENT=")[0] for t in tables}
    readers = [Visitor(read, wordpress.Browser(site), PAGES), Visitor(read, wordpress.Browser(site).log_in(), INNER)]
    writers = [Visitor(write, wordpress.Browser(site).log_in(), i) for i in range(2)]

    def go_on(pages=4):
        goals = [(v, len(v.done) + pages) for v in readers + writers]
        proc.wait_for(lambda: all(len(v.done) >= g or v.failed for v, g in goals), 600, "visitors to go on")
        assert not [v.failed for v in readers + writers if v.failed]

    for v in readers + writers:
        v.start()
    waited = []
    try:
        go_on()
        for command in (MOVE, ("MoveTables", "ReverseTraffic", WORKFLOW), ("MoveTables", "SwitchTraffic", WORKFLOW)):
            combo.client(*command)
            waited.append(combo.workflow(name="customer")["record"]["hold_us"] // 1000)
            go_on()
    finally:
        ended = []
        for v in readers + writers:
            try:
                v.end()
            except AssertionError as e:
                ended.append(e)
    assert not ended and site.database_errors() == []
    written = {t for w in writers for t in w.done if t}
    assert written | {"Hello world!"} == titles(combo, "new_customer")
    proc.wait_for(lambda: checksums(combo, "customer") == checksums(combo, "new_customer"), 120, "both sides to be equal")
    for keyspace in ("customer", "new_customer"):
        assert {t: at(combo, keyspace, f"SHOW CREATE TABLE {t}").split(" AUTO_INCREMENT=")[0] for t in tables} == definitions
    pages = sum(len(v.done) for v in readers), sum(3 * len(w.done) + len(w.done) // 4 for w in writers)
    print(f"WordPress: {len(tables)} tables switched three times; {pages[0]} pages read and {pages[1]} written or read by writers, "
          f"0 with an error; {len(written)} posts found again; writes waited for {waited} ms")

    # What a plug-in makes now is made where the others are, and can be joined with them.
    combo.client("MoveTables", "Complete", WORKFLOW)
    combo.client("FollowKeyspace", "customer", "new_customer")
    os.makedirs(os.path.join(site.root, "wp-content", "plugins", "guestbook"), exist_ok=True)
    with open(os.path.join(site.root, "wp-content", "plugins", "guestbook", "guestbook.php"), "w") as f:
        f.write(PLUGIN)
    admin = wordpress.Browser(site).log_in()

    def made_there():
        """Gates read who follows whom a moment later."""
        admin.rest("/wp/v2/plugins/guestbook/guestbook", status="active")
        if "wp_guestbook" in at(combo, "new_customer", "SHOW TABLES").split():
            return True
        admin.rest("/wp/v2/plugins/guestbook/guestbook", status="inactive")
        combo.mariadb("DROP TABLE IF EXISTS wp_guestbook", "customer")
        return False
    proc.wait_for(made_there, 60, "the plug-in's table to be made where the others are")
    assert at(combo, "customer", "SHOW TABLES") == ""
    assert admin.rest("/guestbook/v1/sign", post=1) == [{"title": "Hello world!", "mood": "zen"}]
    assert site.database_errors() == []

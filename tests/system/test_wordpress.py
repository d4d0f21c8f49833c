"""WordPress, installed through vtgate, moves whole while its pages are read and written: there, back and there again; then a plug-in
that is installed afterwards makes its table where the others are."""
import os

import pytest

from lib import applications, proc, visitors, wordpress
from lib import combo as combos
from lib.applications import at

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


def titles(combo, keyspace):
    return set(at(combo, keyspace, "SELECT post_title FROM wp_posts WHERE post_type = 'post' AND post_status = 'publish'").splitlines())


def test_wordpress_goes_there_and_back_and_there_without_one_page_with_an_error(combo, site):
    site.install()
    # Pages by number: PHP's own server rewrites no addresses.
    combo.mariadb("UPDATE wp_options SET option_value = '' WHERE option_name IN ('permalink_structure', 'rewrite_rules')", "customer")
    installed = applications.definitions(combo, "customer")
    assert len(installed) == 12
    readers = [visitors.Visitor(read, wordpress.Browser(site), PAGES), visitors.Visitor(read, wordpress.Browser(site).log_in(), INNER)]
    writers = [visitors.Visitor(write, wordpress.Browser(site).log_in(), i) for i in range(2)]
    with visitors.Visitors(*readers, *writers) as everybody:
        waited = applications.switch_to_and_fro(combo, everybody, WORKFLOW, MOVE)
    assert site.database_errors() == []
    written = {t for w in writers for t in w.done if t}
    assert written | {"Hello world!"} == titles(combo, "new_customer")
    applications.wait_equal(combo)
    assert applications.definitions(combo, "customer") == applications.definitions(combo, "new_customer") == installed
    pages = sum(len(v.done) for v in readers), sum(3 * len(w.done) + len(w.done) // 4 for w in writers)
    print(f"WordPress: {len(installed)} tables switched three times; {pages[0]} pages read and {pages[1]} written or read by writers, "
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

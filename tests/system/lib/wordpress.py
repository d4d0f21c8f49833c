"""A WordPress of Debian's, in a folder of its own: its database is a gate's keyspace, its web server PHP's own."""
import os

from . import applications, web

CONFIG = """<?php
define('DB_NAME', 'customer');
define('DB_USER', 'app');
define('DB_PASSWORD', '');
define('DB_HOST', '127.0.0.1:%(gate)d');
define('DB_CHARSET', 'utf8mb4');
define('WP_HOME', 'http://' . $_SERVER['HTTP_HOST']);
define('WP_SITEURL', 'http://' . $_SERVER['HTTP_HOST']);
define('WP_DEBUG', true);
define('WP_DEBUG_DISPLAY', false);
define('WP_DEBUG_LOG', '%(log)s');
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('AUTH_KEY', 'of a test');
define('SECURE_AUTH_KEY', 'of a test');
define('LOGGED_IN_KEY', 'of a test');
define('NONCE_KEY', 'of a test');
$table_prefix = 'wp_';
if (!defined('ABSPATH'))
	define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
# What stands in a page, or in the log, where the database has failed.
ERRORS = ("Error establishing a database connection", "WordPress database error", "There has been a critical error")
ADMIN = {"user": "admin", "password": "a long enough one 1!"}


def fetch(folder):
    """The site's folder."""
    applications.unpack(folder, "wordpress", "wordpress-theme-twentytwentythree")
    return os.path.join(folder, "usr", "share", "wordpress")


class Site:
    def __init__(self, root, gate_port):
        self.root, self.log = root, os.path.join(root, "debug.log")
        with open(os.path.join(root, "wp-config.php"), "w") as f:
            f.write(CONFIG % {"gate": gate_port, "log": self.log})
        self.server = web.php(root, os.path.join(root, "php.out"))
        self.url, self.stop = self.server.url, self.server.stop

    def install(self):
        said = Browser(self).post("/wp-admin/install.php?step=2", weblog_title="Moved", user_name=ADMIN["user"],
                                  admin_password=ADMIN["password"], admin_password2=ADMIN["password"], pw_weak="1",
                                  admin_email="admin@example.com", blog_public="0", Submit="Install", language="")
        if "Success!" not in said:
            raise web.Failure(f"not installed: {said[-2000:]}")

    def database_errors(self):
        """What WordPress has logged of its database."""
        with open(self.log, "a+") as f:
            f.seek(0)
            return [line for line in f if any(e in line for e in ERRORS)]


class Browser(web.Browser):
    def __init__(self, site):
        super().__init__(site.url, ERRORS)
        self.nonce = None

    def log_in(self):
        self.get("/wp-login.php")
        self.post("/wp-login.php", log=ADMIN["user"], pwd=ADMIN["password"], redirect_to=self.url + "/wp-admin/", testcookie="1")
        self.nonce = self.get("/wp-admin/admin-ajax.php?action=rest-nonce")
        return self

    def rest(self, route, wanted=200, **fields):
        """A call of WordPress's own interface for programs; GET without fields."""
        return self.call(f"/?rest_route={route}", fields, wanted, {"X-WP-Nonce": self.nonce or ""})

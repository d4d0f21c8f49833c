"""A WordPress of Debian's, in a folder of its own: its database is a gate's keyspace, its web server PHP's own."""
import http.cookiejar
import json
import os
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from . import proc

PACKAGES = ["wordpress", "wordpress-theme-twentytwentythree"]
CONFIG = """<?php
define('DB_NAME', 'customer');
define('DB_USER', 'app');
define('DB_PASSWORD', '');
define('DB_HOST', '127.0.0.1:%(gate)d');
define('DB_CHARSET', 'utf8mb4');
define('WP_HOME', '%(url)s');
define('WP_SITEURL', '%(url)s');
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
    """Debian's packages, unpacked into the folder and not installed; the site's folder."""
    subprocess.run([os.path.join(proc.TREE, "tools", "install-deps"), "applications"], check=True)
    subprocess.run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *PACKAGES], cwd=folder, check=True)
    for name in os.listdir(folder):
        if name.endswith(".deb"):
            subprocess.run(["dpkg-deb", "-x", name, "."], cwd=folder, check=True)
    return os.path.join(folder, "usr", "share", "wordpress")


class Failure(Exception):
    """A page that is not as it should be."""


class Site:
    """The web server; its workers are its own process group."""

    def __init__(self, root, gate_port):
        self.root, self.port = root, proc.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = os.path.join(root, "debug.log")
        self.out = os.path.join(root, "php.out")
        with open(os.path.join(root, "wp-config.php"), "w") as f:
            f.write(CONFIG % {"gate": gate_port, "url": self.url, "log": self.log})
        with open(self.out, "w") as out:
            self.process = subprocess.Popen(["php", "-d", "memory_limit=256M", "-S", f"127.0.0.1:{self.port}", "-t", root],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                                            env={**os.environ, "PHP_CLI_SERVER_WORKERS": "6"})
        proc.wait_for(lambda: "started" in proc.tail(self.out), 30, "PHP's server to start", lambda: proc.tail(self.out))

    def install(self):
        said = Browser(self).post("/wp-admin/install.php?step=2", weblog_title="Moved", user_name=ADMIN["user"],
                                  admin_password=ADMIN["password"], admin_password2=ADMIN["password"], pw_weak="1",
                                  admin_email="admin@example.com", blog_public="0", Submit="Install", language="")
        if "Success!" not in said:
            raise Failure(f"not installed: {said[-2000:]}")

    def database_errors(self):
        """What WordPress has logged of its database."""
        with open(self.log, "a+") as f:
            f.seek(0)
            return [line for line in f if any(e in line for e in ERRORS)]

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.process.wait(30)


class Browser:
    """One visitor, with cookies of its own."""

    def __init__(self, site):
        self.site, self.nonce = site, None
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def _open(self, request, wanted):
        try:
            with self.opener.open(request, timeout=300) as reply:
                status, text = reply.status, reply.read().decode(errors="replace")
        except urllib.error.HTTPError as e:
            status, text = e.code, e.read().decode(errors="replace")
        except OSError as e:
            raise Failure(f"{request.full_url}: {e}") from None
        if status != wanted or any(e in text for e in ERRORS):
            raise Failure(f"{request.full_url}: {status}: {text[:500]}")
        return text

    def get(self, path):
        return self._open(urllib.request.Request(self.site.url + path), 200)

    def post(self, path, wanted=200, **fields):
        return self._open(urllib.request.Request(self.site.url + path, urllib.parse.urlencode(fields).encode()), wanted)

    def log_in(self):
        self.get("/wp-login.php")
        self.post("/wp-login.php", log=ADMIN["user"], pwd=ADMIN["password"], redirect_to=self.site.url + "/wp-admin/", testcookie="1")
        self.nonce = self.get("/wp-admin/admin-ajax.php?action=rest-nonce")
        return self

    def rest(self, route, wanted=200, **fields):
        """A call of WordPress's own interface for programs; GET without fields."""
        request = urllib.request.Request(f"{self.site.url}/?rest_route={route}", json.dumps(fields).encode() if fields else None,
                                         {"Content-Type": "application/json", "X-WP-Nonce": self.nonce or ""})
        return json.loads(self._open(request, wanted))

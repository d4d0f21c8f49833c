"""A MediaWiki of Debian's, in a folder of its own: its database is a gate's keyspace, its web server PHP's own."""
import json
import os
import subprocess

from . import applications, web

# As its installer has it, and: no cache but the database, each error of which is kept.
SETTINGS = """
$wgServer = 'http://' . ( $_SERVER['HTTP_HOST'] ?? '127.0.0.1' );
$wgShowExceptionDetails = true;
$wgDBerrorLog = '%(log)s';
$wgMainCacheType = CACHE_DB;
$wgSessionCacheType = CACHE_DB;
$wgParserCacheType = CACHE_DB;
$wgJobRunRate = 1;
"""
ERRORS = ("Wikimedia\\\\Rdbms\\\\", "A database query error has occurred", "Sorry! This site is experiencing technical difficulties",
          "internal_api_error")
ADMIN = {"user": "Admin", "password": "a long enough one 1!"}


def fetch(folder):
    """The wiki's folder. What the package links to at places of its own is put at those of the folder."""
    applications.unpack(folder, "mediawiki", "mediawiki-classes")
    root = os.path.join(folder, "usr", "share", "mediawiki")
    for name in ("LocalSettings.php", "config", "extensions", "images"):
        os.unlink(os.path.join(root, name))
    os.symlink("extensions-core", os.path.join(root, "extensions"))
    os.mkdir(os.path.join(root, "images"))
    return root


class Site:
    def __init__(self, root, folder, gate_port):
        self.root, self.folder, self.gate_port = root, folder, gate_port
        self.log = os.path.join(folder, "database-errors.log")
        self.settings = os.path.join(folder, "LocalSettings.php")
        self.server = None

    def install(self):
        """Its own tables, none of an extension's."""
        self.maintain("install", "--confpath", self.folder, "--dbtype", "mysql", "--dbserver", f"127.0.0.1:{self.gate_port}",
                      "--dbname", applications.HOME, "--dbuser", "app", "--dbpass", "", "--server", "http://127.0.0.1",
                      "--scriptpath", "", "--pass", ADMIN["password"], "Moved", ADMIN["user"])
        with open(self.settings, "a") as f:
            f.write(SETTINGS % {"log": self.log})
        self.server = web.php(self.root, os.path.join(self.folder, "php.out"), {"MW_CONFIG_FILE": self.settings})
        self.url = self.server.url
        return self

    def maintain(self, script, *args):
        done = subprocess.run(["php", os.path.join(self.root, "maintenance", script + ".php"), *args], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env={**os.environ, **({"MW_CONFIG_FILE": self.settings} if self.server else {})})
        if done.returncode != 0:
            raise web.Failure(f"{script}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
        return done.stdout

    def database_errors(self):
        with open(self.log, "a+", errors="replace") as f:       # with statements that have packed values
            f.seek(0)
            return f.read()

    def stop(self):
        if self.server:
            self.server.stop()


class Browser(web.Browser):
    def __init__(self, site):
        super().__init__(site.url, ERRORS)
        self.tokens = {}

    def log_in(self):
        token = self.api(action="query", meta="tokens", type="login")["query"]["tokens"]["logintoken"]
        said = self.api(action="login", lgname=ADMIN["user"], lgpassword=ADMIN["password"], lgtoken=token)
        if said["login"]["result"] != "Success":
            raise web.Failure(f"no login: {said}")
        self.tokens = self.api(action="query", meta="tokens", type="csrf|watch")["query"]["tokens"]
        return self

    def api(self, **fields):
        """MediaWiki's own interface for programs."""
        said = json.loads(self.post("/api.php", format="json", **fields))
        if "error" in said:
            raise web.Failure(f"{fields}: {said}")
        return said

    def act(self, action, **fields):
        return self.api(action=action, token=self.tokens["watchtoken" if action == "watch" else "csrftoken"], **fields)

"""A Django project of PyPI's packages, in a folder of its own: its database is a gate's keyspace, its web server Django's own."""
import os
import re
import subprocess
import sys

from . import applications, proc, web

# Django's last one with long support that is content with Python 3.11, MariaDB 10.11 and MySQL.
PACKAGES = ["django>=5.2,<5.3", "pymysql"]
RUN = '''
import sys
import pymysql
pymysql.version_info = (2, 2, 1, "final", 0)       # Django asks for a mysqlclient of its own time
pymysql.install_as_MySQLdb()
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
'''
ADMIN = {"username": "admin", "password": "a long enough one 1!"}


def fetch(folder):
    """Installs Django into the folder, which is the project's."""
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--root-user-action=ignore",
                    "--target", folder, *PACKAGES], check=True)
    with open(os.path.join(folder, "run_manage.py"), "w") as f:
        f.write(RUN)
    return folder


def write(folder, **files):
    """Modules by their dotted names, with a double underscore for the dot: shop__models="..."."""
    for name, text in files.items():
        path = os.path.join(folder, *name.split("__")) + ".py"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)


def make_package(folder, *names):
    for name in names:
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        with open(os.path.join(folder, name, "__init__.py"), "a"):
            pass


def settings(apps, more=""):
    return f'''
import os
SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.mysql", "NAME": "{applications.HOME}", "USER": "app",
                         "HOST": "127.0.0.1", "PORT": os.environ["GATE"], "CONN_MAX_AGE": 2}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ, TIME_ZONE = True, "UTC"       # servers know no other zone
INSTALLED_APPS = {apps}
{more}
'''


class Site:
    """settings: the module's name."""

    def __init__(self, folder, gate_port):
        self.folder, self.server = folder, None
        self.environment = {**os.environ, "GATE": str(gate_port), "PYTHONPATH": folder, "DJANGO_SETTINGS_MODULE": "settings",
                            "DJANGO_SUPERUSER_PASSWORD": ADMIN["password"], "PYTHONUNBUFFERED": "1"}

    def manage(self, *args):
        done = subprocess.run([sys.executable, "run_manage.py", *args], cwd=self.folder, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env=self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def serve(self):
        port = proc.free_port()
        self.server = web.Server([sys.executable, "run_manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"], port, "Quit the server",
                                 os.path.join(self.folder, "django.out"), cwd=self.folder, env=self.environment)
        self.url = self.server.url
        return self

    def errors(self):
        """What Django has said of exceptions."""
        with open(self.server.out) as f:
            said = f.read()
        found = re.findall(r"^Traceback[\s\S]*?^(\S*(?:Error|Exception|Timeout|DoesNotExist)\b.*)$", said, re.MULTILINE)
        return "\n".join(found)

    def stop(self):
        if self.server:
            self.server.stop()


class Browser(web.Browser):
    def __init__(self, site):
        super().__init__(site.url)

    def _token(self):
        return next((c.value for c in self.cookies if c.name == "csrftoken"), "")

    def send(self, path, **fields):
        """A form that is sent, and the page that it leads to."""
        return self.post(path, csrfmiddlewaretoken=self._token(), **fields)

    def log_in(self):
        self.get("/admin/login/")
        self.send("/admin/login/?next=/admin/", **ADMIN)
        return self

    def rpc(self, path, **fields):
        return self.call(path, fields, headers={"X-CSRFToken": self._token()})

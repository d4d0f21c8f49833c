"""Django finds its tables again after they have moved: migrate, inspectdb and the ORM, before and after DropTable."""
import os
import subprocess
import sys

import pytest

from lib import combo

pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(combo.missing_programs()), reason="not all programs are built")]

DJANGO = "django>=4.2,<5"       # of Python 3.11, and content with MariaDB 10.11
SITE = '''
import os, sys
import pymysql
pymysql.version_info = (2, 2, 1, "final", 0)       # Django asks for a mysqlclient of its own time
pymysql.install_as_MySQLdb()
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "shop"],
    DATABASES={"default": {"ENGINE": "django.db.backends.mysql", "NAME": "customer", "USER": "app",
                           "HOST": "127.0.0.1", "PORT": os.environ["GATE"]}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True)
django.setup()
from django.core.management import execute_from_command_line
if sys.argv[1] == "orm":
    from shop.models import Item
    Item.objects.create(name=sys.argv[2])
    print(sorted(Item.objects.values_list("name", flat=True)))
else:
    execute_from_command_line(sys.argv)
'''
MODELS = '''
from django.db import models
class Item(models.Model):
    name = models.CharField(max_length=40, unique=True)
    price = models.DecimalField(max_digits=7, decimal_places=2, default=0, db_index=True)
    made = models.DateTimeField(auto_now_add=True)
    data = models.JSONField(null=True)
'''
MORE = "    note = models.TextField(default='')\n"


@pytest.fixture(scope="module")
def django(tmp_path_factory):
    """A folder with Django and a small site."""
    where = tmp_path_factory.mktemp("django")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--root-user-action=ignore",
                    "--target", str(where), DJANGO, "pymysql"], check=True)
    os.makedirs(where / "shop" / "migrations")
    (where / "shop" / "__init__.py").touch()
    (where / "shop" / "migrations" / "__init__.py").touch()
    (where / "shop" / "models.py").write_text(MODELS)
    (where / "site_of_the_test.py").write_text(SITE)
    return where


def test_django_goes_on_with_moved_tables(combo, django):
    combo.up("customer", "new_customer")

    def manage(*args):
        done = subprocess.run([sys.executable, "site_of_the_test.py", *args], cwd=django, capture_output=True, text=True,
                              env={**os.environ, "GATE": str(combo.gate_port), "PYTHONPATH": str(django)})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    manage("makemigrations", "shop")
    manage("migrate")
    assert manage("orm", "first") == "['first']\n"
    before = manage("inspectdb"), manage("showmigrations")
    for table in ("shop_item", "django_migrations"):
        combo.client("MoveTables", f"customer.{table}", f"new_customer.{table}")
    assert (manage("inspectdb"), manage("showmigrations")) == before
    for table in ("shop_item", "django_migrations"):
        combo.client("DropTable", f"customer.{table}")
    assert (manage("inspectdb"), manage("showmigrations")) == before
    assert "No migrations to apply" in manage("migrate")
    (django / "shop" / "models.py").write_text(MODELS + MORE)
    manage("makemigrations", "shop")
    manage("migrate")
    assert "[X] 0002" in manage("showmigrations")
    assert manage("orm", "second") == "['first', 'second']\n"

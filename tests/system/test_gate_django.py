"""Django finds its tables again after they have moved: migrate, inspectdb and the ORM, before and after DropTable."""
import pytest

from lib import combo, django_site

pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(combo.missing_programs()), reason="not all programs are built")]

APPS = ["django.contrib.contenttypes", "django.contrib.auth", "shop"]
# manage.py shell, that makes an item and tells all of them.
ORM = "from shop.models import Item; Item.objects.create(name='%s'); print(sorted(Item.objects.values_list('name', flat=True)))"
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
def folder_of_django(tmp_path_factory):
    """Django and a small project."""
    where = django_site.fetch(str(tmp_path_factory.mktemp("django")))
    django_site.make_package(where, "shop", "shop/migrations")
    django_site.write(where, settings=django_site.settings(APPS), shop__models=MODELS)
    return where


def test_django_goes_on_with_moved_tables(combo, folder_of_django):
    combo.up("customer", "new_customer")
    manage = django_site.Site(folder_of_django, combo.gate_port).manage

    def orm(name):
        return manage("shell", "--no-imports", "--command", ORM % name)

    manage("makemigrations", "shop")
    manage("migrate")
    assert orm("first") == "['first']\n"
    before = manage("inspectdb"), manage("showmigrations")
    for table in ("shop_item", "django_migrations"):
        combo.client("MoveTables", f"customer.{table}", f"new_customer.{table}")
    assert (manage("inspectdb"), manage("showmigrations")) == before
    for table in ("shop_item", "django_migrations"):
        combo.client("DropTable", f"customer.{table}")
    assert (manage("inspectdb"), manage("showmigrations")) == before
    assert "No migrations to apply" in manage("migrate")
    django_site.write(folder_of_django, shop__models=MODELS + MORE)
    manage("makemigrations", "shop")
    manage("migrate")
    assert "[X] 0002" in manage("showmigrations")
    assert orm("second") == "['first', 'second']\n"

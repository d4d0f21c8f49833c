"""A Django project, installed through vtgate, moves whole while its pages are read, its admin site edits and its transactions run."""
import json

import pytest

from lib import applications, django_site, visitors
from lib import combo as combos

pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(combos.missing_programs()), reason="not all programs are built")]

WORKFLOW = "new_customer.customer"
APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
        "django.contrib.staticfiles", "django.contrib.sites", "django.contrib.flatpages", "django.contrib.redirects", "shop"]
MORE = '''
SITE_ID = 1
DEBUG = False
ROOT_URLCONF = "urls"
STATIC_URL = "static/"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_of_pages"}}
LOGGING = {"version": 1, "handlers": {"out": {"class": "logging.StreamHandler"}},
           "loggers": {"django.request": {"handlers": ["out"], "level": "ERROR"}}}
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
              "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware", "django.contrib.redirects.middleware.RedirectFallbackMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {"context_processors": [
    "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages"]}}]
'''
MODELS = '''
import uuid
from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

class Tag(models.Model):
    word = models.SlugField(unique=True)

class Item(models.Model):
    key = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=60, unique=True)
    code = models.CharField(max_length=20, unique=True, null=True, blank=True)
    price = models.DecimalField(max_digits=9, decimal_places=2, db_index=True)
    weight = models.FloatField(null=True, blank=True)
    left = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict, blank=True)
    picture = models.BinaryField(null=True)
    tags = models.ManyToManyField(Tag, related_name="items", blank=True)
    like = models.ManyToManyField("self", blank=True)
    part_of = models.ForeignKey("self", models.SET_NULL, null=True, blank=True)
    made = models.DateTimeField(auto_now_add=True)
    on_sale = models.DateField(null=True, blank=True)
    opens = models.TimeField(null=True, blank=True)
    lasts = models.DurationField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(price__gte=0), name="price_is_one")]
        indexes = [models.Index(fields=["-made", "name"])]

class Order(models.Model):
    buyer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    number = models.CharField(max_length=40)
    year = models.SmallIntegerField()
    made = models.DateTimeField(auto_now_add=True)
    is_paid = models.BooleanField(default=False)
    note = models.TextField(blank=True)

    class Meta:
        unique_together = [("year", "number")]

class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    item = models.ForeignKey(Item, models.PROTECT)
    count = models.PositiveSmallIntegerField()
    price = models.DecimalField(max_digits=9, decimal_places=2)
    total = models.GeneratedField(expression=models.F("count") * models.F("price"), db_persist=True,
                                  output_field=models.DecimalField(max_digits=11, decimal_places=2))

    class Meta:
        unique_together = [("order", "item")]

class Invoice(models.Model):
    order = models.OneToOneField(Order, models.CASCADE, primary_key=True)
    sum = models.DecimalField(max_digits=11, decimal_places=2)
'''
ADMIN = '''
from django.contrib import admin
from shop import models
class Lines(admin.TabularInline):
    model = models.Line
@admin.register(models.Order)
class Orders(admin.ModelAdmin):
    inlines = [Lines]
    search_fields = ["number", "lines__item__name"]
    list_filter = ["is_paid", "year"]
    date_hierarchy = "made"
@admin.register(models.Item)
class Items(admin.ModelAdmin):
    search_fields = ["name", "tags__word"]
    list_filter = ["tags"]
admin.site.register(models.Tag)
'''
URLS = '''
from django.contrib import admin
from django.urls import path
from shop import views
urlpatterns = [path("admin/", admin.site.urls), path("sell/", views.sell), path("items/", views.items), path("report/", views.report),
               path("make/", views.make), path("orders/", views.orders)]
'''
VIEWS = '''
import json
from datetime import timedelta
from decimal import Decimal
from django.contrib.auth.decorators import login_required
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import Avg, Count, F, Q, Sum
from django.http import JsonResponse
from shop.models import Invoice, Item, Line, Order, Tag

def answer(**fields):
    return JsonResponse(fields)

@login_required
@transaction.atomic
def make(request):
    """An item with tags, one of which is everybody's."""
    asked = json.loads(request.body)
    item = Item.objects.create(name=asked["name"], price=Decimal(asked["price"]), left=asked["left"], code=asked.get("code"),
                               data={"of": asked["name"], "deep": [1, None, {"a": "\\u00e4"}]}, picture=bytes(range(256)), lasts=timedelta(hours=1))
    item.tags.set([Tag.objects.get_or_create(word=w)[0] for w in asked["tags"]])
    item.like.set(Item.objects.exclude(pk=item.pk).exclude(name__startswith="item first").order_by("-made")[:2])
    return answer(key=str(item.pk))

@login_required
def sell(request):
    """An order of two items, paid; the second try of its number fails within it."""
    asked = json.loads(request.body)
    with transaction.atomic():
        # Rows that nobody else locks, one by one: no two of these transactions can be a deadlock.
        items = [Item.objects.select_for_update().get(name=f"item first.{n} changed") for n in range(2)]
        order = Order.objects.create(buyer=request.user, number=asked["number"], year=2026)
        Line.objects.bulk_create([Line(order=order, item=i, count=n + 1, price=i.price) for n, i in enumerate(items)])
        for n, item in enumerate(items):
            Item.objects.filter(pk=item.pk).update(left=F("left") - (n + 1))
        try:
            with transaction.atomic():
                Order.objects.create(buyer=request.user, number=asked["number"], year=2026)
            return answer(error="the number was given twice")
        except IntegrityError:
            pass
        total = order.lines.aggregate(sum=Sum("total"))["sum"] or 0
        Invoice.objects.update_or_create(order=order, defaults={"sum": total})
        order.is_paid, order.note = True, "paid"
        order.save(update_fields=["is_paid", "note"])
    request.session["orders"] = request.session.get("orders", 0) + 1
    cache.set("last order", asked["number"])
    if asked["drop"]:
        order.delete()          # with its lines and its invoice, one after the other
    return answer(total=str(total), orders=request.session["orders"])

def items(request):
    found = Item.objects.filter(Q(tags__word__startswith="a") | Q(data__of__isnull=False)).distinct().order_by("name")
    return answer(items=[[i.name, str(i.price), [t.word for t in i.tags.all()]] for i in found.prefetch_related("tags", "like")[:50]],
                  last=cache.get("last order"))

def report(request):
    sums = Order.objects.annotate(lines_sum=Sum("lines__total"), n=Count("lines")).exclude(lines_sum=F("invoice__sum"))
    wrong = [o.number for o in sums if o.n]
    return answer(wrong=wrong, average=str(Item.objects.aggregate(a=Avg("price"))["a"]),
                  types=list(ContentType.objects.filter(app_label="shop").values_list("model", flat=True)))

def orders(request):
    return answer(orders=dict(Order.objects.filter(is_paid=True).annotate(n=Count("lines")).values_list("number", "n")),
                  left=sum(Item.objects.values_list("left", flat=True)), sold=Line.objects.aggregate(n=Sum("count"))["n"] or 0)
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = django_site.fetch(str(tmp_path_factory.mktemp("django")))
    django_site.make_package(folder, "shop", "shop/migrations")
    django_site.write(folder, settings=django_site.settings(APPS, MORE), urls=URLS, shop__models=MODELS, shop__admin=ADMIN, shop__views=VIEWS)
    return folder


@pytest.fixture
def site_of(combo, project):
    """site_of(source, target): the kinds of the servers."""
    made = []

    def make(source, target):
        combo.kinds = {applications.HOME: source, applications.AWAY: target}
        combo.up(applications.HOME, applications.AWAY)
        site = django_site.Site(project, combo.gate_port)
        site.manage("makemigrations", "shop")
        site.manage("migrate")
        site.manage("createcachetable")
        site.manage("createsuperuser", "--noinput", "--username", django_site.ADMIN["username"], "--email", "admin@example.com")
        made.append(site.serve())
        return site

    yield make
    for site in made:
        site.stop()


PAGES = ["/items/", "/report/", "/orders/", "/admin/", "/admin/shop/item/", "/admin/shop/order/?q=order", "/admin/shop/item/?tags__id__exact=1",
         "/admin/auth/user/", "/admin/shop/order/?is_paid__exact=1&year=2026", "/admin/password_change/", "/admin/flatpages/flatpage/"]
LEFT = 100000


def read(n, browser):
    browser.get(PAGES[n % len(PAGES)])


def sell(n, browser, name):
    """The number of an order, unless it was thrown away."""
    number, drop = f"order {name}.{n}", n % 5 == 4
    said = browser.rpc("/sell/", number=number, drop=drop)
    assert said["orders"] == n + 1, said
    return None if drop else number


def stock(n, browser, name):
    """An item made by a transaction, and changed in the admin site; a user is made there and deleted."""
    item = f"item {name}.{n}"
    key = browser.rpc("/make/", name=item, price=f"{n}.{n % 100:02}", left=LEFT, tags=["all", f"tag-{name}-{n % 3}"],
                      code=f"code {n}" if n % 2 else None)["key"]
    at = f"/admin/shop/item/{key}/change/"
    browser.get(at)
    said = browser.send(at, key=key, name=f"{item} changed", code="", price="3.50", left=str(LEFT), data=json.dumps({"of": item, "n": n}), on_sale="2026-11-30",
                        opens="08:00:00", lasts="01:00:00", tags=["1"])
    assert "was changed successfully" in said, said
    browser.get("/admin/auth/user/add/")
    said = browser.send("/admin/auth/user/add/", username=f"user-{name}-{n}", usable_password="true",
                        password1="a long enough one 2!", password2="a long enough one 2!")
    assert "was added successfully" in said, said
    return f"{item} changed"


@pytest.mark.parametrize("source, target", [("mariadb", "mariadb"), ("mysql", "mysql")])
def test_django_goes_there_and_back_without_one_page_with_an_error(combo, site_of, source, target):
    site = site_of(source, target)
    installed = applications.definitions(combo, applications.HOME)
    first = django_site.Browser(site).log_in()
    for n in range(2):
        stock(n, first, "first")
    readers = [visitors.Visitor(read, django_site.Browser(site).log_in())]
    sellers = [visitors.Visitor(sell, django_site.Browser(site).log_in(), i) for i in range(3)]
    stockists = [visitors.Visitor(stock, django_site.Browser(site).log_in(), i) for i in range(1)]
    everybody = visitors.Visitors(*readers, *sellers, *stockists, more=site.errors)
    with everybody:
        waited = applications.switch_to_and_fro(combo, everybody, WORKFLOW, ("MoveTables", "customer.*", "new_customer"))
    said = first.call("/orders/")
    assert set(said["orders"]) == {number for s in sellers for number in s.done if number} and set(said["orders"].values()) == {2}
    # What was sold of orders that were thrown away is not put back.
    made = 2 + sum(len(s.done) for s in stockists)
    assert said["left"] + said["sold"] <= made * LEFT
    assert first.call("/report/")["wrong"] == []
    applications.wait_equal(combo)
    combo.client("VDiff", "--wait", WORKFLOW)
    combo.client("MoveTables", "Complete", WORKFLOW)
    assert applications.tables(combo, applications.HOME) == []
    assert applications.definitions(combo, applications.AWAY) == installed
    assert "No migrations to apply" in site.manage("migrate")
    assert "No changes detected" in site.manage("makemigrations", "shop")
    visits = len(readers[0].done), sum(len(v.done) for v in sellers), sum(5 * len(v.done) for v in stockists)
    print(f"Django: {len(installed)} tables switched three times; {visits[0]} pages read, {visits[1]} orders, {visits[2]} requests of the admin "
          f"site and for items, 0 with an error; writes waited for {waited} ms")

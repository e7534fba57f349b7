"""A migration that loses an index: the comparison says which statement now reads a whole table."""

from __future__ import annotations

import json

import pytest

from tests.support.postgres import Cluster
from tests.support.repository import commit, git
from tests.support.revisions import EXPLAINING, SHORT_COMPARISONS
from tests.support.site import CONFTEST, SETTINGS, Site

ROWS = 200_000
SECRET = "item-4711"
MODELS = """
from django.db import models

class Item(models.Model):
    name = models.CharField(max_length=50{index})
"""
FIRST = """
from django.db import migrations, models

class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("Item", [
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=50, db_index=True)),
        ]),
    ]
"""
SECOND = """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.AlterField("Item", "name", models.CharField(max_length=50))]
"""
VIEWS = f"""
from django.http import JsonResponse
from django.urls import path
from shop.models import Item

def items(request):
    return JsonResponse({{"ids": [one.pk for one in Item.objects.filter(name="{SECRET}")]}})

urlpatterns = [path("items", items)]
"""
SEED = f"""
def rows():
    from django.db import connection
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shop_item (name) SELECT 'item-' || n FROM generate_series(1, {ROWS}) n"
        )
        cursor.execute("ANALYZE shop_item")
"""
TEST = """
import pytest
from shop.seed import rows

@pytest.fixture(scope="session")
def djworkers_seed():
    return rows

@pytest.mark.max_regression("10%")
def test_items(burst):
    burst("/items")
"""


@pytest.mark.matrix
@pytest.mark.parametrize("backend", ["granian", "gunicorn-gevent"])
def test_a_lost_index_is_the_cause(site: Site, postgres: Cluster, backend: str) -> None:
    site.write("settings.py", SETTINGS + postgres.settings() + 'INSTALLED_APPS += ["shop"]\n')
    site.write("urls.py", VIEWS)
    for folder in ("shop", "shop/migrations"):
        (site.folder / folder).mkdir()
        site.write(f"{folder}/__init__.py", "")
    site.write("shop/models.py", MODELS.format(index=", db_index=True"))
    site.write("shop/seed.py", SEED)
    site.write("shop/migrations/0001_initial.py", FIRST)
    site.test(TEST)
    site.write("conftest.py", CONFTEST + SHORT_COMPARISONS)
    site.write(".gitignore", "__pycache__\n")
    git(site.folder, "init", "-q")
    commit(site.folder, "base")
    site.write("shop/models.py", MODELS.format(index=""))
    site.write("shop/migrations/0002_lose.py", SECOND)
    flags = [one for one in EXPLAINING if not one.startswith("--djworkers=")]
    result = site.pytest(
        *flags, f"--djworkers={backend}", "--djworkers-report=report.json", timeout_s=240
    )
    result.assert_outcomes(failed=1)
    read = f"now a sequential scan of shop_item ({ROWS:,} rows)"
    result.stdout.fnmatch_lines([f"*because: SELECT * at urls.py:* takes *: {read}"])
    text = (site.folder / "report.json").read_text()
    assert SECRET not in text
    (burst,) = json.loads(text)["bursts"]
    (statement,) = burst["record"]["against_base"]["explanation"]["queries"]["statements"]
    assert "Index" in statement["base_plan"][-1]["kind"]
    assert statement["head_plan"][-1]["kind"] == "Seq Scan"

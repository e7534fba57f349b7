"""Real servers tell the plans of statements that sample requests run: a lost index is seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_djworkers.backends.registry import BUILT_IN
from pytest_djworkers.entry.brief import DatabaseTarget
from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from pytest_djworkers.load.queries import QueryFigures
from pytest_djworkers.profiling.query_changes import changes_of
from pytest_djworkers.serialization import to_simple
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.sample_requests import sample_queries
from tests.support.launches import MakeServer
from tests.support.postgres import Cluster

ROWS = 200_000
SECRET = "item-4711"
REQUEST = SentRequest("/items")
VIEWS = f"""
from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import path


@transaction.atomic
def items(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM shop_item WHERE name = %s", ["{SECRET}"])
        assert len(cursor.fetchall()) == 1
        cursor.execute("SELECT price FROM shop_item WHERE name = '{SECRET}' AND id > 0")  # literal
        cursor.fetchall()
        cursor.execute("UPDATE shop_item SET price = 0 WHERE name = %s", ["{SECRET}"])
    return HttpResponse()


urlpatterns = [path("items", items)]
"""


@pytest.fixture
def shop(postgres: Cluster, folder: Path) -> Iterator[Cluster]:
    """PostgreSQL with a table that has an index, and a site that uses it."""
    (folder / "site_urls.py").write_text(VIEWS)
    entry = postgres.entry("shop")
    with (folder / "site_settings.py").open("a") as file:
        file.write(f'\nDATABASES = {{"default": {entry!r}}}\n')
    postgres.ask("CREATE DATABASE test_shop")
    for sql in (
        "CREATE TABLE shop_item (id int, name text, price int)",
        f"INSERT INTO shop_item SELECT n, 'item-' || n, n FROM generate_series(1, {ROWS}) n",
        "CREATE INDEX shop_item_name ON shop_item (name)",
        "ANALYZE shop_item",
    ):
        postgres.ask(sql, database="test_shop")
    yield postgres
    postgres.ask("DROP DATABASE test_shop WITH (FORCE)")


def figures(make_server: MakeServer, shop: Cluster, folder: Path, backend: str) -> QueryFigures:
    """Launch a server that tells plans, and return the figures of its sample requests."""
    target = DatabaseTarget("test_shop", "postgres", host="127.0.0.1", port=str(shop.port))
    server = make_server(BUILT_IN.find(backend), databases={"default": target}, counts_queries=True)
    needs = replace(BurstNeeds(8, REQUEST, samples=True), plans=True)
    server.launch(needs)
    profile = Profile("GET /items", REQUEST, Shape(timeout_s=20.0))
    (found,) = sample_queries(server, profile, needs, roots=(folder,), needed=True).values()
    server.stop()
    assert found.figures is not None, found
    return found.figures


@pytest.mark.parametrize(
    "backend",
    [
        "granian",
        pytest.param("gunicorn-gevent", marks=pytest.mark.matrix),
        pytest.param("uvicorn", marks=pytest.mark.matrix),
    ],
)
def test_a_lost_index_is_told_with_the_table_that_is_now_read(
    shop: Cluster, folder: Path, make_server: MakeServer, backend: str
) -> None:
    base = figures(make_server, shop, folder, backend)
    shop.ask("DROP INDEX shop_item_name", database="test_shop")
    head = figures(make_server, shop, folder, backend)

    plans = {one.sql: one.plan for one in base.statements}
    assert [node.index for node in plans["SELECT id FROM shop_item WHERE name = ?"]] == [
        "shop_item_name"
    ]
    assert plans["UPDATE shop_item SET price = ? WHERE name = ?"] == ()
    assert base.count == head.count
    assert {len(one.times_s) for one in head.statements} == {head.samples}
    assert SECRET not in str(to_simple((base, head)))

    found = changes_of(base, head)
    read = f"now a sequential scan of shop_item ({ROWS:,} rows)"
    told = [line for line in found.lines if line.endswith(read)]
    line = next(n for n, text in enumerate(VIEWS.splitlines(), 1) if "# literal" in text)
    assert any(f"at site_urls.py:{line} takes " in one for one in told), found.lines
    assert len(told) == 2
    # The time of the questions is in no figure.
    assert all(one.time_s < 1 for one in head.statements)
    assert changes_of(base, base).lines == ()

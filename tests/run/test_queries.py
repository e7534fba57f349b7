"""The queries of a request in a pytest run, as users see them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.postgres import Cluster
from tests.support.repository import git
from tests.support.revisions import ANY_SPEED, FLAGS
from tests.support.site import SETTINGS, URLS, Site

VIEWS = """
def one_query(request):
    return JsonResponse({"users": list(User.objects.values_list("pk", flat=True))})

def n_plus_one(request):
    names = ["parameter-9375"] * 12
    found = [User.objects.filter(username=name).exists() for name in names]  # repeated
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'literal-4711', %s", ["parameter-9375"])
    return JsonResponse({"found": found})

urlpatterns += [path("one", one_query), path("users13", VIEW)]
"""
SECRETS = ("parameter-9375", "literal-4711")


def add_views(site: Site, view: str) -> None:
    file = site.folder / "urls.py"
    text = f"from django.db import connection\n{file.read_text()}{VIEWS.replace('VIEW', view)}"
    file.write_text(text)


def place(site: Site) -> str:
    """The place of the query that is repeated."""
    lines = (site.folder / "urls.py").read_text().splitlines()
    (number,) = (number for number, line in enumerate(lines, 1) if "# repeated" in line)
    return f"urls.py:{number}"


def test_a_request_with_too_many_queries_fails_its_test_and_shows_no_value(site: Site) -> None:
    add_views(site, "n_plus_one")
    site.test("""
@pytest.mark.max_queries(3)
def test_limited(burst):
    burst("/users13")

def test_unlimited(burst):
    print(burst("/users13"))

@pytest.mark.max_queries(1, part="GET /one")
def test_mix(burst):
    result = burst(mix={"/one": 1, "/users13": 1})
    assert result.queries == result.part("GET /users13").queries
    assert result.part("GET /one").queries.count == 1
""")
    reports = ("load.json", "load.md", "load.csv")
    result = site.burst("-rP", *(f"--djworkers-report={name}" for name in reports))
    result.assert_outcomes(passed=2, failed=1)
    repeated = "SELECT ? AS a FROM auth_user WHERE auth_user.username = ? LIMIT ? at " + place(site)
    result.stdout.fnmatch_lines(
        [
            f"GET /users13: queries: 13, limit max_queries(3), 10 over: 12 times {repeated}",
            "served: * of 8 connections, *, SQL queries per request 13",
            f"    queries: 12 of 13 queries are the same: {repeated}",
        ]
    )
    assert result.stdout.str().count("are the same") == 2
    document = json.loads((site.folder / "load.json").read_text())
    assert [burst["figures"]["queries"] for burst in document["bursts"]] == [13, 13, 13]
    assert document["bursts"][0]["record"]["result"]["queries"]["statements"][0]["count"] == 12
    shown = [result.stdout.str(), result.stderr.str()]
    shown += [(site.folder / name).read_text() for name in reports]
    assert not [secret for secret in SECRETS for text in shown if secret in text]
    assert place(site) in (site.folder / "load.md").read_text()


@pytest.mark.parametrize(
    ("flags", "settings", "why"),
    [
        (["--djworkers-no-queries"], "", "--djworkers-no-queries turns the counting off"),
        ([], "DATABASES = {}\n", "the site has no databases"),
    ],
)
def test_a_limit_cannot_pass_where_nothing_is_counted(
    site: Site, flags: list[str], settings: str, why: str
) -> None:
    site.write("settings.py", SETTINGS + settings)
    site.write("conftest.py", "import pytest\n")
    site.test('@pytest.mark.max_queries(9)\ndef test(burst):\n    burst("/json")\n')
    result = site.burst(*flags)
    result.assert_outcomes(failed=1)
    said = f"GET /json: queries: not known because {why}, so max_queries(9) can't pass"
    result.stdout.fnmatch_lines([said])


POSTGRES = """
from django.db import connection, transaction
from psycopg import sql

@transaction.atomic
def composed(request):
    statement = sql.SQL("SELECT {} FROM {} WHERE username = %s")
    statement = statement.format(sql.Literal("literal-4711"), sql.Identifier("auth_user"))
    with connection.cursor() as cursor:
        for _ in range(12):
            cursor.execute(statement, ["parameter-9375"])  # repeated
    return JsonResponse({"users": User.objects.count()})

urlpatterns += [path("composed", composed)]
"""


@pytest.mark.matrix
@pytest.mark.parametrize("backend", ["gunicorn-gevent", "granian", "uvicorn"])
def test_statements_on_postgresql_are_told_without_their_values(
    site: Site, postgres: Cluster, backend: str
) -> None:
    entry = postgres.entry(OPTIONS={"pool": {"max_size": 4, "timeout": 30}})
    site.write("settings.py", SETTINGS + postgres.settings(default=entry))
    site.write("urls.py", URLS + POSTGRES)
    site.test("""
@pytest.mark.max_queries(13)
def test(burst):
    print(burst("/composed"))
""")
    result = site.burst("-rP", backends=backend)
    result.assert_outcomes(passed=1)
    repeated = "SELECT ? FROM auth_user WHERE username = ?"
    result.stdout.fnmatch_lines(
        [
            "*SQL queries per request 13*",
            f"    queries: 12 of 13 queries are the same: {repeated} at {place(site)}",
        ]
    )
    assert not [secret for secret in SECRETS if secret in result.stdout.str()]


@pytest.mark.matrix
def test_a_comparison_tells_the_queries_of_both_arms(revisions: Site) -> None:
    urls: Path = revisions.folder / "urls.py"
    add_views(revisions, "one_query")
    git(revisions.folder, "checkout", "-q", "main")
    git(revisions.folder, "commit", "-q", "-a", "-m", "one query")
    git(revisions.folder, "checkout", "-q", "-b", "more")
    urls.write_text(urls.read_text().replace('"users13", one_query', '"users13", n_plus_one'))
    revisions.test('@pytest.mark.max_queries(3)\ndef test(burst):\n    burst("/users13")\n')
    result = revisions.pytest(*FLAGS, ANY_SPEED, timeout_s=120)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            f"GET /users13: queries: 13, limit max_queries(3), 10 over: 12 times * at"
            f" {place(revisions)}",
            "    queries per request: 1 → 13",
        ]
    )

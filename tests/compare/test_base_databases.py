"""Base's own databases, for a base whose migrations differ from head's."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_djworkers.compare.arms import NotComparable
from pytest_djworkers.compare.base_databases import _import_path
from tests.support.postgres import Cluster
from tests.support.repository import commit, git, left
from tests.support.revisions import FLAGS, nothing_is_left
from tests.support.site import WITH_SESSIONS, Site

MODEL = """
from django.db import models

class Book(models.Model):
    title = models.CharField(max_length=20)
"""
FIRST = """
from django.db import migrations, models

class Migration(migrations.Migration):
    operations = [migrations.CreateModel(
        name="Book",
        fields=[
            ("id", models.BigAutoField(primary_key=True)),
            ("title", models.CharField(max_length=20)),
        ],
    )]
"""
PAGES = "    pages = models.IntegerField()\n"
SECOND = """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("app", "0001_first")]
    operations = [migrations.AddField("Book", "pages", models.IntegerField(default=0))]
"""
SEEDS = """
from django.contrib.auth.models import User

from app.models import Book

def make_books():
    # With another salt in each arm, so that neither takes a session of the other's user.
    User.objects.all().delete()
    User.objects.create_user("reader", password="x")
    Book.objects.all().delete()
    for title in ("one", "two", "three"):
        Book.objects.create(title=title{more})
"""
CONFTEST = """
@pytest.fixture
def djworkers_seed():
    from seeds import make_books
    return make_books
"""
TESTS = """
def test_books(burst):
    result = burst("/books", user="reader", contains='["one", "two", "three"], "for": "reader"')
    assert result.ok > 100
"""


@pytest.fixture
def books(revisions: Site) -> Site:
    """A repository whose branch adds a column to a table: no arm can use the other's table."""
    git(revisions.folder, "checkout", "-q", "main")
    for name in ("app/__init__.py", "app/migrations/__init__.py"):
        revisions.write(name, "")
    revisions.write("app/models.py", MODEL)
    revisions.write("app/migrations/0001_first.py", FIRST)
    revisions.write("settings.py", WITH_SESSIONS + 'INSTALLED_APPS.append("app")\n')
    with (revisions.folder / "urls.py").open("a") as urls:
        urls.write(
            "from app.models import Book\n"
            'urlpatterns.append(path("books", lambda request: JsonResponse('
            '{"books": [book.title for book in Book.objects.order_by("id")],'
            ' "for": request.user.username})))\n'
        )
    with (revisions.folder / "conftest.py").open("a") as conftest:
        conftest.write(CONFTEST)
    revisions.write("seeds.py", SEEDS.format(more=""))
    revisions.test(TESTS)
    commit(revisions.folder, "books")
    git(revisions.folder, "checkout", "-q", "-B", "feature")
    revisions.write("app/models.py", MODEL + PAGES)
    revisions.write("app/migrations/0002_pages.py", SECOND)
    revisions.write("seeds.py", SEEDS.format(more=", pages=5"))
    return revisions


@contextmanager
def on_main(site: Site) -> Iterator[None]:
    """Commit what changes inside to ``main``, and move the branch there, with its changes."""
    git(site.folder, "stash", "-q", "--include-untracked")
    git(site.folder, "checkout", "-q", "main")
    yield
    commit(site.folder, "changed")
    git(site.folder, "checkout", "-q", "-B", "feature")
    git(site.folder, "stash", "pop", "-q")


@pytest.mark.matrix
@pytest.mark.parametrize("flag", ["--migrations", "--nomigrations"])
def test_base_makes_its_own_databases(books: Site, flag: str) -> None:
    before = left(books.folder)
    result = books.pytest(*FLAGS, flag, "-v", timeout_s=120)
    # Whatever the verdict is: all responses of both arms were expected ones, from their own tables.
    assert sum(result.parseoutcomes().values()) == 1
    result.stdout.re_match_lines([r".* 0 → 0(, .*)?$"])
    result.stdout.no_fnmatch_line("*not compared*")
    nothing_is_left(books, before)
    assert not list(Path(books.folder).glob("**/*djworkers-own*"))


@pytest.mark.matrix
def test_base_makes_its_own_databases_in_postgresql(books: Site, postgres: Cluster) -> None:
    with_a_pool = postgres.settings(default=postgres.entry(OPTIONS={"pool": True}))
    with on_main(books), (books.folder / "settings.py").open("a") as settings:
        settings.write(with_a_pool)
    result = books.pytest(*FLAGS, "-v", timeout_s=120)
    assert sum(result.parseoutcomes().values()) == 1
    result.stdout.re_match_lines([r".* 0 → 0(, .*)?$"])
    result.stdout.no_fnmatch_line("*not compared*")


@pytest.mark.matrix
def test_arms_with_different_rows_are_not_compared(books: Site) -> None:
    books.write("seeds.py", SEEDS.format(more=", pages=5").replace('"three")', '"three", "four")'))
    books.test(TESTS.replace('["one", "two", "three"]', '["one", "two", "three", "four"]'))
    before = left(books.folder)
    result = books.pytest(*FLAGS, "--djworkers-strict", timeout_s=120)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "GET /books: not compared: migrations differ: app.0001_first, app.0002_pages; base's"
            " migrations and seed create 3 rows in app_book, and head's create 4"
        ]
    )
    nothing_is_left(books, before)


@pytest.mark.matrix
def test_a_seed_function_that_base_lacks_is_reported(books: Site) -> None:
    seeds = books.folder / "seeds.py"
    seeds.write_text(seeds.read_text().replace("make_books", "make_all_books"))
    conftest = books.folder / "conftest.py"
    conftest.write_text(conftest.read_text().replace("make_books", "make_all_books"))
    result = books.pytest(*FLAGS, "--djworkers-strict", timeout_s=120)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*; base has no seeds.make_all_books, which djworkers_seed returns here"]
    )


def test_a_base_that_cannot_migrate_fails_the_test_with_its_output(books: Site) -> None:
    with on_main(books):
        broken = 'migrations.RunSQL("SELECT 1 FROM nowhere"), migrations.CreateModel('
        books.write(
            "app/migrations/0001_first.py", FIRST.replace("migrations.CreateModel(", broken)
        )
    books.write("app/migrations/0001_first.py", FIRST)
    before = left(books.folder)
    result = books.pytest(*FLAGS, timeout_s=120)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["main (*): its test databases can't be made: exit status 1", "*no such table: nowhere*"]
    )
    nothing_is_left(books, before)


def of_this_module() -> None:
    """Create rows: a seed function in a module."""


def test_the_import_path_of_a_function_in_a_module() -> None:
    assert _import_path(of_this_module) == (__name__, "of_this_module")


@pytest.mark.parametrize(
    "seed", [lambda: None, functools.partial(of_this_module)], ids=["nested", "partial"]
)
def test_a_function_that_cannot_be_imported_is_not_comparable(
    seed: functools.partial[None],
) -> None:
    with pytest.raises(NotComparable, match="define it in a module, not in the fixture"):
        _import_path(seed)

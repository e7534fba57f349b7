"""A run whose databases are not all for load: what is left out, can't be reached, or is real."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.postgres import Cluster
from tests.support.site import SETTINGS, URLS, Site

SECOND = """
DATABASES["legacy"] = {
    "ENGINE": "django.db.backends.postgresql", "NAME": "legacy", "HOST": "127.0.0.1", "PORT": "1",
}
"""
TESTS = """
@pytest.mark.django_db
def test_ordinary():
    from django.contrib.auth.models import User
    assert not User.objects.exists()

def test_load(burst):
    assert burst("/users").ok > 0
"""
NAMED = (
    "database 'legacy' can't be used: it can't be reached (*). Load tests need a test database for"
    " it; or leave it out of them with --djworkers-ignore-database=legacy"
)


@pytest.mark.matrix
def test_an_unreachable_database_fails_load_tests_only_and_can_be_left_out(
    site: Site,
) -> None:
    site.write("settings.py", SETTINGS + SECOND)
    site.test(TESTS)
    result = site.burst()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(NAMED)
    site.burst("--djworkers-ignore-database=legacy", "-W", "error").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "djworkers_ignore_database =\n    legacy\n"),
        ("pyproject.toml", 'djworkers_ignore_database = ["legacy"]\n'),
    ],
)
@pytest.mark.matrix
def test_the_ini_value_leaves_a_database_out(site: Site, name: str, text: str) -> None:
    site.write("settings.py", SETTINGS + SECOND)
    site.test(TESTS)
    ini = (site.folder / "pytest.ini").read_text()
    if name == "pyproject.toml":
        (site.folder / "pytest.ini").unlink()
        ini = '[tool.pytest]\nDJANGO_SETTINGS_MODULE = "settings"\npythonpath = ["."]\n'
    site.write(name, ini + text)
    site.burst().assert_outcomes(passed=2)


def test_an_unknown_alias_is_a_usage_error(site: Site) -> None:
    site.test(TESTS)
    result = site.burst("--djworkers-ignore-database=legacy")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "*--djworkers-ignore-database=legacy: there is no such alias in DATABASES (it has: default)"
    )


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("rights", "reason"),
    [
        ("", "its user 'reader' may not create databases"),
        pytest.param(
            "CREATEDB; ALTER ROLE reader SET default_transaction_read_only = on",
            "it is read-only",
            marks=pytest.mark.matrix,
        ),
    ],
)
def test_a_read_only_database_fails_load_tests_only(
    site: Site, postgres: Cluster, rights: str, reason: str
) -> None:
    with postgres.role("reader", rights.partition(";")[0]) as reader:
        if ";" in rights:
            postgres.ask(rights.partition(";")[2])
        entry = postgres.entry("legacy", USER=reader)
        site.write("settings.py", f"{SETTINGS}\nDATABASES['legacy'] = {entry!r}\n")
        site.test(TESTS)
        result = site.burst("-W", "error")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(f"database 'legacy' can't be used: {reason}. Load tests need *")


# The whole of it, under servers: connections that are kept, ready(), classes of settings, a burst
# of writes.

APPS = """
from django.apps import AppConfig

class Shop(AppConfig):
    name = "shop"

    def ready(self):
        from django.db import connection
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
"""
CLASSES = """
from configurations import Configuration

class Dev(Configuration):
    SECRET_KEY = "of no use"
    ROOT_URLCONF = "urls"
    INSTALLED_APPS = ["shop", "django.contrib.contenttypes", "django.contrib.auth"]
    DATABASES = {"default": %r}
"""
WRITES = """
def test_writes(burst, transactional_db):
    from django.contrib.auth.models import User
    assert burst("/add", method="POST", expect=201).ok > 0
    assert User.objects.count() > 0
"""
SERVERS = (
    "gunicorn-sync",
    "gunicorn-sync:config=preload.py",
    "gunicorn-gthread",
    "gunicorn-gevent",
    "uwsgi",
    "granian",
    "waitress",
    "uvicorn",
    "gunicorn-uvicorn",
    "daphne",
    "runserver",
)
IMPORTS_THE_SITE = """
import configurations
configurations.setup()
from django.db import connection
connection.ensure_connection()
"""


def classes(site: Site, entry: dict[str, object]) -> None:
    site.write("settings.py", CLASSES % {**entry, "CONN_MAX_AGE": None})
    site.write("shop/__init__.py", "")
    site.write("shop/apps.py", APPS)
    site.write("urls.py", URLS)
    site.write("preload.py", IMPORTS_THE_SITE)
    site.write("pytest.ini", (site.folder / "pytest.ini").read_text() + "DJANGO_CONFIGURATION=Dev")
    site.test(WRITES)


def rows(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM auth_user").fetchone()
    return int(count)


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(one, marks=() if one == "gunicorn-sync" else pytest.mark.matrix)
        for one in SERVERS
    ],
)
def test_a_burst_of_writes_leaves_the_sites_own_sqlite_alone(site: Site, server: str) -> None:
    real = site.folder / "real.sqlite3"
    with closing(sqlite3.connect(real)) as connection:
        connection.execute(
            "CREATE TABLE auth_user (id INTEGER PRIMARY KEY, username, password,"
            " last_login, is_superuser, first_name, last_name, email, is_staff, is_active,"
            " date_joined)"
        )
    classes(
        site,
        {"ENGINE": "django.db.backends.sqlite3", "NAME": str(real), "OPTIONS": {"timeout": 30}},
    )
    site.burst(backends=server).assert_outcomes(passed=1)
    assert rows(real) == 0


@pytest.mark.matrix
@pytest.mark.parametrize("server", ["gunicorn-sync", "uwsgi"])
def test_a_burst_of_writes_leaves_the_sites_own_postgresql_alone(
    site: Site, postgres: Cluster, server: str
) -> None:
    postgres.ask("CREATE DATABASE site")
    table = "id serial, username text, password text, last_login text, is_superuser bool,"
    table += " first_name text, last_name text, email text, is_staff bool, is_active bool,"
    table += " date_joined timestamptz"
    postgres.ask(f"CREATE TABLE auth_user ({table})", database="site")
    classes(site, postgres.entry("site"))
    site.burst(backends=server).assert_outcomes(passed=1)
    assert postgres.ask("SELECT count(*) FROM auth_user", database="site") == [0]
    postgres.ask("DROP DATABASE site WITH (FORCE)")


DYNACONF = """
import dynaconf
settings = dynaconf.DjangoDynaconf(__name__)
"""


@pytest.mark.matrix
def test_a_site_with_dynaconf_is_served(site: Site) -> None:
    site.write("settings.py", SETTINGS + DYNACONF)
    site.write(
        "settings.toml",
        "[default.databases.default]\n"
        'ENGINE = "django.db.backends.sqlite3"\nNAME = "site.sqlite3"\n',
    )
    site.test(WRITES)
    site.burst().assert_outcomes(passed=1)
    assert not (site.folder / "site.sqlite3").exists()

"""Copies of test databases for the arms of a comparison, made of what Django made."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_djworkers.databases import copies
from pytest_djworkers.entry.brief import DatabaseTarget
from pytest_djworkers.errors import DatabaseError
from tests.support.postgres import Cluster
from tests.support.repository import commit, git
from tests.support.revisions import ANY_SPEED, FLAGS
from tests.support.site import SETTINGS, Site

INSIDE = """
import time
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.db import connections

from pytest_djworkers.databases.copies import copy_databases, drop_copies
from pytest_djworkers.errors import DatabaseError
from pytest_djworkers.databases.checks import TestDatabases

databases = TestDatabases()
close_connections = databases.close_connections

def targets():
    found = databases.targets()
    close_connections()  # PostgreSQL was asked which server it is
    return found

@pytest.mark.django_db(databases="__all__")
def test_all_databases_are_made():
    pass

@pytest.fixture
def seeded(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        User.objects.get_or_create(username="seeded")
        close_connections()
        yield
        close_connections()

@contextmanager
def inside(target, alias="default"):
    connection = connections[alias]
    before = connection.settings_dict["NAME"]
    close_connections()
    connection.settings_dict["NAME"] = target.name
    try:
        yield connection
    finally:
        close_connections()
        connection.settings_dict["NAME"] = before

def users(target, alias="default"):
    with inside(target, alias):
        return [user.username for user in User.objects.using(alias).order_by("username")]

def add(target, name):
    with inside(target):
        User.objects.create(username=name)
"""

ANY = """
def test_arms_share_nothing_and_begin_anew(seeded, tmp_path):
    began = time.monotonic()
    base = copy_databases(targets(), "base", tmp_path)
    print(f"copied in {time.monotonic() - began:.3f}s")
    head = copy_databases(targets(), "head", tmp_path)
    add(base["default"], "mine")
    assert users(base["default"]) == ["mine", "seeded"]
    assert users(head["default"]) == users(targets()["default"]) == ["seeded"]
    again = copy_databases(targets(), "base", tmp_path)
    assert again == base
    assert users(again["default"]) == ["seeded"]
    drop_copies([base])
    drop_copies([head])
    drop_copies([head])
    assert users(targets()["default"]) == ["seeded"]

def test_aliases_of_one_database_share_its_copy(seeded, tmp_path):
    copies = copy_databases(targets(), "base", tmp_path)
    assert set(copies) == set(targets())
    assert copies["default"].name == copies["replica"].name == copies["twin"].name
    assert copies["default"].name != copies["other"].name
    for alias, copy in copies.items():
        assert copy.settings() == {**targets()[alias].settings(), "NAME": copy.name}
        assert users(copy, alias) == ([] if alias == "other" else ["seeded"])
    drop_copies([copies])
    assert not list(tmp_path.iterdir())

def test_a_test_database_is_never_dropped(seeded, tmp_path):
    with pytest.raises(DatabaseError, match="is not a copy: it is not dropped"):
        drop_copies([targets()])
    assert users(targets()["default"]) == ["seeded"]
"""

SQLITE = (
    SETTINGS
    + """
DATABASES["default"]["TEST"] = {"NAME": "own.sqlite3"}
DATABASES["twin"] = DATABASES["default"]
DATABASES["replica"] = {**DATABASES["default"], "TEST": {"MIRROR": "default"}}
DATABASES["other"] = {**DATABASES["default"], "TEST": {"NAME": "other.sqlite3"}}
"""
)


def pass_inside(site: Site, settings: str, test: str) -> None:
    """Run tests inside of a site that has these databases."""
    site.write("settings.py", settings)
    site.test(INSIDE + test)
    site.pytest("-W", "error", "-rP").assert_outcomes(passed=1 + test.count("def test_"))


def test_of_sqlite(site: Site) -> None:
    inside = """
from pathlib import Path

def test_rows_in_the_write_ahead_log_are_copied(seeded, tmp_path):
    connection = connections["default"]
    connection.cursor().execute("PRAGMA journal_mode = WAL")
    connection.cursor().execute("PRAGMA wal_autocheckpoint = 0")
    User.objects.create(username="late")
    assert Path("own.sqlite3-wal").stat().st_size
    copies = copy_databases(targets(), "base", tmp_path)
    log = Path(copies["default"].name + "-wal")
    with inside(copies["default"]):
        assert User.objects.filter(username="late").exists()
        User.objects.create(username="later")
        # What a server that is killed leaves behind.
        left = log.read_bytes()
    assert left
    log.write_bytes(left)
    copies = copy_databases(targets(), "base", tmp_path)
    assert users(copies["default"]) == ["late", "seeded"]
    log.write_bytes(left)
    drop_copies([copies])
    assert not list(tmp_path.iterdir())

def test_a_missing_database_is_not_created(seeded, tmp_path):
    from pytest_djworkers.entry.brief import DatabaseTarget

    with pytest.raises(DatabaseError, match="'default' .nowhere. can't be copied: unable to open"):
        copy_databases({"default": DatabaseTarget("nowhere")}, "base", tmp_path)
"""
    pass_inside(site, SQLITE, ANY + inside)
    assert {file.name for file in site.folder.glob("*sqlite3*")} <= {"own.sqlite3", "other.sqlite3"}


def test_of_postgresql(site: Site, postgres: Cluster) -> None:
    default = postgres.entry()
    settings = postgres.settings(
        twin=default,
        replica=postgres.entry(HOST="localhost", TEST={"MIRROR": "default"}),
        other=postgres.entry("other"),
    )
    inside = """
def test_sessions_of_servers_are_ended(seeded, tmp_path):
    import psycopg
    from pytest_djworkers.databases.sessions import application_name

    def connect(name):
        target = targets()["default"]
        return psycopg.connect(
            host=target.host, port=target.port, user=target.user, dbname=name,
            application_name=application_name(),
        )

    copies = copy_databases(targets(), "base", tmp_path)
    left = [connect(targets()["default"].name), connect(copies["default"].name)]
    assert copy_databases(targets(), "base", tmp_path) == copies
    left.append(connect(copies["default"].name))
    drop_copies([copies])
    for session in left:
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
        session.close()
"""
    pass_inside(site, SETTINGS + settings, ANY + inside)


def test_a_user_who_may_not_create_databases_is_told_what_to_do(
    site: Site, postgres: Cluster
) -> None:
    inside = """
def test_it(seeded, tmp_path):
    with pytest.raises(DatabaseError) as error:
        copy_databases(targets(), "base", tmp_path)
    print(error.value)
"""
    with postgres.role("guest") as guest:
        postgres.ask("CREATE DATABASE test_site OWNER guest")
        site.write("settings.py", SETTINGS + postgres.settings(default=postgres.entry(USER=guest)))
        site.test(INSIDE + inside)
        result = site.pytest("-W", "error", "-rP", "--reuse-db")
        postgres.ask("DROP DATABASE test_site")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "database 'default' (test_site) can't be copied: permission denied to create database",
            "A comparison needs a copy for each arm: let the user guest make databases (ALTER ROLE"
            " guest CREATEDB)",
        ]
    )


@pytest.mark.matrix
def test_a_database_that_somebody_else_uses_is_named(site: Site, postgres: Cluster) -> None:
    inside = """
def test_it(seeded, tmp_path):
    import psycopg

    target = targets()["default"]
    with psycopg.connect(
        host=target.host, port=target.port, user=target.user, dbname=target.name
    ), pytest.raises(DatabaseError, match="'default' .test_site. can't be copied: .*accessed by"):
        copy_databases(targets(), "base", tmp_path)
"""
    pass_inside(site, SETTINGS + postgres.settings(), inside)


@pytest.mark.matrix
def test_a_comparison_on_postgresql_leaves_nothing(revisions: Site, postgres: Cluster) -> None:
    options = {"pool": {"min_size": 1, "max_size": 4}}
    settings = postgres.settings(default=postgres.entry(OPTIONS=options))
    revisions.write("settings.py", SETTINGS + settings)
    commit(revisions.folder, "on PostgreSQL")
    git(revisions.folder, "branch", "-f", "main")
    revisions.test("def test_users(burst):\n    assert burst('/add', expect=201).ok\n")
    result = revisions.pytest(*FLAGS, "-W", "error", ANY_SPEED, timeout_s=120)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["GET /add  (test_users)", "  granian *"])
    assert "not compared" not in result.stdout.str()


def test_databases_of_other_vendors_are_not_copied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    connection = SimpleNamespace(vendor="mysql", display_name="MySQL")
    monkeypatch.setattr(copies, "_connection", lambda alias: connection)
    with pytest.raises(DatabaseError, match="'default' is MySQL, which can't be compared: copies"):
        copies.copy_databases({"default": DatabaseTarget("test_site")}, "base", tmp_path)


@pytest.mark.parametrize(
    "database", ["test_site", "n" * 46, "n" * 63, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 31]
)
def test_the_names_of_copies_differ_within_what_postgresql_keeps(database: str) -> None:
    names = {
        copies._copy_name(one, arm)
        for one in (database, f"{database}_gw1"[-63:])
        for arm in ("base", "head")
    }
    assert len(names) == 4
    assert all(len(name.encode()) <= 63 for name in names)

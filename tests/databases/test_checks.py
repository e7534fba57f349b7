"""The test databases, as pytest-django makes them and a server in another process sees them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_djworkers.databases import sessions
from pytest_djworkers.databases.checks import TestDatabases
from tests.support.site import SETTINGS, Site

ONE_TEST = """
import json, urllib.request

def get(server, path):
    return json.load(urllib.request.urlopen(server.url + path))

def test_users(djworkers_server):
    assert get(djworkers_server, "/users") == {"users": 1}
    print("database:", get(djworkers_server, "/facts")["database"])
"""


def served(site: Site, *arguments: str, test: str = ONE_TEST) -> str:
    """The database that a server used, in a run that passed."""
    site.test(test)
    result = site.burst("-s", *arguments)
    result.assert_outcomes(passed=1)
    (line,) = (line for line in result.outlines if "database: " in line)
    return str(line).partition("database: ")[2]


@pytest.mark.parametrize(
    ("settings", "flag"),
    [
        ("", "--create-db"),
        ('DATABASES["default"].update(NAME=":memory:", TEST={"NAME": ":memory:"})', "--reuse-db"),
        pytest.param(
            'DATABASES["default"]["TEST"] = {"NAME": "file:shared?mode=memory&cache=shared"}',
            "--create-db",
            marks=pytest.mark.matrix,
        ),
    ],
    ids=["by default", "named so", "shared"],
)
def test_sqlite_in_memory_becomes_a_file(site: Site, settings: str, flag: str) -> None:
    site.write("settings.py", SETTINGS + settings)
    database = served(site, flag)
    assert database.endswith("/test-default.sqlite3")
    assert "site.sqlite3" not in {file.name for file in site.folder.iterdir()}


@pytest.mark.matrix
def test_a_name_that_the_settings_choose_is_kept(site: Site) -> None:
    site.write("settings.py", SETTINGS + 'DATABASES["default"]["TEST"] = {"NAME": "own.sqlite3"}')
    assert served(site) == str(site.folder / "own.sqlite3")


@pytest.mark.parametrize(
    "override",
    [
        "def django_db_setup(django_db_setup, django_db_blocker): pass",
        """
def django_db_setup(django_db_modify_db_settings, django_test_environment, django_db_blocker):
    from django.core.management import call_command
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)
""",
    ],
    ids=["added to", "replaced"],
)
@pytest.mark.matrix
def test_overrides_of_the_users_still_work(site: Site, override: str) -> None:
    conftest = (site.folder / "conftest.py").read_text()
    site.write(
        "conftest.py", f'{conftest}\n\n@pytest.fixture(scope="session")\n{override.strip()}\n'
    )
    assert served(site).endswith("/test-default.sqlite3")


@pytest.mark.parametrize(
    "name",
    [":memory:", pytest.param("file:own?mode=memory&cache=shared", marks=pytest.mark.matrix)],
)
def test_in_memory_sqlite_that_a_fixture_insists_on_is_refused(site: Site, name: str) -> None:
    site.write(
        "conftest.py",
        f"""
import pytest

@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker):
    from django.core.management import call_command
    from django.db import connection
    connection.settings_dict["NAME"] = {name!r}
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
""",
    )
    site.test("def test_users(burst):\n    burst('/users')")
    result = site.burst()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        "database 'default' is in-memory SQLite, which a server in another process can't see:"
        " give DATABASES*'TEST'*'NAME'* a file"
    )


@pytest.mark.matrix
def test_with_reuse_db_a_file_is_there_again(site: Site) -> None:
    site.write("settings.py", SETTINGS + 'DATABASES["default"]["TEST"] = {"NAME": "own.sqlite3"}')
    for _ in range(2):
        assert served(site, "--reuse-db") == str(site.folder / "own.sqlite3")
        assert (site.folder / "own.sqlite3").exists()


@pytest.mark.matrix
def test_all_databases_are_made_though_no_test_asks_for_them(site: Site) -> None:
    site.write(
        "settings.py",
        SETTINGS
        + """
DATABASES["other"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "other.sqlite3"}
DATABASES["replica"] = {
    "ENGINE": "django.db.backends.sqlite3", "NAME": "r.sqlite3", "TEST": {"MIRROR": "default"},
}
""",
    )
    site.write(
        "urls.py",
        (site.folder / "urls.py").read_text()
        + """
def everywhere(request):
    return JsonResponse({alias: User.objects.using(alias).count() for alias in settings.DATABASES})

urlpatterns.append(path("everywhere", everywhere))
""",
    )
    expected = {"default": 1, "other": 0, "replica": 1}
    test = ONE_TEST + f'    assert get(djworkers_server, "/everywhere") == {expected}\n'
    assert served(site, test=test)


@pytest.mark.matrix
def test_other_tests_keep_the_databases_they_asked_for(site: Site) -> None:
    site.test(
        ONE_TEST
        + """

@pytest.mark.django_db
def test_rows_of_its_own():
    from django.contrib.auth.models import User
    assert not User.objects.filter(username="mine").exists()
    User.objects.create(username="mine")


@pytest.mark.django_db
def test_rolled_back():
    test_rows_of_its_own()
"""
    )
    site.burst().assert_outcomes(passed=3)


def test_a_transaction_is_refused_with_the_way_out(site: Site) -> None:
    site.test("""
def test_fixture(burst, db):
    burst("/users")

@pytest.mark.django_db
def test_mark(burst):
    burst("/users")
""")
    result = site.burst()
    result.assert_outcomes(failed=2)
    said = "*this test holds a transaction on database 'default'*djworkers_seed*transactional_db*"
    result.stdout.fnmatch_lines([said, said])


@pytest.mark.parametrize(
    "begin",
    [
        "transaction.set_autocommit(False)",
        pytest.param("connection.cursor().execute('BEGIN')", marks=pytest.mark.matrix),
    ],
)
def test_rows_that_a_test_has_not_committed_are_refused(site: Site, begin: str) -> None:
    site.test(f"""
from django.contrib.auth.models import User
from django.db import connection, transaction

def test_block(burst, transactional_db):
    with transaction.atomic():
        burst("/users")

def test_left_open(burst, django_db_blocker):
    with django_db_blocker.unblock():
        {begin}
        User.objects.create(username="mine")
        burst("/users")
""")
    result = site.burst()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "this test holds a transaction on database 'default' *",
            "this test left a transaction open on database 'default', *: commit it *",
        ]
    )


@pytest.mark.matrix
def test_rows_that_the_seed_has_not_committed_are_refused(site: Site) -> None:
    site.write(
        "conftest.py",
        """
import pytest

def make_user():
    from django.contrib.auth.models import User
    from django.db import transaction
    transaction.set_autocommit(False)
    User.objects.create(username="seeded")

@pytest.fixture(scope="session")
def djworkers_seed():
    return make_user
""",
    )
    site.test("def test_it(burst):\n    burst('/users')")
    result = site.burst()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("djworkers_seed left a transaction open on database 'default', *")


def test_a_transactional_test_and_the_server_see_each_others_rows(site: Site) -> None:
    site.test("""
import urllib.request
from django.contrib.auth.models import User

def check(server):
    assert [user.username for user in User.objects.all()] == ["seeded"]
    urllib.request.urlopen(server.url + "/add").close()
    assert User.objects.count() == 2
    User.objects.create(username="mine")
    users = urllib.request.urlopen(server.url + "/users").read()
    assert users == b'{"users": 3}'

def test_fixture(djworkers_server, transactional_db):
    check(djworkers_server)

@pytest.mark.django_db(transaction=True)
def test_mark(djworkers_server):
    check(djworkers_server)
""")
    site.burst().assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("vendor", "in_atomic_block", "are_ended"),
    [("postgresql", False, True), ("postgresql", True, False), ("sqlite", False, False)],
)
def test_only_postgresql_keeps_sessions_of_dead_servers(
    monkeypatch: pytest.MonkeyPatch, vendor: str, in_atomic_block: bool, are_ended: bool
) -> None:
    connection = SimpleNamespace(vendor=vendor, in_atomic_block=in_atomic_block)
    ended: list[Any] = []
    monkeypatch.setattr(TestDatabases, "_connections", lambda self: [connection])
    monkeypatch.setattr(sessions, "end_sessions", ended.append)
    TestDatabases().end_sessions()
    assert ended == [connection] * are_ended

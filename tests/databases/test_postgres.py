"""Test databases in PostgreSQL: which one a server uses, and that none is left."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.postgres import Cluster
from tests.support.processes import until
from tests.support.site import GENTLE, SETTINGS, URLS, Site

VIEWS = """
from django.db import connection, connections

def everywhere(request):
    return JsonResponse({
        alias: [connections[alias].settings_dict["NAME"], User.objects.using(alias).count()]
        for alias in settings.DATABASES
    })

def sleep_there(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), pg_sleep(60) FROM auth_user")

def nap_there(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.1)")
    return JsonResponse({})

urlpatterns += [
    path("everywhere", everywhere), path("sleep_there", sleep_there), path("nap_there", nap_there)
]
"""

TESTS = """
import urllib.request

@pytest.mark.max_errors(0)
def test_everywhere(burst):
    assert burst("/users", contains='"users": 1}').ok > 0
    url = burst.server.url + "/everywhere"
    response = urllib.request.urlopen(url).read().decode()
    print(f"everywhere: {response}")
"""

ASLEEP = """
def test_asleep(burst):
    burst("/sleep_there", method="POST", timeout="100ms", duration={duration})

def test_flushed(burst, transactional_db):
    burst("/sleep_there", method="POST", timeout="100ms", duration={duration})
"""

NAPS = """
@pytest.mark.max_errors(0)
def test_naps(burst):
    assert burst("/nap_there", timeout=30).ok > 0
"""

OPTIONS = {"OPTIONS": {"application_name": "the site's own"}}

Start = Callable[..., "subprocess.Popen[str]"]


def on(site: Site, settings: str, test: str = TESTS) -> Site:
    """The site with these settings at their end, and this test."""
    site.write("settings.py", SETTINGS + settings)
    site.write("urls.py", URLS + VIEWS)
    site.test(test)
    return site


def seen(site: Site, *arguments: str, tests: int = 1) -> list[dict[str, Any]]:
    """Return what the server saw in each test of a passing run: name and users of each alias."""
    result = site.burst("-W", "error", "-rP", *arguments)
    result.assert_outcomes(passed=tests)
    return [json.loads(line.partition(": ")[2]) for line in result.outlines if "where: {" in line]


@pytest.mark.matrix
def test_each_worker_of_xdist_has_a_database_of_its_own(site: Site, postgres: Cluster) -> None:
    on(site, postgres.settings())
    found = seen(site, "-n2", "--dist=each", tests=2)
    assert sorted(one["default"] for one in found) == [["test_site_gw0", 1], ["test_site_gw1", 1]]


def test_every_alias_has_the_database_that_its_settings_ask_for(
    site: Site, postgres: Cluster
) -> None:
    postgres.ask("CREATE DATABASE forms")
    postgres.ask("CREATE TABLE from_the_template ()", database="forms")
    own = {"NAME": "chosen", "TEMPLATE": "forms", "CHARSET": "UTF8"}
    with postgres.role("another", "CREATEDB") as another:
        postgres.ask(f"ALTER DATABASE forms OWNER TO {another}")
        settings = postgres.settings(
            other=postgres.entry("other", USER=another, TEST=own, HOST=str(postgres.folder)),
            replica=postgres.entry(USER=another, TEST={"MIRROR": "default"}),
            file={"ENGINE": "django.db.backends.sqlite3", "NAME": "file.sqlite3"},
        )
        grants = """
def test_grants(django_db_setup, django_db_blocker):
    from django.db import connections
    with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
        cursor.execute("GRANT SELECT ON auth_user TO another")
    with django_db_blocker.unblock(), connections["other"].cursor() as cursor:
        cursor.execute("SELECT 'from_the_template'::regclass")
"""
        on(site, settings, grants + TESTS)
        (found,) = seen(site, tests=2)
        postgres.ask("DROP DATABASE forms")
    assert found.pop("file")[0].endswith("test-file.sqlite3")
    assert found == {
        "default": ["test_site", 1],
        "other": ["chosen", 0],
        "replica": ["test_site", 1],
    }


@pytest.mark.matrix
def test_a_reused_database_is_used_and_kept_until_it_is_created_anew(
    site: Site, postgres: Cluster
) -> None:
    on(site, postgres.settings())
    postgres.ask("CREATE DATABASE test_site")
    postgres.ask("CREATE TABLE witness ()", database="test_site")

    def has_witness() -> bool:
        return postgres.ask("SELECT to_regclass('witness')", database="test_site") == ["witness"]

    for _ in range(2):
        assert seen(site, "--reuse-db") == [{"default": ["test_site", 1]}]
        assert has_witness()
    assert seen(site, "--reuse-db", "--create-db") == [{"default": ["test_site", 1]}]
    assert not has_witness()
    # Without --reuse-db it is made anew, and dropped.
    assert seen(site, "--create-db") == [{"default": ["test_site", 1]}]


def test_a_user_who_may_not_create_databases_is_told_what_to_do(
    site: Site, postgres: Cluster
) -> None:
    with postgres.role("guest") as guest:
        on(
            site,
            postgres.settings(default=postgres.entry(USER=guest)),
            TESTS + "\n\ndef test_second(burst): pass",
        )
        result = site.burst()
        result.assert_outcomes(errors=2)
        first = "test database 'test_site' of 'default' could not be made: permission denied to *"
        second = (
            "Let the user 'guest' make databases (in PostgreSQL: ALTER ROLE guest CREATEDB), or"
            " have 'test_site' made for them (CREATE DATABASE test_site OWNER guest) and run with"
            " --reuse-db"
        )
        result.stdout.fnmatch_lines([first, second, first, second])
        result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.matrix
def test_a_user_who_may_not_create_databases_reuses_one(site: Site, postgres: Cluster) -> None:
    with postgres.role("guest") as guest:
        postgres.ask("CREATE DATABASE test_site OWNER guest")
        on(site, postgres.settings(default=postgres.entry(USER=guest)))
        assert seen(site, "--reuse-db") == [{"default": ["test_site", 1]}]
        postgres.ask("DROP DATABASE test_site")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="by default", marks=pytest.mark.matrix),
        pytest.param(OPTIONS, id="with a name of the site's", marks=pytest.mark.matrix),
    ],
)
def test_queries_of_killed_servers_are_ended(
    site: Site, postgres: Cluster, changes: dict[str, Any]
) -> None:
    settings = postgres.settings(default=postgres.entry(**changes))
    on(site, settings, ASLEEP.format(duration=0.3))
    result = site.burst("-W", "error")
    # Of the bursts themselves, which wait for nothing; what came after them did not fail.
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["POST /sleep_there: no expected response*"] * 2)


@pytest.fixture
def asleep(site: Site, postgres: Cluster) -> Iterator[Start]:
    """A function that starts pytest, and returns when long queries are running."""
    started: list[subprocess.Popen[str]] = []

    def start(*flags: str) -> subprocess.Popen[str]:
        on(site, postgres.settings(), ASLEEP.format(duration=60))
        run = site.start(*GENTLE, "--djworkers=granian", "-W", "error", *flags)
        started.append(run)
        until(lambda: run.poll() is not None or servers_in(postgres), within_s=30)
        return run

    yield start
    for run in started:
        run.kill()
        run.communicate(timeout=30)


def servers_in(cluster: Cluster) -> int:
    """Return the number of sessions of servers that sleep in the test database, in a request."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'test_site'"
        " AND starts_with(application_name, 'pytest-djworkers ')"
        " AND query LIKE '%pg\\_sleep(60)%' AND pid <> pg_backend_pid()"
    )
    (count,) = cluster.ask(query)
    return int(count)


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param((), id="in a burst"),
        pytest.param(
            ("-o", "djworkers_probe=/sleep_there"), id="in a probe", marks=pytest.mark.matrix
        ),
    ],
)
def test_ctrl_c_leaves_no_database(site: Site, asleep: Start, flags: tuple[str, ...]) -> None:
    run = asleep(*flags)
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=30)
    assert run.returncode == pytest.ExitCode.INTERRUPTED, output
    assert "KeyboardInterrupt" in output
    assert "Warning" not in output


@pytest.mark.matrix
def test_a_killed_run_is_cleaned_up_by_the_next(
    site: Site, postgres: Cluster, asleep: Start
) -> None:
    run = asleep()
    run.kill()
    run.communicate(timeout=30)
    assert servers_in(postgres)
    assert postgres.databases() == {"test_site"}
    site.test(TESTS)
    assert seen(site) == [{"default": ["test_site", 1]}]


@pytest.mark.matrix
def test_under_gevent_more_is_in_flight_than_postgresql_has_connections(
    site: Site, postgres: Cluster
) -> None:
    flags = ("-W", "error", "--djworkers-connections=40")
    with postgres.role("shop", "CREATEDB CONNECTION LIMIT 8") as shop:
        entry = postgres.entry(USER=shop, OPTIONS={"pool": {"max_size": 5, "timeout": 60}})
        on(site, postgres.settings(default=entry), NAPS)
        site.burst(*flags, backends="gunicorn-gevent").assert_outcomes(passed=1)
        # And without the pool:
        on(site, postgres.settings(default=postgres.entry(USER=shop)), NAPS)
        result = site.burst(*flags, backends="gunicorn-gevent")
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                "GET /nap_there: errors: *, limit max_errors(0), *",
                "GET /nap_there: its log says 'too many connections for role \"shop\"':"
                " PostgreSQL had no connection left. *max_size*max_connections*",
            ]
        )


@pytest.mark.matrix
def test_a_free_connection_of_postgresql_is_waited_for(site: Site, postgres: Cluster) -> None:
    """Each dead session of a server goes on until its query is done."""
    test = """
import psycopg
from django.db import connection
from pytest_djworkers.databases.sessions import application_name

@pytest.mark.max_errors("100%")  # eight connections want one each, and one is the run's own
def test_killed(burst, django_db_blocker):
    burst("/users")
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory"), parameters.pop("context")
    for _ in range(8):
        one = psycopg.connect(**parameters | {"application_name": application_name()})
        one.pgconn.send_query(b"SELECT pg_sleep(0.5)")
        one.pgconn.finish()
"""
    with postgres.role("shop", "CREATEDB CONNECTION LIMIT 8") as shop:
        on(site, postgres.settings(default=postgres.entry(USER=shop)), test)
        site.burst("-W", "error").assert_outcomes(passed=1)


@pytest.mark.matrix
def test_rows_left_uncommitted_are_refused(site: Site, postgres: Cluster) -> None:
    test = """
def test_left_open(burst, django_db_blocker):
    from django.contrib.auth.models import User
    from django.db import transaction
    with django_db_blocker.unblock():
        transaction.set_autocommit(False)
        User.objects.create(username="mine")
        burst("/users")
"""
    on(site, postgres.settings(), test)
    result = site.burst("-W", "error")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("this test left a transaction open on database 'default', *")

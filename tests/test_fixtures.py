"""The fixtures ``djworkers_server`` and ``djworkers_seed``, and the databases of load tests."""

from __future__ import annotations

import fnmatch

import pytest

from tests.support.site import Site


def test_a_test_and_its_server_use_the_same_database(site: Site) -> None:
    site.test(
        """
import json
import urllib.request

def count():
    from django.contrib.auth.models import User

    return User.objects.count()

def test_sees_the_seed(burst, djworkers_server):
    burst("/users")
    with urllib.request.urlopen(djworkers_server.url + "/users") as answer:
        assert json.load(answer) == {"users": 1}

def test_writes(burst, transactional_db):
    assert count() == 0
    result = burst("/add", method="POST", expect=201)
    assert count() >= 1 + result.ok

@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_is_flushed_after_the_server_is_gone(burst):
    assert count() == 0
    burst("/add", method="POST", expect=201)

def test_plain_db(burst, db):
    burst("/users")

def test_plain_db_with_a_server(djworkers_server, db):
    pass
"""
    )
    # In this order: the third test would not pass if the second left its rows.
    result = site.burst("-p", "no:randomly")
    result.assert_outcomes(passed=3, failed=1, errors=1)
    way_out = (
        "this test holds a transaction on database 'default' *use djworkers_seed for the rows*"
    )
    result.stdout.fnmatch_lines(["_* ERROR at setup of test_plain_db_with_a_server*", way_out])
    result.stdout.fnmatch_lines(["_* test_plain_db[[]granian[]] _*", way_out])
    result.stdout.no_fnmatch_line("*site-packages*")


def test_djworkers_server_has_backend_url_pids_and_log(site: Site) -> None:
    site.test(
        """
import json
import os
import urllib.request

def test_server(burst, djworkers_server):
    server = djworkers_server
    assert server.backend == "granian"
    assert server.url.startswith("http://127.0.0.1:")
    before = server.pids
    assert os.getpid() not in before and len(before) >= 2
    with urllib.request.urlopen(server.url + "/facts") as answer:
        assert json.load(answer)["pid"] in before
    assert server.log.is_file()
    burst("/json")
    assert server.pids and not server.pids & before, "launched anew before each burst"
"""
    )
    site.burst().assert_outcomes(passed=1)


@pytest.mark.matrix
def test_djworkers_server_is_launched_for_the_connections_of_the_marker(site: Site) -> None:
    site.test(
        """
@pytest.mark.burst(connections=5000)
def test_server(djworkers_server):
    assert djworkers_server.facts.options["backlog"] == 5000
"""
    )
    site.pytest("--djworkers=granian").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        ("return 5", "*djworkers_seed must return a function that creates the rows, *returns 5"),
        (
            "return None",
            "*must return a function that creates the rows, but it returns None; put the code that"
            " makes them into a function, and return that",
        ),
        pytest.param("return fails", "E*ZeroDivisionError*", marks=pytest.mark.matrix),
    ],
)
def test_a_seed_that_cant_be_used_fails_its_test(site: Site, seed: str, said: str) -> None:
    site.test(
        f"""
def fails():
    1 / 0

@pytest.fixture
def djworkers_seed():
    {seed}

def test_json(burst):
    burst("/json")
"""
    )
    result = site.burst()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([said])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            "",
            "the fixture djworkers_seed uses the database in its own body: *return that function*",
        ),
        (
            "db",
            "the fixture djworkers_seed takes db, whose transaction hides *return that function*",
        ),
    ],
)
def test_a_seed_that_makes_rows_itself_is_told_to_return_a_function(
    site: Site, arguments: str, said: str
) -> None:
    site.write(
        "conftest.py",
        f"""
import pytest

@pytest.fixture{"" if arguments else '(scope="session")'}
def djworkers_seed({arguments}):
    from django.contrib.auth.models import User

    User.objects.create(username="x")
""",
    )
    site.test("def test_json(burst): burst('/json')\ndef test_users(burst): burst('/users')")
    result = site.burst()
    result.assert_outcomes(errors=2)
    result.stdout.re_match_lines([fnmatch.translate(said)] * 2)
    result.stdout.no_fnmatch_line("*site-packages*")


def test_a_seed_can_extend_the_one_that_it_overrides(site: Site) -> None:
    site.write("conftest.py", "")
    site.test(
        """
@pytest.fixture(scope="session")
def djworkers_seed(djworkers_seed):
    def make_rows():
        from django.contrib.auth.models import User

        djworkers_seed()
        User.objects.get_or_create(username="x")

    return make_rows

def test_users(burst):
    burst("/users", contains='{"users": 1}')
"""
    )
    site.burst().assert_outcomes(passed=1)

"""What a server's log says, in the words of what wrote it, is explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.server.causes import CAUSES, causes_in
from tests.conftest import URLS, Site

SAID = {
    "sorry, too many clients already": 'connection to server at "127.0.0.1", port 5432 failed:'
    " FATAL:  sorry, too many clients already\n",
    # PostgreSQL 15, 16 and 17.
    "remaining connection slots are reserved": "FATAL:  remaining connection slots are reserved"
    " for non-replication superuser connections\nFATAL:  remaining connection slots are reserved"
    " for roles with the SUPERUSER attribute\n",
    'too many connections for role "shop"': 'FATAL:  too many connections for role "shop"\n',
    'too many connections for database "a b"': 'FATAL:  too many connections for database "a b"\n',
    "couldn't get a connection after 30.00 sec": "psycopg_pool.PoolTimeout: couldn't get a"
    " connection after 30.00 sec\n",
    "database is locked": "django.db.utils.OperationalError: database is locked\n",
    "no such table: auth_user": "django.db.utils.OperationalError: no such table: auth_user\n",
    'relation "auth_user" does not exist': 'ProgrammingError: relation "auth_user" does not exist\n'
    "LINE 1: SELECT COUNT(*) ...\n",
}


@pytest.mark.parametrize("quoted", SAID)
def test_a_known_cause_is_quoted_and_explained(log: Path, quoted: str) -> None:
    log.write_text(f"Traceback (most recent call last):\n{SAID[quoted]}\n")
    (told,) = causes_in(log)
    assert told.startswith(f"its log says {quoted!r}: ")
    assert "\n" not in told


def test_each_cause_is_told_once_and_in_one_order(log: Path) -> None:
    log.write_text("".join(SAID.values()) * 3)
    told = causes_in(log)
    assert [line.partition("': ")[2] or line.partition('": ')[2] for line in told]
    assert len(told) == len(CAUSES)


@pytest.mark.parametrize("text", [None, "", "ZeroDivisionError\n", "many clients\n"])
def test_of_anything_else_nothing_is_said(log: Path, text: str | None) -> None:
    if text is not None:
        log.write_text(text)
    assert causes_in(log) == []


VIEW = """
def sometimes(request):
    if not os.path.exists("probed"):
        open("probed", "w").close()
    else:
        connection.cursor().execute("SELECT * FROM lost")
    return JsonResponse({})

from django.db import connection
urlpatterns.append(path("sometimes", sometimes))
"""


def test_it_is_told_with_the_limit_that_was_missed_and_with_a_failed_probe(site: Site) -> None:
    site.write("urls.py", URLS + VIEW)
    site.test("""
@pytest.mark.max_errors(0)
def test_limit(burst):
    burst("/sometimes")

def test_probe(burst):
    burst("/sometimes")

def test_own(burst):
    import os
    os.remove("probed")
    assert burst("/sometimes").ok
""")
    result = site.burst()
    result.assert_outcomes(failed=3)
    cause = "*its log says 'no such table: lost': the server's test database lacks *--create-db*"
    result.stdout.fnmatch_lines(
        [
            "GET /sometimes: errors: *",
            f"GET /sometimes: {cause}",
            "granian: GET /sometimes answers 500 Internal Server Error *",
            cause,
            "The end of its log:",
            "*djworkers limits*",
            f"GET /sometimes: {cause}",
        ]
    )

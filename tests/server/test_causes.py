"""Known causes of errors are found in logs, in the words of what wrote them."""

from __future__ import annotations

import pytest

from pytest_djworkers.server.causes import CAUSES, causes_in
from tests.support.site import URLS, Site

KEY = "55c94d2e23162db704ce0b262bd9cb8099d7dafd035dcf1f8f490305e071a932"
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
    "refusing to use database 'default': /srv/db is not a test database": "pytest_djworkers.entry"
    ".places.RefusedDatabaseError: refusing to use database 'default': /srv/db is not a test"
    " database\n",
    "refusing to use database 'old': it is left out of load tests"
    " (--djworkers-ignore-database=old": ""
    "RefusedDatabaseError: refusing to use database 'old': it is left out of load tests"
    " (--djworkers-ignore-database=old)\n",
    "refusing to use /srv/db (sqlite3): it is the site's own database": "RefusedDatabaseError:"
    " refusing to use /srv/db (sqlite3): it is the site's own database\n",
    "database is locked": "django.db.utils.OperationalError: database is locked\n",
    "no such table: auth_user": "django.db.utils.OperationalError: no such table: auth_user\n",
    'relation "auth_user" does not exist': 'ProgrammingError: relation "auth_user" does not exist\n'
    "LINE 1: SELECT COUNT(*) ...\n",
    # Django 5.2, and whitenoise with it.
    "Missing staticfiles manifest entry for 'a.css'": "ValueError: Missing staticfiles manifest"
    " entry for 'a.css'\n",
    # django-compressor 4.6.
    f'OfflineGenerationError: You have offline compression enabled but key "{KEY}" is missing from'
    " offline manifest": "compressor.exceptions.OfflineGenerationError: You have offline"
    f' compression enabled but key "{KEY}" is missing from offline manifest. You may need to run'
    ' "python manage.py compress". Here is the original content:\n\n<link>\n',
    # django-webpack-loader 3.2.
    "Error reading nowhere/webpack-stats.json. Are you sure webpack has generated the file": ""
    "OSError: Error reading nowhere/webpack-stats.json. Are you sure webpack has generated the file"
    " and the path is correct?\n",
    "WebpackBundleLookupError: Cannot resolve bundle main.": "webpack_loader.exceptions."
    "WebpackBundleLookupError: Cannot resolve bundle main.\n",
    "WebpackError": "webpack_loader.exceptions.WebpackError: \n",
    # django-vite 3.2.
    "DjangoViteAssetNotFoundError: Cannot find src/main.js for app=default in Vite manifest at"
    " static_root/manifest.json": "django_vite.core.exceptions.DjangoViteAssetNotFoundError: Cannot"
    " find src/main.js for app=default in Vite manifest at static_root/manifest.json\n",
    "No module named 'nope'": "ModuleNotFoundError: No module named 'nope'\n",
    # django-environ 0.14, python-decouple 3.8, django-configurations 2.5, and none of them.
    "Set the DATABASE_URL environment variable": "django.core.exceptions.ImproperlyConfigured: Set"
    " the DATABASE_URL environment variable\n",
    "UndefinedValueError: SECRET_KEY not found": "decouple.UndefinedValueError: SECRET_KEY not"
    " found. Declare it as envvar or define a default value.\n",
    "required to be set as the environment variable 'DJANGO_API_KEY'": "ValueError: Value 'API_KEY'"
    " is required to be set as the environment variable 'DJANGO_API_KEY'\n",
    "KeyError: 'SECRET_KEY'": '  File "<frozen os>", line 679, in __getitem__\n'
    "KeyError: 'SECRET_KEY'\n",
    "The SECRET_KEY setting must not be empty": "django.core.exceptions.ImproperlyConfigured: The"
    " SECRET_KEY setting must not be empty.\n",
    "AppRegistryNotReady: Apps aren't loaded yet": "django.core.exceptions.AppRegistryNotReady:"
    " Apps aren't loaded yet.\n",
    "AppRegistryNotReady: Models aren't loaded yet": "django.core.exceptions.AppRegistryNotReady:"
    " Models aren't loaded yet.\n",
}


@pytest.mark.parametrize("quoted", SAID)
def test_a_known_cause_is_quoted_and_explained(quoted: str) -> None:
    (told,) = causes_in(f"Traceback (most recent call last):\n{SAID[quoted]}\n")
    assert told.startswith(f"its log says {quoted!r}: ")
    assert "\n" not in told


def test_each_known_cause_is_explained_once_in_a_fixed_order() -> None:
    told = causes_in("".join(SAID.values()) * 3)
    assert [line.partition("': ")[2] or line.partition('": ')[2] for line in told]
    assert len(told) == len(CAUSES)


@pytest.mark.parametrize("text", ["", "ZeroDivisionError\n", "many clients\n", "KeyError: 'A'\n"])
def test_an_unknown_error_is_not_explained(text: str) -> None:
    assert causes_in(text) == []


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


@pytest.mark.matrix
def test_a_known_cause_is_explained_with_a_missed_limit_and_with_a_failed_probe(site: Site) -> None:
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
            "granian: GET /sometimes returned 500 Internal Server Error, expected 2xx: *",
            cause,
            "The end of its log:",
            "*djworkers limits*",
            f"GET /sometimes: {cause}",
        ]
    )

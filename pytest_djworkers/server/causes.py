"""Known causes of errors in a log: what each means, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """A known cause of an error."""

    pattern: re.Pattern[str]
    """The pattern of what the log says. Its group ``quoted`` is shown if it has one, else the whole
    match."""
    means: str
    """The meaning, and what to do about it, for people."""


CAUSES = (
    Cause(
        re.compile(
            r"sorry, too many clients already"
            r"|remaining connection slots are reserved"
            r'|too many connections for (?:role|database) "[^"\n]*"'
        ),
        "PostgreSQL had no connection left. Each request in flight that queries has one of its"
        ' own, unless DATABASES has a pool: "OPTIONS": {"pool": {"max_size": N}}, where N times'
        " the workers is less than max_connections (with psycopg 3; see the documentation of"
        " databases for others)",
    ),
    Cause(
        re.compile(r"couldn't get a connection after [\d.]+ sec"),
        "all connections of psycopg's pool were in use for so long. A request has its connection"
        " until it ends: raise the pool's max_size or its timeout, or call connection.close() in"
        " the view before it waits for something else",
    ),
    Cause(
        re.compile(
            r"refusing to use (?:database [^\n]*(?:is not a test database|ignore-database=[^\s)]+)"
            r"|[^\n]*it is the site's own database)"
        ),
        "the site wanted a connection to something that is no test database, and did not get it."
        " The traceback names the line: let it use the connections of django.db, or the settings"
        " that are Django's, or have settings for load tests that lead elsewhere"
        " (--djworkers-settings)",
    ),
    Cause(
        re.compile(r"database is locked"),
        "in SQLite one connection writes at a time, and others waited for longer than its timeout"
        " (OPTIONS, 5 s by default). With OPTIONS transaction_mode IMMEDIATE transactions that"
        " begin by reading wait as well, instead of failing at once. For the figures of a site"
        " that writes, use the database that you deploy it on",
    ),
    Cause(
        re.compile(r'no such table: \S+|relation "[^"\n]*" does not exist'),
        "the server's test database lacks that table. A database that --reuse-db kept from before"
        " a change is made anew by --create-db; and a model needs its migration",
    ),
    Cause(
        re.compile(r"Missing staticfiles manifest entry for '[^'\n]*'"),
        "the static files are not collected, so their manifest does not have that one. Run"
        " 'manage.py collectstatic' before the tests, or give load tests a plain storage, in a"
        " settings module of their own (--djworkers-settings): STORAGES = {**STORAGES,"
        ' "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}',
    ),
    Cause(
        re.compile(r'OfflineGenerationError: .*?key "\w+" is missing from offline manifest'),
        "django-compressor has not compressed that block. Run 'manage.py compress' before the"
        " tests (after collectstatic), or set COMPRESS_OFFLINE = False for load tests, in a"
        " settings module of their own (--djworkers-settings)",
    ),
    Cause(
        re.compile(
            r"Error reading \S+\. Are you sure webpack has generated the file"
            r"|WebpackBundleLookupError: Cannot resolve bundle [^\n]*"
            r"|WebpackLoaderBadStatsError|WebpackError"
        ),
        "the site's assets are not built, or not as a whole. Run webpack before the tests, as a"
        " deployment does: its BundleTracker writes what STATS_FILE of WEBPACK_LOADER names",
    ),
    Cause(
        re.compile(r"DjangoViteAssetNotFoundError: [^\n]*|DjangoViteManifestError: [^\n]*"),
        "the site's assets are not built, or are not where manifest_path of DJANGO_VITE says. Run"
        " 'vite build' before the tests, as a deployment does",
    ),
    Cause(
        re.compile(r"No module named '[^'\n]+'"),
        "the server has the interpreter and the import path of pytest. Install the package there;"
        " a module of the site is found from the folder of manage.py (the ini value pythonpath)",
    ),
    Cause(
        re.compile(
            r"Set the \w+ environment variable"
            r"|UndefinedValueError: \w+ not found"
            r"|required to be set as the environment variable '\w+'"
            r'|File "<frozen os>", line \d+, in __getitem__\n(?: {4}.*\n)*'
            r"(?P<quoted>KeyError: '\w+')"
        ),
        "the server has the environment that pytest was started in: set that variable there, or"
        " give load tests a settings module that needs none (--djworkers-settings)",
    ),
    Cause(
        re.compile(r"The SECRET_KEY setting must not be empty"),
        "set SECRET_KEY, to anything, in the settings that pytest uses, or in a settings module"
        " of load tests (--djworkers-settings)",
    ),
    Cause(
        re.compile(r"AppRegistryNotReady: (?:Apps|Models) aren't loaded yet"),
        "a module that needs the models is imported while the settings or the apps still are:"
        " import it later, in AppConfig.ready() or in the function that uses it",
    ),
)


def causes_in(text: str) -> list[str]:
    """Return a line for each known cause of the errors in a log's text."""
    found = ((cause.pattern.search(text), cause.means) for cause in CAUSES)
    return [f"its log says {_quoted(match)!r}: {means}" for match, means in found if match]


def _quoted(match: re.Match[str]) -> str:
    return match.groupdict().get("quoted") or match.group()

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


# The wording of each pattern is that of the program that writes the message. Where it has changed
# between versions, the pattern has all of them.
CAUSES = (
    Cause(
        re.compile(
            r"sorry, too many clients already"
            r"|remaining connection slots are reserved"
            r'|too many connections for (?:role|database) "[^"\n]*"'
        ),
        "PostgreSQL had no connection left. Every request in flight that uses the database needs"
        ' one, unless DATABASES has a pool: "OPTIONS": {"pool": {"max_size": N}}, where N times'
        " the number of workers is less than max_connections (with psycopg 3; for others see the"
        " documentation of databases)",
    ),
    Cause(
        re.compile(r"couldn't get a connection after [\d.]+ sec"),
        "all connections of psycopg's pool were in use for that long. A request keeps its"
        " connection until it ends: raise the pool's max_size or its timeout, or call"
        " connection.close() in the view before it waits for something else",
    ),
    Cause(
        re.compile(
            r"refusing to use (?:database [^\n]*(?:is not a test database|ignore-database=[^\s)]+)"
            r"|[^\n]*it is the site's own database)"
        ),
        "the site tried to connect to a database that isn't a test database, and was refused. The"
        " traceback names the line: let it use the connections of django.db or the settings of"
        " django.conf, or name another database in settings for load tests (--djworkers-settings)",
    ),
    Cause(
        re.compile(r"database is locked"),
        "in SQLite one connection writes at a time, and another one waited longer than its timeout"
        " (in OPTIONS; the default is 5 s). With transaction_mode IMMEDIATE in OPTIONS,"
        " transactions that begin with a read wait as well, instead of failing at once. To measure"
        " a site that writes, use the database that you deploy it on",
    ),
    Cause(
        re.compile(r'no such table: \S+|relation "[^"\n]*" does not exist'),
        "the server's test database lacks that table. If --reuse-db kept the database from before"
        " a change of a model, make it anew with --create-db; and check that the model has a"
        " migration",
    ),
    Cause(
        re.compile(r"Missing staticfiles manifest entry for '[^'\n]*'"),
        "the static files are not collected, so this one is not in their manifest. Run 'manage.py"
        " collectstatic' before the tests, or use a storage without a manifest in settings for"
        " load tests (--djworkers-settings): STORAGES = {**STORAGES,"
        ' "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}',
    ),
    Cause(
        re.compile(r'OfflineGenerationError: .*?key "\w+" is missing from offline manifest'),
        "django-compressor has not compressed that block. Run 'manage.py compress' before the"
        " tests (after collectstatic), or set COMPRESS_OFFLINE = False in settings for load tests"
        " (--djworkers-settings)",
    ),
    Cause(
        re.compile(
            r"Error reading \S+\. Are you sure webpack has generated the file"
            r"|WebpackBundleLookupError: Cannot resolve bundle [^\n]*"
            r"|WebpackLoaderBadStatsError|WebpackError"
        ),
        "the site's assets are not built, or not completely. Run webpack before the tests, as for a"
        " deployment: its BundleTracker writes the STATS_FILE of WEBPACK_LOADER",
    ),
    Cause(
        re.compile(r"DjangoViteAssetNotFoundError: [^\n]*|DjangoViteManifestError: [^\n]*"),
        "the site's assets are not built, or are not where manifest_path of DJANGO_VITE says. Run"
        " 'vite build' before the tests, as for a deployment",
    ),
    Cause(
        re.compile(r"No module named '[^'\n]+'"),
        "the server has the interpreter and the import path of pytest. Install the package for"
        " that interpreter; for a module of the site, add its folder to the ini value pythonpath",
    ),
    Cause(
        re.compile(
            # django-environ, python-decouple, django-configurations, and os.environ[...]
            r"Set the \w+ environment variable"
            r"|UndefinedValueError: \w+ not found"
            r"|required to be set as the environment variable '\w+'"
            r'|File "<frozen os>", line \d+, in __getitem__\n(?: {4}.*\n)*'
            r"(?P<quoted>KeyError: '\w+')"
        ),
        "the server has the environment variables of pytest: set this one before you start pytest,"
        " or use settings for load tests that don't need it (--djworkers-settings)",
    ),
    Cause(
        re.compile(r"The SECRET_KEY setting must not be empty"),
        "set SECRET_KEY to any value in the settings that pytest uses, or in settings for load"
        " tests (--djworkers-settings)",
    ),
    Cause(
        re.compile(r"AppRegistryNotReady: (?:Apps|Models) aren't loaded yet"),
        "a module that needs the models is imported before the apps are loaded: import it later,"
        " in AppConfig.ready() or in the function that uses it",
    ),
)


def causes_in(text: str) -> list[str]:
    """Return a line for each known cause of the errors in a log's text."""
    found = ((cause.pattern.search(text), cause.means) for cause in CAUSES)
    return [f"its log says {_quoted(match)!r}: {means}" for match, means in found if match]


def _quoted(match: re.Match[str]) -> str:
    return match.groupdict().get("quoted") or match.group()

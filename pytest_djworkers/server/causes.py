"""Known causes of errors, told from a server's log: what each is, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.server.log import content


@dataclass(frozen=True, slots=True)
class Cause:
    """What a log says, as a pattern, and what that means."""

    said: re.Pattern[str]
    means: str


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
)


def causes_in(log: Path) -> list[str]:
    """What is known of the errors in a log, a line for each cause."""
    text = content(log).decode(errors="replace")
    found = ((cause.said.search(text), cause.means) for cause in CAUSES)
    return [f"its log says {said.group()!r}: {means}" for said, means in found if said]

"""The SQL queries of one request, as counted before a burst."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_djworkers.load.query_plan import Plan

REPEATED_FROM = 10
"""The number of times that one line must run one statement to be called a repetition (N+1)."""

_LONGEST = 160
"""The number of characters of a statement in a line of text."""
_LONGEST_COLUMNS = 40
_QUOTES = re.compile(r'["`](\w+)["`]')
_PARTS = re.compile(r"[()]|(?<= )FROM ")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that one line of code ran, with its literals taken out."""

    sql: str
    count: int
    """The number of times that the request ran it."""
    time_s: float
    """The time of all of these together, in seconds."""
    place: str
    """The file and the line that ran it, such as ``shop/views.py:31``; empty if not known."""
    alias: str = "default"
    many: bool = False
    """True for ``executemany``, which counts as one query."""
    times_s: tuple[float, ...] = ()
    """The same time in each request that counts, in seconds; 0 in those that didn't run it. If
    there were several launches, the least of each launch's."""
    plan: Plan = ()
    """The database's plan for it; empty if it wasn't asked for, as in all bursts."""

    @property
    def short(self) -> str:
        """The statement for a line of text: ``SELECT … FROM auth_user WHERE auth_user.id = ?``."""
        text = _without_columns(_QUOTES.sub(r"\1", self.sql))
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

    @property
    def at(self) -> str:
        """The statement, and the place that ran it if that is known."""
        place = f" at {self.place}" if self.place else ""
        of = "" if self.alias == "default" else f" in {self.alias}"
        return f"{self.short}{of}{place}"


@dataclass(frozen=True, slots=True)
class QueryFigures:
    """The queries of one request. Of several sample requests, the one with the most counts."""

    count: int
    time_s: float
    """The mean time of a request's queries, over all samples, in seconds."""
    duplicates: int
    """The number of queries that repeat a statement, beyond the first of each."""
    by_alias: Mapping[str, int]
    statements: tuple[Statement, ...]
    """The statements, the most frequent first; rare ones are left out if there are too many."""
    samples: int
    """The number of requests that this is known from."""
    launches: int = 1
    """The number of launches that these were sent to."""

    @property
    def most_repeated(self) -> Statement | None:
        """The statement that one line ran most often; None if none was run twice."""
        first = next(iter(self.statements), None)
        return None if first is None or first.count < 2 else first

    @property
    def repetition(self) -> Statement | None:
        """The statement that one line repeats as in an N+1; None if there is none."""
        most = self.most_repeated
        return None if most is None or most.count < REPEATED_FROM else most

    @property
    def repetition_in_words(self) -> str:
        """The repetition, for people; empty if there is none."""
        most = self.repetition
        if most is None:
            return ""
        return f"{most.count:,} of {self.count:,} queries are the same: {most.at}"


def _without_columns(sql: str) -> str:
    """Return a statement without the columns that it selects, if those are many."""
    if not sql.startswith("SELECT "):
        return sql
    depth = 0
    for part in _PARTS.finditer(sql):
        depth += {"(": 1, ")": -1}.get(part[0], 0)
        if part[0] == "FROM " and not depth:
            is_long = part.start() > _LONGEST_COLUMNS
            return f"SELECT … {sql[part.start() :]}" if is_long else sql
    return sql

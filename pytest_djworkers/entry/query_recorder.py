"""Records the SQL queries of one request, whatever thread or connection they run on."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from pytest_djworkers.entry.query_place import PlaceFinder
from pytest_djworkers.entry.sampling import Sample, SampledQuery
from pytest_djworkers.system.clock import CLOCK

_LONGEST_SQL = 20_000
"""The number of characters that are kept of a statement."""
_MOST_STATEMENTS = 2000
"""The number of different statements that are kept of a request; further ones are only counted."""
_MORE = "(more statements)"

_Key = tuple[str, str, str, bool, str]


class QueryRecorder:
    """Records queries from when it is made until ``finish``.

    Other requests, and other threads of the site, must not run queries meanwhile: theirs would be
    counted, too.
    """

    def __init__(self, find_place: PlaceFinder) -> None:
        self._find_place = find_place
        self._began_s = CLOCK.monotonic()
        self._found: dict[_Key, tuple[int, float]] = {}

    def run(self, execute: Callable[[], Any], database: Any, sql: Any, many: bool) -> Any:
        """Call ``execute``, which runs a statement, and record it. Raises what that raises."""
        began_s = CLOCK.monotonic()
        try:
            return execute()
        finally:
            self._add(database, _text(sql, database), many, CLOCK.monotonic() - began_s)

    def finish(self) -> Sample:
        """Return what has been recorded."""
        queries = (SampledQuery(*key, *figures) for key, figures in self._found.copy().items())
        return Sample(os.getpid(), CLOCK.monotonic() - self._began_s, tuple(queries))

    def _add(self, database: Any, sql: str, many: bool, took_s: float) -> None:
        alias, vendor = str(database.alias), str(database.vendor)
        # SQLite's transactions begin by a statement of Django's own, and others' by the driver:
        # without it, both count the same.
        if sql == "BEGIN":
            return
        key: _Key = alias, vendor, sql[:_LONGEST_SQL], many, self._find_place()
        if len(self._found) >= _MOST_STATEMENTS and key not in self._found:
            key = alias, vendor, _MORE, many, ""
        count, time_s = self._found.get(key, (0, 0.0))
        self._found[key] = count + 1, time_s + took_s


def _text(sql: Any, database: Any) -> str:
    """Return a statement as text."""
    if isinstance(sql, str):
        return sql
    if isinstance(sql, bytes):
        return sql.decode(errors="replace")
    try:
        # A statement that was composed by psycopg.
        return str(sql.as_string(database.connection))
    except Exception:  # noqa: BLE001  # whatever it is, the request must not fail by it
        return f"({type(sql).__name__})"

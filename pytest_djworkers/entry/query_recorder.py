"""Records the SQL queries of one request, whatever thread or connection they run on."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from pytest_djworkers.entry.query_place import PlaceFinder
from pytest_djworkers.entry.query_plans import PlanReader
from pytest_djworkers.entry.sampling import Sample, SampledQuery
from pytest_djworkers.load.query_plan import Plan
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
    counted, too. With ``read_plan``, the database is asked for plans; that counts nowhere.
    """

    def __init__(self, find_place: PlaceFinder, read_plan: PlanReader | None = None) -> None:
        self._find_place = find_place
        self._read_plan = read_plan
        self._began_s = CLOCK.monotonic()
        self._planning_s = 0.0
        self._found: dict[_Key, tuple[int, float]] = {}
        self._plans: dict[_Key, Plan] = {}

    def run(
        self, execute: Callable[[], Any], database: Any, sql: Any, params: Any, many: bool
    ) -> Any:
        """Call ``execute``, which runs a statement, and record it. Raises what that raises."""
        began_s = CLOCK.monotonic()
        try:
            result = execute()
        finally:
            took_s = CLOCK.monotonic() - began_s
            key = self._add(database, _text(sql, database), many, took_s)
        if key is not None and self._read_plan is not None and not many:
            self._plan(key, self._read_plan, database, _text(sql, database), params)
        return result

    def finish(self) -> Sample:
        """Return what has been recorded."""
        took_s = CLOCK.monotonic() - self._began_s - self._planning_s
        queries = (
            SampledQuery(*key, *figures, plan=self._plans.get(key, ()))
            for key, figures in self._found.copy().items()
        )
        return Sample(os.getpid(), took_s, tuple(queries))

    def _add(self, database: Any, sql: str, many: bool, took_s: float) -> _Key | None:
        """Record a statement. Return the key that it is recorded under; None if it isn't."""
        alias, vendor = str(database.alias), str(database.vendor)
        # SQLite's transactions begin by a statement of Django's own, and others' by the driver:
        # without it, both count the same.
        if sql == "BEGIN":
            return None
        key: _Key = alias, vendor, sql[:_LONGEST_SQL], many, self._find_place()
        if len(self._found) >= _MOST_STATEMENTS and key not in self._found:
            key = alias, vendor, _MORE, many, ""
        count, time_s = self._found.get(key, (0, 0.0))
        self._found[key] = count + 1, time_s + took_s
        return key

    def _plan(self, key: _Key, read: PlanReader, database: Any, sql: str, params: Any) -> None:
        """Ask for the plan of the statement that has just run."""
        began_s = CLOCK.monotonic()
        *_, place = key
        if plan := read(database, sql, params, place):
            self._plans[key] = plan
        self._planning_s += CLOCK.monotonic() - began_s


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

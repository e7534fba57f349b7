"""Counts the SQL queries of sample requests in a server's process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import CodeType, ModuleType
from typing import Any

from pytest_djworkers.entry.brief import this_brief
from pytest_djworkers.entry.marked_requests import MarkedRequests
from pytest_djworkers.entry.query_place import PlaceFinder
from pytest_djworkers.entry.query_plans import PlanReader
from pytest_djworkers.entry.query_recorder import QueryRecorder


def hook_handlers(base: ModuleType) -> None:
    """Count in the handlers that are made from now on, if the brief asks for it."""
    sampling = this_brief().sampling
    if sampling is not None:
        read_plan = PlanReader() if sampling.plans else None
        MarkedRequests(sampling, base.BaseHandler, lambda end: _Queries(end, read_plan)).install()


class _Queries:
    """The queries of one request. Recorded until ``leave``, those of all cursors are counted, of
    every alias, thread and greenlet."""

    def __init__(self, end: CodeType, read_plan: PlanReader | None) -> None:
        # Connections are each thread's own, so execute_wrapper() would miss those that a view's
        # threads open. This is the method that calls the wrappers.
        from django.db.backends.utils import CursorWrapper

        cursor_class: Any = CursorWrapper
        self._cursor_class = cursor_class
        self._run: Callable[..., Any] = cursor_class._execute_with_wrappers  # noqa: SLF001  # as above
        self._recorder = QueryRecorder(PlaceFinder(end), read_plan)

    def begin(self) -> None:
        """Put a method that records in the place of the cursors' own."""
        recorder, run = self._recorder, self._run

        def execute_with_wrappers(
            cursor: Any, sql: Any, params: Any, many: bool, executor: Any
        ) -> Any:
            return recorder.run(
                lambda: run(cursor, sql, params, many, executor), cursor.db, sql, params, many
            )

        self._cursor_class._execute_with_wrappers = (  # noqa: SLF001  # as above
            execute_with_wrappers
        )

    def leave(self) -> None:
        """Put the cursors' own method back."""
        self._cursor_class._execute_with_wrappers = self._run  # noqa: SLF001  # as above

    def finish(self) -> Mapping[str, Any]:
        """Return the sample of the request."""
        return asdict(self._recorder.finish())

"""Counts the SQL queries of sample requests in a server's process.

A hook puts a counting chain in front of each handler's middleware. It counts for requests that have
the launch's private header. The first request after the last sample removes all of it, so that
nothing is left of it in the window of a burst.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from types import ModuleType
from typing import Any

from pytest_djworkers.entry.brief import this_brief
from pytest_djworkers.entry.query_place import PlaceFinder
from pytest_djworkers.entry.query_plans import PlanReader
from pytest_djworkers.entry.query_recorder import QueryRecorder
from pytest_djworkers.entry.sampling import HEADER, META_KEY, Sampling


def hook_handlers(base: ModuleType) -> None:
    """Count in the handlers that are made from now on, if the brief asks for it."""
    sampling = this_brief().sampling
    if sampling is not None:
        _QuerySamples(sampling, base.BaseHandler).install()


class _QuerySamples:
    """The counting in one process: what it has put in the place of Django's own parts."""

    def __init__(self, sampling: Sampling, handler_class: Any) -> None:
        self._sampling = sampling
        self._handler_class = handler_class
        self._load_middleware: Callable[..., None] = handler_class.load_middleware
        self._chains: list[tuple[Any, Any, Any]] = []
        """Each handler, its own chain, and ours."""
        self._read_plan = PlanReader() if sampling.plans else None
        self._recorder: QueryRecorder | None = None
        """The recorder of the request that is counted now. There is one such request at a time."""
        self._leave: Callable[[], None] | None = None
        """Puts the cursors' own method back."""

    def install(self) -> None:
        """Put a counting chain into each handler that loads its middleware from now on."""

        @wraps(self._load_middleware)
        def load_middleware(handler: Any, is_async: bool = False) -> None:
            self._load_middleware(handler, is_async)
            own = handler._middleware_chain  # noqa: SLF001  # Django has no public place for it
            make = self._async_chain if is_async else self._sync_chain
            ours = handler._middleware_chain = make(own)  # noqa: SLF001  # likewise
            self._chains.append((handler, own, ours))

        self._handler_class.load_middleware = load_middleware

    def _remove_if_over(self) -> None:
        """Put all of Django's own parts back, unless sample requests may come."""
        # Before the burst, a hook of the user's may send requests of its own.
        if not self._sampling.is_over:
            return
        self._leave_cursors()
        self._handler_class.load_middleware = self._load_middleware
        for handler, own, ours in self._chains:
            if handler._middleware_chain is ours:  # noqa: SLF001  # as above
                handler._middleware_chain = own  # noqa: SLF001  # as above
        self._chains.clear()

    def _sync_chain(self, own: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def counted(request: Any) -> Any:
            number = self._number_of(request)
            if number is None:
                self._remove_if_over()
                return own(request)
            recorder = self._begin(PlaceFinder(counted.__code__))
            with self._ended_by_errors():
                response = own(request)
            return self._handing_over(response, recorder, number)

        return counted

    def _async_chain(self, own: Callable[[Any], Any]) -> Callable[[Any], Any]:
        async def counted(request: Any) -> Any:
            number = self._number_of(request)
            if number is None:
                self._remove_if_over()
                return await own(request)
            recorder = self._begin(PlaceFinder(counted.__code__))
            with self._ended_by_errors():
                response = await own(request)
            return self._handing_over(response, recorder, number)

        return counted

    def _number_of(self, request: Any) -> int | None:
        """Return the number of a sample request, whose header is taken away; None for others."""
        number = self._sampling.number_in(request.META.get(META_KEY, ""))
        if number is None:
            return None
        del request.META[META_KEY]
        if (scope := getattr(request, "scope", None)) is not None:
            name = HEADER.lower().encode()
            scope["headers"] = [one for one in scope["headers"] if one[0].lower() != name]
        return number

    def _begin(self, find_place: PlaceFinder) -> QueryRecorder:
        self._leave_cursors()
        self._recorder = recorder = QueryRecorder(find_place, self._read_plan)
        self._watch_cursors(recorder)
        return recorder

    @contextmanager
    def _ended_by_errors(self) -> Iterator[None]:
        # Django makes responses of exceptions. What comes nevertheless ends the request for good.
        try:
            yield
        except BaseException:
            self._leave_cursors()
            raise

    def _watch_cursors(self, recorder: QueryRecorder) -> None:
        """Record what all cursors run, of every alias, thread and greenlet."""
        # Connections are each thread's own, so execute_wrapper() would miss those that a view's
        # threads open. This is the method that calls the wrappers.
        from django.db.backends.utils import CursorWrapper

        cursor_class: Any = CursorWrapper
        run: Callable[..., Any] = cursor_class._execute_with_wrappers  # noqa: SLF001  # as above

        def execute_with_wrappers(
            cursor: Any, sql: Any, params: Any, many: bool, executor: Any
        ) -> Any:
            return recorder.run(
                lambda: run(cursor, sql, params, many, executor), cursor.db, sql, params, many
            )

        def leave() -> None:
            cursor_class._execute_with_wrappers = run  # noqa: SLF001  # as above

        cursor_class._execute_with_wrappers = execute_with_wrappers  # noqa: SLF001  # as above
        self._leave = leave

    def _leave_cursors(self) -> None:
        """Stop recording, if a request is recorded."""
        self._recorder, leave, self._leave = None, self._leave, None
        if leave is not None:
            leave()

    def _handing_over(self, response: Any, recorder: QueryRecorder, number: int) -> Any:
        """Return a response that hands over what was recorded when all of it has been made."""

        def end() -> None:
            if self._recorder is recorder:
                self._leave_cursors()
                # Without the file, the pytest process says that nothing is known.
                with suppress(OSError):
                    self._sampling.write(number, recorder.finish())

        # A file is sent by the server, which asks Django for nothing more.
        if not response.streaming or getattr(response, "file_to_stream", None) is not None:
            end()
        elif response.is_async:
            response.streaming_content = _then_async(response.streaming_content, end)
        else:
            response.streaming_content = _then(response.streaming_content, end)
        return response


def _then(pieces: Iterator[bytes], end: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from pieces
    finally:
        end()


async def _then_async(
    pieces: AsyncIterator[bytes], end: Callable[[], None]
) -> AsyncIterator[bytes]:
    try:
        async for piece in pieces:
            yield piece
    finally:
        end()

"""Samples the stacks of the requests that this process has in flight, in windows only.

A thread of its own looks at the requests some times a second. It sees those that wait, too: also
greenlets and coroutines, which no profiler from outside can see.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from types import CodeType, ModuleType
from typing import Any

from pytest_djworkers.entry.brief import this_brief
from pytest_djworkers.entry.in_flight import Look, Seen, Served
from pytest_djworkers.entry.plain_threads import sleep, start_thread
from pytest_djworkers.entry.stack_sampling import RequestStack, SampledRequests, StackSampling
from pytest_djworkers.entry.thread_state import CallFinder

_INTERVAL_S = 0.05
"""The time between two looks. A look at a hundred requests takes some milliseconds of the
interpreter's time, which no request gets."""


def hook_handlers(base: ModuleType) -> None:
    """Watch the requests of the handlers that are made from now on, if the brief asks for it."""
    stacks = this_brief().stacks
    # Without the GIL, the frames of a running thread can't be read.
    if stacks is not None and getattr(sys, "_is_gil_enabled", lambda: True)():
        _Watch(stacks).install(base.BaseHandler)


class _Watch:
    """The requests that this process has in flight."""

    def __init__(self, stacks: StackSampling) -> None:
        self._stacks = stacks
        self._in_flight: dict[object, Served] = {}
        self._ends: set[CodeType] = set()
        self._sampled_by = 0
        """The process whose thread samples: a fork has none."""

    def install(self, handler_class: Any) -> None:
        """Put a chain that knows its requests before each handler's own."""
        load: Callable[..., None] = handler_class.load_middleware

        @wraps(load)
        def load_middleware(handler: Any, is_async: bool = False) -> None:
            load(handler, is_async)
            own = handler._middleware_chain  # noqa: SLF001  # Django has no public place for it
            make = self._async_chain if is_async else self._sync_chain
            handler._middleware_chain = make(own)  # noqa: SLF001  # likewise

        handler_class.load_middleware = load_middleware

    def _sync_chain(self, own: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def watched(request: Any) -> Any:
            key = self._begin(is_async=False)
            try:
                return own(request)
            finally:
                self._in_flight.pop(key, None)

        self._ends.add(watched.__code__)
        return watched

    def _async_chain(self, own: Callable[[Any], Any]) -> Callable[[Any], Any]:
        async def watched(request: Any) -> Any:
            key = self._begin(is_async=True)
            try:
                return await own(request)
            finally:
                self._in_flight.pop(key, None)

        self._ends.add(watched.__code__)
        return watched

    def _begin(self, *, is_async: bool) -> object:
        if self._sampled_by != os.getpid():
            self._sampled_by = os.getpid()
            self._in_flight.clear()
            start_thread(_Sampler(self._stacks, self._in_flight, self._ends).run)
        key = object()
        self._in_flight[key] = Served.here(is_async=is_async)
        return key


class _Sampler:
    """Looks at requests in flight whenever a window is open, and tells what it has seen."""

    def __init__(
        self, stacks: StackSampling, in_flight: dict[object, Served], ends: set[CodeType]
    ) -> None:
        self._stacks = stacks
        self._in_flight = in_flight
        self._ends = ends
        self._find_call = CallFinder()
        self._codes: dict[int, CodeType] = {}
        """The codes of the stacks, kept so that no other one gets the id of one of them."""
        self._found: Counter[tuple[str, str, tuple[tuple[int, int], ...]]] = Counter()
        self._ticks = 0

    def run(self) -> None:
        """Look and tell for as long as the process lives."""
        while True:
            sleep(_INTERVAL_S)
            if self._stacks.is_open:
                self._look()
            elif self._ticks:
                # Without the file, the pytest process says that nothing is known.
                with suppress(OSError):
                    self._stacks.write(os.getpid(), self._told())
                self._found.clear()
                self._ticks = 0

    def _look(self) -> None:
        self._ticks += 1
        look = Look(self._ends, self._find_call)
        for served in list(self._in_flight.values()):
            # A request may end, and its objects with it, at any time.
            with suppress(Exception):
                self._add(look.at(served))

    def _add(self, seen: Seen) -> None:
        for code, _ in seen.frames:
            self._codes[id(code)] = code
        frames = tuple((id(code), line) for code, line in seen.frames)
        self._found[seen.state, seen.call, frames] += 1

    def _told(self) -> SampledRequests:
        numbers: dict[tuple[int, int], int] = {}
        stacks = [
            RequestStack(
                state,
                call,
                count,
                tuple(numbers.setdefault(one, len(numbers)) for one in reversed(frames)),
            )
            for (state, call, frames), count in self._found.items()
        ]
        listed = (
            (self._codes[code].co_qualname, self._codes[code].co_filename, line)
            for code, line in numbers
        )
        return SampledRequests(self._ticks, tuple(listed), tuple(stacks))

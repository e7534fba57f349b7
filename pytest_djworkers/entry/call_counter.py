"""Counts the Python calls of marked requests in a server's process, and measures their memory."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any, Protocol

from pytest_djworkers.entry.brief import this_brief
from pytest_djworkers.entry.marked_requests import MarkedRequests
from pytest_djworkers.system.python_folders import python_folders

_OURS = str(Path(__file__).parents[1]) + os.sep
_BY_TIMING = (
    *("asyncio", "concurrent", "threading", "selectors", "weakref", "_weakrefset", "asgiref"),
    *("gevent", "uvloop", "cheroot", "daphne", "granian", "gunicorn", "hypercorn", "twisted"),
    *("uvicorn", "uvicorn_worker", "waitress"),
)
"""Modules and packages whose calls aren't counted: event loops, threads, servers. How often they
are called depends on who is faster, not on what the site does."""
_FREE_TOOLS = (4, 3)
"""The numbers of ``sys.monitoring`` that are nobody's."""
Calls = Iterable[tuple[CodeType, int]]


class _TakenError(Exception):
    """The site itself uses what would count; the message says which part of it."""


class _Counter(Protocol):
    def begin(self) -> None:
        """Count the calls of all threads. Raises _TakenError."""

    def end(self) -> Calls:
        """Stop counting, and return the functions that were called, each with the number.

        Raises _TakenError.
        """


def hook_handlers(base: ModuleType) -> None:
    """Count in the handlers that are made from now on, if the brief asks for it."""
    counting = this_brief().counting
    if counting is None:
        return
    counter = new_counter()
    MarkedRequests(counting.calls, base.BaseHandler, lambda _: CountedCalls(counter)).install()
    MarkedRequests(counting.memory, base.BaseHandler, lambda _: TracedMemory()).install()


def new_counter() -> _Counter:
    """Return what counts calls in this version of Python."""
    return _Monitoring() if hasattr(sys, "monitoring") else _Profiling()


class CountedCalls:
    """The calls of one request."""

    def __init__(self, counter: _Counter) -> None:
        self._counter = counter
        self._calls: Calls = ()
        self._problem = ""
        self._began = False
        self._collector = _NoCollections()

    def begin(self) -> None:
        """Count from now on."""
        self._collector.begin()
        try:
            self._counter.begin()
        except _TakenError as error:
            self._problem = str(error)
        else:
            self._began = True

    def leave(self) -> None:
        """Stop counting."""
        if self._began:
            self._began = False
            try:
                self._calls = self._counter.end()
            except _TakenError as error:
                self._problem = str(error)
        self._collector.end()

    def finish(self) -> Mapping[str, Any]:
        """Return the number of calls of each function whose calls depend on the site alone."""
        functions: dict[tuple[str, str, int], int] = {}
        for code, count in self._calls:
            if not _is_left_out(code.co_filename):
                key = code.co_filename, code.co_qualname, code.co_firstlineno
                functions[key] = functions.get(key, 0) + count
        return {
            "pid": os.getpid(),
            "python": "{}.{}".format(*sys.version_info),
            "problem": self._problem,
            "functions": [[*key, count] for key, count in functions.items()],
        }


class TracedMemory:
    """The most memory that one request has had at once."""

    def __init__(self) -> None:
        self._collector = _NoCollections()
        self._peak = 0
        self._problem = ""
        self._began = False

    def begin(self) -> None:
        """Trace from now on."""
        import tracemalloc

        if tracemalloc.is_tracing():
            self._problem = "the site traces its memory itself (tracemalloc)"
            return
        self._collector.begin()
        self._began = True
        tracemalloc.start()

    def leave(self) -> None:
        """Stop tracing."""
        import tracemalloc

        if self._began:
            self._began = False
            _, self._peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        self._collector.end()

    def finish(self) -> Mapping[str, Any]:
        """Return the peak in bytes, without the memory from before the request."""
        return {"pid": os.getpid(), "problem": self._problem, "peak": self._peak}


class _NoCollections:
    """Keeps the garbage collector from running while a request is recorded.

    It calls the finalizers of other requests' objects, at times that depend on all of them.
    """

    def __init__(self) -> None:
        self._was_enabled = False

    def begin(self) -> None:
        self._was_enabled = gc.isenabled()
        gc.collect()
        gc.disable()

    def end(self) -> None:
        if self._was_enabled:
            self._was_enabled = False
            gc.enable()


class _Monitoring:
    """Counts with ``sys.monitoring``, in all threads: Python 3.12 and later."""

    def __init__(self) -> None:
        self._counts: defaultdict[CodeType, int] = defaultdict(int)
        self._tool: int | None = None

    def begin(self) -> None:
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]  # not in 3.11
        # The other numbers are for debuggers, coverage and profilers, which the site may start.
        for tool in _FREE_TOOLS:
            if monitoring.get_tool(tool) is None:
                break
        else:
            raise _TakenError("the site monitors itself (sys.monitoring)")
        monitoring.use_tool_id(tool, "pytest-djworkers")
        self._tool = tool
        counts: defaultdict[CodeType, int] = defaultdict(int)
        self._counts = counts

        def count(code: CodeType, _offset: int) -> None:
            # No function is called here, so no other thread comes between.
            counts[code] += 1

        monitoring.register_callback(tool, monitoring.events.PY_START, count)
        monitoring.set_events(tool, monitoring.events.PY_START)

    def end(self) -> Calls:
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]  # not in 3.11
        if self._tool is not None:
            monitoring.set_events(self._tool, 0)
            monitoring.register_callback(self._tool, monitoring.events.PY_START, None)
            monitoring.free_tool_id(self._tool)
            self._tool = None
        return [*self._counts.items()]


_PROFILES_ITSELF = "the site profiles itself (sys.setprofile)"


class _Profiling:
    """Counts with ``sys.setprofile``, in the thread that calls the site and in those that were
    started after Django was imported: Python 3.11."""

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[CodeType, int], int] | None = None
        self._thread = 0
        """The thread that called the site."""
        # There is no way to reach a running thread later.
        threading.setprofile(self._profile)

    def begin(self) -> None:
        # No set: what profiles may have no hash.
        if sys.getprofile() not in (None, self._profile):
            raise _TakenError(_PROFILES_ITSELF)
        self._counts, self._thread = defaultdict(int), threading.get_ident()
        sys.setprofile(self._profile)

    def end(self) -> Calls:
        counts, self._counts = self._counts, None
        # What is streamed may end in another thread.
        if self._thread == threading.get_ident():
            if sys.getprofile() != self._profile:
                raise _TakenError(_PROFILES_ITSELF)
            sys.setprofile(None)
        return [
            (code, count) for (code, last), count in (counts or {}).items() if _starts(code, last)
        ]

    def _profile(self, frame: FrameType, event: str, _arg: object) -> None:
        counts = self._counts
        if event == "call" and counts is not None:
            counts[frame.f_code, frame.f_lasti] += 1


def _starts(code: CodeType, instruction: int) -> bool:
    """Return True if a function starts at this instruction; False if a generator goes on.

    The argument of RESUME tells it.
    """
    return instruction < 0 or code.co_code[instruction + 1] == 0


@cache
def _is_left_out(file: str) -> bool:
    """Return True for files of this package, and for those whose calls depend on timing."""
    if file.startswith(_OURS):
        return True
    roots = (f"{root}{os.sep}" for root in python_folders())
    return any(
        file.startswith(root) and _first_name(file[len(root) :]) in _BY_TIMING for root in roots
    )


def _first_name(path: str) -> str:
    return path.split(os.sep, 1)[0].removesuffix(".py")

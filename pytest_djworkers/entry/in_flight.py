"""The requests that a process has in flight, and the stack of each at any moment.

A request may be served by a thread, a greenlet or a coroutine. One that is served by a coroutine
may wait for a thread, in which Django runs a view that is not async: then the thread's stack
continues that of the coroutine.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from pytest_djworkers.entry.coroutines import suspended_frames
from pytest_djworkers.entry.plain_threads import thread_ident
from pytest_djworkers.entry.stack_sampling import READY, SUSPENDED
from pytest_djworkers.entry.thread_calls import awaits_thread, call_of
from pytest_djworkers.entry.thread_state import CallFinder, system_call


@dataclass(frozen=True, slots=True)
class Served:
    """A request in flight, by what serves it."""

    thread: int
    native_id: int
    greenlet: Any
    """None where no library for greenlets is loaded."""
    task: Any
    """The asyncio task, if a coroutine serves it; else None."""

    @classmethod
    def here(cls, *, is_async: bool) -> Served:
        """Return the request that the caller begins to serve."""
        library = sys.modules.get("greenlet")
        return cls(
            thread_ident(),
            _native_id(),
            None if library is None else library.getcurrent(),
            asyncio.current_task() if is_async else None,
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """The stack of a request at a moment."""

    frames: list[tuple[CodeType, int]]
    """Each with its line, the innermost first."""
    state: str
    """As in ``RequestStack``."""
    call: str = ""


class Look:
    """A look at all threads of the process at one moment."""

    def __init__(self, end: Iterable[CodeType], find_call: CallFinder) -> None:
        self._end = frozenset(end)
        self._find_call = find_call
        self._frames: Mapping[int, FrameType] = sys._current_frames()  # noqa: SLF001  # its only name
        self._threads: dict[int, tuple[FrameType, int]] | None = None

    def at(self, served: Served) -> Seen:
        """Return the stack of a request, from the call of ``end`` inwards."""
        if served.task is not None:
            return self._of_task(served)
        suspended = getattr(served.greenlet, "gr_frame", None)
        if suspended is not None:
            return Seen(self._inwards(_outwards(suspended)), SUSPENDED)
        innermost = self._frames.get(served.thread)
        if innermost is None:
            return Seen([], "")
        return self._of_thread(self._inwards(_outwards(innermost)), innermost, served.native_id)

    def _of_thread(
        self, frames: list[tuple[CodeType, int]], innermost: FrameType, native_id: int
    ) -> Seen:
        state = system_call(native_id)
        return Seen(frames, state, self._find_call(innermost) if state else "")

    def _of_task(self, served: Served) -> Seen:
        coroutine = served.task.get_coro()
        if coroutine is None or getattr(coroutine, "cr_running", False):
            innermost = self._frames.get(served.thread)
            return Seen([] if innermost is None else self._inwards(_outwards(innermost)), "")
        frames = list(suspended_frames(coroutine))
        waiting = self._inwards((one.f_code, one.f_lineno) for one in reversed(frames))
        call = next((one.f_locals.get("self") for one in frames if awaits_thread(one)), None)
        thread = self._thread_of(call)
        if thread is not None:
            innermost, native_id = thread
            return self._of_thread([*_within_call(innermost), *waiting], innermost, native_id)
        # The loop runs it as soon as it can if there is nothing that it waits for.
        is_ready = getattr(served.task, "_fut_waiter", None) is None
        return Seen(waiting, READY if is_ready else SUSPENDED)

    def _thread_of(self, call: Any) -> tuple[FrameType, int] | None:
        """Return the innermost frame of the thread that runs a call of asgiref's, and the thread's
        native id; None if none does."""
        if call is None:
            return None
        if self._threads is None:
            self._threads = dict(self._running_calls())
        return self._threads.get(id(call))

    def _running_calls(self) -> Iterator[tuple[int, tuple[FrameType, int]]]:
        natives = _native_ids()
        for ident, innermost in self._frames.items():
            frame: FrameType | None = innermost
            while frame is not None:
                call = call_of(frame)
                if call is not None:
                    yield id(call), (innermost, natives.get(ident, 0))
                frame = frame.f_back

    def _inwards(self, frames: Iterable[tuple[CodeType, int]]) -> list[tuple[CodeType, int]]:
        """Return the frames within the call of ``end``, or all; the innermost comes first."""
        found = []
        for code, line in frames:
            if code in self._end:
                break
            found.append((code, line))
        return found


def _outwards(frame: FrameType | None) -> Iterator[tuple[CodeType, int]]:
    while frame is not None:
        yield frame.f_code, frame.f_lineno
        frame = frame.f_back


def _within_call(innermost: FrameType) -> list[tuple[CodeType, int]]:
    """Return the frames within the outermost call that a thread runs, the innermost first."""
    found: list[tuple[CodeType, int]] = []
    within: list[tuple[CodeType, int]] = []
    frame: FrameType | None = innermost
    while frame is not None:
        if call_of(frame) is not None:
            within = list(found)
        found.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return within


def _native_id() -> int:
    import _thread

    return _thread.get_native_id()


def _native_ids() -> Mapping[int, int]:
    """Return the native id of each thread that Python's ``threading`` knows."""
    import threading

    active = threading._active.copy()  # type: ignore[attr-defined]  # noqa: SLF001  # enumerate() takes a lock
    return {ident: getattr(one, "native_id", None) or 0 for ident, one in active.items()}

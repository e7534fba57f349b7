"""The requests that a process has in flight, and the stack of each at any moment.

A request may be served by a thread, a greenlet or a coroutine. One that is served by a coroutine
may wait for a thread, in which Django runs a view that is not async: then the thread's stack
continues that of the coroutine. The reverse is a thread that waits for an async view.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from types import CodeType, FrameType
from typing import Any

from pytest_djworkers.entry.coroutines import suspended_frames
from pytest_djworkers.entry.plain_threads import thread_ident
from pytest_djworkers.entry.stack_sampling import READY, SUSPENDED
from pytest_djworkers.entry.thread_calls import awaited_by, awaits_thread, call_of
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
        innermost = self._frames.get(served.thread) if suspended is None else suspended
        if innermost is None:
            return Seen([], "")
        if (awaiting := _awaiting(innermost)) is not None:
            frame, coroutine = awaiting
            return self._of_coroutine(coroutine, _outwards(frame), is_ready=False)
        frames = self._inwards(_outwards(innermost))
        if suspended is not None:
            return Seen(frames, SUSPENDED)
        return self._of_thread(frames, innermost, served.native_id)

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
        # The loop runs it as soon as it can if there is nothing that it waits for.
        is_ready = getattr(served.task, "_fut_waiter", None) is None
        return self._of_coroutine(coroutine, (), is_ready=is_ready)

    def _of_coroutine(
        self, coroutine: Any, outer: Iterable[tuple[CodeType, int]], *, is_ready: bool
    ) -> Seen:
        """Return the stack of a coroutine within these frames, the innermost of which is first."""
        if getattr(coroutine, "cr_running", False):
            return Seen(self._inwards(outer), "")
        frames = list(suspended_frames(coroutine))
        inner = ((one.f_code, one.f_lineno) for one in reversed(frames))
        waiting = self._inwards(chain(inner, outer))
        call = next((one.f_locals.get("self") for one in frames if awaits_thread(one)), None)
        thread = self._thread_of(call)
        if thread is not None:
            innermost, native_id = thread
            if (awaiting := _awaiting(innermost)) is not None:
                frame, inner_coroutine = awaiting
                return self._of_coroutine(
                    inner_coroutine, [*_within_call(frame), *waiting], is_ready=False
                )
            return self._of_thread([*_within_call(innermost), *waiting], innermost, native_id)
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


def _awaiting(innermost: FrameType) -> tuple[FrameType, Any] | None:
    """Return the frame by which a thread waits for a coroutine, and the coroutine; None if it does
    not, or if it works for the coroutine meanwhile."""
    frame: FrameType | None = innermost
    while frame is not None and call_of(frame) is None:
        if (coroutine := awaited_by(frame)) is not None:
            return frame, coroutine
        frame = frame.f_back
    return None


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

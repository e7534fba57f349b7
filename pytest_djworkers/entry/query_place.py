"""Finds the line of the site's code that runs a query: the innermost one on the stack.

In an async view, Django runs the query in a thread. Its stack doesn't lead to the view, so the
coroutines that wait for the thread are looked at, too.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FrameType

from pytest_djworkers.entry.coroutines import suspended_frames
from pytest_djworkers.entry.thread_calls import call_of
from pytest_djworkers.system.python_folders import python_folders

_PACKAGES = ("/site-packages/", "/dist-packages/")
_NOT_SHOWN = ("django", "asgiref", "pytest_djworkers")
"""Packages whose lines only say that Django runs the query, and that it is counted."""
_RENDERS = "render_annotated"
"""The method of a template's nodes by which Django renders each of them."""


class PlaceFinder:
    """Finds the place of the query that runs now, within the call of ``end`` that is under way."""

    def __init__(self, end: CodeType) -> None:
        self._end = end

    def __call__(self) -> str:
        """Return FILE:LINE: the path is absolute in the site's own code, and relative to its folder
        of packages in a library. Empty if neither is known."""
        stack = list(self._stack())
        here = _place_on(stack)
        if here.of_site:
            return here.of_site
        waiting = (_place_on(frames).of_site for frames in self._waiting_for(stack))
        return next(filter(None, waiting), here.of_library)

    def _stack(self) -> Iterator[FrameType]:
        """Yield the frames of the running thread, the innermost first."""
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # inspect reads all sources
        while frame is not None and frame.f_code is not self._end:
            yield frame
            frame = frame.f_back

    def _waiting_for(self, stack: Iterable[FrameType]) -> Iterator[list[FrameType]]:
        """Yield the frames of each task that waits for a thread's work, the innermost first."""
        for frame in stack:
            call = call_of(frame)
            if call is None:
                continue
            for task in asyncio.all_tasks(frame.f_locals.get("loop")):
                frames = list(suspended_frames(task.get_coro()))
                if any(one.f_locals.get("self") is call for one in frames):
                    yield self._inwards(frames)

    def _inwards(self, frames: Sequence[FrameType]) -> list[FrameType]:
        """Return the frames within the call of ``end``, or all, the innermost first."""
        codes = [frame.f_code for frame in frames]
        begin = codes.index(self._end) + 1 if self._end in codes else 0
        return list(reversed(frames[begin:]))


@dataclass(frozen=True, slots=True)
class _Place:
    of_site: str = ""
    of_library: str = ""


def _place_on(frames: Iterable[FrameType]) -> _Place:
    """Return the innermost line of the site's code, and that of a library; the innermost frame
    comes first."""
    of_library = ""
    for frame in frames:
        file, line = frame.f_code.co_filename, frame.f_lineno
        if frame.f_code.co_name == _RENDERS and (of_template := _place_in_template(frame)):
            return _Place(of_template, of_library)
        package = _package_file(file)
        if package is None:
            return _Place(f"{os.path.abspath(file)}:{line}", of_library)
        if package and not of_library:
            of_library = f"{package}:{line}"
    return _Place("", of_library)


def _place_in_template(frame: FrameType) -> str:
    """Return the place of the node that a frame renders; empty unless it is in a template of the
    site."""
    node = frame.f_locals.get("self")
    file = getattr(getattr(node, "origin", None), "name", None)
    line = getattr(getattr(node, "token", None), "lineno", None)
    if not isinstance(file, str) or line is None or not os.path.isabs(file):
        return ""
    return f"{file}:{line}" if _package_of(file) is None else ""


@lru_cache(maxsize=4096)
def _package_file(file: str) -> str | None:
    """Return a file of code relative to its folder of packages; empty if nobody wants to see it,
    and None if it is the site's."""
    # Code that is made while the site runs has a file such as <string>, and that of templates in
    # other languages has their file, but not their lines.
    return _package_of(os.path.abspath(file)) if file.endswith(".py") else ""


def _package_of(file: str) -> str | None:
    for folder in (*_PACKAGES, *_folders()):
        # The innermost folder of packages decides.
        before, found, inner = file.rpartition(folder)
        if found and (folder in _PACKAGES or not before):
            is_shown = folder in _PACKAGES and inner.partition("/")[0] not in _NOT_SHOWN
            return inner if is_shown else ""
    return None


@lru_cache(maxsize=1)
def _folders() -> tuple[str, ...]:
    """Return the folders of the standard library, of Django and of this package, each with a slash
    at its end."""
    import django

    ours, of_django = (os.path.dirname(os.path.abspath(one)) for one in (_PACKAGE, django.__file__))
    return tuple(f"{one}/" for one in (ours, of_django, *python_folders()))


_PACKAGE = os.path.dirname(__file__)

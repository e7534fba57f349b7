"""Stacks of served code, as samplers see them, and the functions that they consist of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

_FRAME = re.compile(r"(?P<name>.*?) \((?P<file>.*?)(?::(?P<line>\d+))?\)")


@dataclass(frozen=True, slots=True)
class Frame:
    """A call that is under way: its function, and the line that it has reached."""

    name: str
    """The function with its class: ``Shop.get``."""
    file: str
    line: int
    """The line from 1; 0 if it is not known."""


Stack: TypeAlias = tuple[Frame, ...]
"""The calls that are under way in a thread, the outermost first."""


@dataclass(frozen=True, slots=True)
class StackSamples:
    """The numbers of samples of each stack, as a profiler from outside sees them."""

    active: Mapping[Stack, int]
    """Those of threads that ran, or could have."""
    holding: Mapping[Stack, int]
    """Those of the thread that held the interpreter's lock (GIL)."""


def collapsed_stacks(text: str) -> Iterator[tuple[Stack, int]]:
    """Yield the stacks in a text of collapsed stacks, each with its number of samples.

    A line is ``frame;frame;... count``. Stacks without a known frame are left out: they are native
    threads that run no Python.
    """
    for line in text.splitlines():
        frames, _, count = line.rpartition(" ")
        found = (_FRAME.fullmatch(one.strip()) for one in frames.split(";"))
        stack = tuple(
            Frame(one["name"], one["file"], int(one["line"] or 0)) for one in found if one
        )
        if stack and count.isdecimal():
            yield stack, int(count)

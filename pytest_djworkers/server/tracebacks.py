"""Python's tracebacks, found in the text of a log.

Several processes write to one log, so lines of one traceback may stand among lines of another, and
among lines of the server. What can't be told apart then are frames, not exceptions.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

_HEADER = re.compile(
    r"(?P<before>.*?)(?P<group>(?:\+ )?Exception Group )?Traceback \(most recent call last\):\s*"
)
_FRAME = re.compile(r'  File "(?P<file>.*)", line (?P<line>\d+)(?:, in (?P<function>.*))?')
_EXCEPTION = re.compile(r"(?P<type>[^\W\d][\w.<>]*)(?P<message>:(?: .*)?)?")
_LEVELS = frozenset({"DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL"})
_GUTTER = re.compile(r" +\| ?")
"""Before each line of an exception group."""
_CHAIN = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of code that was running."""

    file: str
    line: int
    function: str = ""
    """Empty for a line that could not be compiled."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return f"{where} in {self.function}" if self.function else where


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception, and where it came from."""

    exception: str
    """Its type and the first line of its message."""
    frames: tuple[Frame, ...]
    """The outermost first."""
    is_part: bool = False
    """Whether it is one of an exception group's."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What one traceback tells of: an exception, and those that it came from."""

    raised: tuple[Raised, ...]
    """In the order of the text: the cause before what it caused, a group before its parts."""

    @property
    def last(self) -> Raised:
        """The exception that nobody handled."""
        return next((one for one in reversed(self.raised) if not one.is_part), self.raised[-1])


@dataclass(slots=True)
class _Open:
    """A traceback whose exception has not come yet."""

    failure: list[Raised]
    lead: str
    in_group: bool
    is_part: bool
    frames: list[Frame] = field(default_factory=list)

    def inner(self, line: str) -> str:
        """A line without what stands before each line of this traceback."""
        if self.in_group:
            return line[gutter.end() :] if (gutter := _GUTTER.match(line)) else line
        return line.removeprefix(self.lead)


def failures(lines: Iterable[str]) -> list[Failure]:
    """What the tracebacks among these lines tell of, in the order in which they begin."""
    reader = _Reader()
    for line in lines:
        reader.read(line.rstrip())
    return [Failure(tuple(raised)) for raised in reader.failures if raised]


class _Reader:
    """Reads a log line by line."""

    def __init__(self) -> None:
        self.failures: list[list[Raised]] = []
        self._open: deque[_Open] = deque()
        self._goes_on = False
        """Whether the next traceback is of the last failure."""
        self._has_no_message: list[Raised] | None = None

    def read(self, line: str) -> None:
        """Read the next line."""
        if "Traceback (most" in line and (header := _HEADER.fullmatch(line)):
            self._begin(header)
        elif self._open:
            self._continue(line)
        elif (text := line.strip(" |")) in _CHAIN:
            self._goes_on = True
        elif self._has_no_message and text:
            raised, self._has_no_message = self._has_no_message, None
            raised[-1] = replace(raised[-1], exception=f"{raised[-1].exception} {text}")

    def _begin(self, header: re.Match[str]) -> None:
        lead = header["before"]
        is_part = bool(_GUTTER.fullmatch(lead))
        if not self.failures or not (is_part or self._goes_on):
            self.failures.append([])
        self._goes_on, self._has_no_message = False, None
        in_group = is_part or bool(header["group"])
        self._open.append(_Open(self.failures[-1], lead, in_group, is_part))

    def _continue(self, line: str) -> None:
        inner = self._open[0].inner(line)
        if frame := _FRAME.fullmatch(inner):
            found = Frame(frame["file"], int(frame["line"]), frame["function"] or "")
            self._whose(found).frames.append(found)
        elif (said := _EXCEPTION.fullmatch(inner)) and said["type"] not in _LEVELS:
            ended = self._open.popleft()
            ended.failure.append(Raised(inner, tuple(ended.frames), ended.is_part))
            self._has_no_message = ended.failure if said["message"] == ":" else None

    def _whose(self, frame: Frame) -> _Open:
        """Of several tracebacks at a time: one that repeats another's, which began before it, as
        those of workers do that fail alike; else the first."""
        first, *others = self._open
        for one in others:
            if frame in first.frames[len(one.frames) : len(one.frames) + 1]:
                return one
        return first

"""Finds Python's tracebacks in the text of a log.

Several processes write to one log, so the lines of one traceback may be mixed with those of another
and with the server's. A frame is then given to the wrong one at worst; no exception is lost.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

_HEADER = re.compile(
    r"(?P<before>.*?)(?P<group>(?:\+ )?Exception Group )?Traceback \(most recent call last\):\s*"
)
# As the module traceback prints them; a frame of a syntax error has no function.
_FRAME = re.compile(r'  File "(?P<file>.*)", line (?P<line>\d+)(?:, in (?P<function>.*))?')
_EXCEPTION = re.compile(r"(?P<type>[^\W\d][\w.<>]*)(?P<message>:(?: .*)?)?")
_LEVELS = frozenset({"DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL"})
_GUTTER = re.compile(r" +\| ?")
"""The bar that Python draws before each line of an exception group."""
# The lines with which Python joins the tracebacks of exceptions that caused each other.
_CHAIN = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of a traceback: the code that was running."""

    file: str
    line: int
    function: str = ""
    """Empty for a line with a syntax error."""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return f"{where} in {self.function}" if self.function else where


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception with its traceback."""

    exception: str
    """The exception's type and the first line of its message."""
    frames: tuple[Frame, ...]
    """The frames, the outermost first."""
    is_part: bool = False
    """True for an exception inside of an exception group."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception that nobody handled, with those that it came from."""

    raised: tuple[Raised, ...]
    """The exceptions in the order of the text: a cause comes before what it caused, and a group
    before its parts."""

    @property
    def last(self) -> Raised:
        """The exception that nobody handled."""
        whole = (raised for raised in reversed(self.raised) if not raised.is_part)
        return next(whole, self.raised[-1])


@dataclass(slots=True)
class _Open:
    """A traceback whose last line, the exception, has not come yet."""

    failure: list[Raised]
    """The exceptions of the failure that it belongs to."""
    lead: str
    """The text before "Traceback", such as a logger's prefix or the bars of a group."""
    in_group: bool
    is_part: bool
    frames: list[Frame] = field(default_factory=list)

    def inner(self, line: str) -> str:
        """Return a line without the text that is before each line of this traceback."""
        if self.in_group:
            return line[gutter.end() :] if (gutter := _GUTTER.match(line)) else line
        return line.removeprefix(self.lead)


def failures(lines: Iterable[str]) -> list[Failure]:
    """Return the failures that these lines show, in the order in which their tracebacks begin."""
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
        """True if the next traceback belongs to the last failure."""
        self._has_no_message: list[Raised] | None = None
        """The failure whose last exception's message is still to come."""

    def read(self, line: str) -> None:
        """Read the next line."""
        if "Traceback (most" in line and (header := _HEADER.fullmatch(line)):
            self._begin(header)
        elif self._open:
            self._continue(line)
        elif (text := line.strip(" |")) in _CHAIN:
            self._goes_on = True
        elif self._has_no_message and text:
            # The message began with a newline: its first line is this one.
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
        # "ERROR: ..." looks like an exception, and is another process's line of logging.
        elif (said := _EXCEPTION.fullmatch(inner)) and said["type"] not in _LEVELS:
            ended = self._open.popleft()
            ended.failure.append(Raised(inner, tuple(ended.frames), ended.is_part))
            self._has_no_message = ended.failure if said["message"] == ":" else None

    def _whose(self, frame: Frame) -> _Open:
        """Return the open traceback that a frame belongs to, as far as can be told."""
        first, *others = self._open
        # Workers that fail alike have the same frames. So a later traceback is the frame's if the
        # frame is the one that it would have next as a repetition of the first.
        for other in others:
            if frame in first.frames[len(other.frames) : len(other.frames) + 1]:
                return other
        return first

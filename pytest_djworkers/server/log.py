"""The server's log: a file, never a pipe that nobody drains."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_djworkers.printable import printable

_TAIL_BYTES = 16_384
_LONGEST = 8 << 20
_END_BYTES = 1 << 20
TAIL_LINES = 30


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, indented and under a heading of its own; empty when it is."""
    last = last_lines(log, lines)
    if not last:
        return ""
    return "\nThe end of its log:\n" + "\n".join(f"    {line}" for line in last)


def last_lines(log: Path, lines: int = TAIL_LINES) -> list[str]:
    """The last lines of a log, read from its end however long it is."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return printable(text.rstrip()).splitlines()[-lines:]


def both_ends(log: Path) -> str:
    """A log's first MiB and its last, safe to show; empty when it can't be read."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            data = file.read(_END_BYTES)
            if size > len(data):
                file.seek(max(len(data), size - _END_BYTES))
                data += b"\n" + file.read()
    except OSError:
        return ""
    return printable(data.decode(errors="replace"))


_REFUSED = re.compile(r"^Forbidden \(.*\): /.*$", re.MULTILINE)


def first_refusal(log: Path) -> str:
    """What Django refused first, and why, as a log says it; empty where it refused nothing."""
    found = _REFUSED.search(both_ends(log))
    return found.group() if found else ""


def content(log: Path, begin: int = 0) -> bytes:
    """A log from a byte on, 8 MiB of it at most; empty when it can't be read."""
    try:
        with log.open("rb") as file:
            file.seek(begin)
            return file.read(_LONGEST)
    except OSError:
        return b""

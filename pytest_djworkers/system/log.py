"""Reads the log of a process that this package started.

A log is a file. The guard (``guard.py``) keeps the beginning and the end of a long one, with a hole
between them, which reads as zeros.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from pytest_djworkers.printable import printable
from pytest_djworkers.units import format_size

_TAIL_BYTES = 16_384
_LONGEST = 8 << 20
_END_BYTES = 1 << 20
_HOLE = b"\0"
TAIL_LINES = 30
TAIL_HEADING = "The end of its log"
_TAIL = re.compile(rf"\n{TAIL_HEADING}.*:(?:\n    .*)*")


def size_of(log: Path) -> int:
    """Return the length of a log in bytes; 0 if it can't be read."""
    try:
        return log.stat().st_size
    except OSError:
        return 0


def tail(log: Path, lines: int = TAIL_LINES, *, since: int = 0) -> str:
    """Return the last lines of a log, indented and under a heading; empty if there are none.

    ``since`` is as in ``last_lines``.
    """
    last = last_lines(log, lines, since=since)
    if not last:
        return ""
    lost = _lost(log)
    what = f" (the {format_size(lost)} before it were not kept)" if lost else ""
    return f"\n{TAIL_HEADING}{what}:\n" + "\n".join(f"    {line}" for line in last)


def without_tails(text: str) -> str:
    """Return a text without the ends of logs that ``tail`` has put into it."""
    return _TAIL.sub("", text)


def last_lines(log: Path, lines: int = TAIL_LINES, *, since: int = 0) -> list[str]:
    """Return the last lines of a log, of which only the last 16 KiB are read; none if it can't be
    read.

    Of what was written before the byte ``since``, nothing is returned.
    """
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(since, size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return printable(text.rstrip()).splitlines()[-lines:]


def both_ends(log: Path) -> str:
    """Return the first MiB of a log and the last, safe to print; empty if it can't be read."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            data = file.read(_END_BYTES)
            if size > len(data):
                file.seek(max(len(data), size - _END_BYTES))
                data += b"\n" + file.read(_END_BYTES)
    except OSError:
        return ""
    return printable(data.replace(_HOLE, b"").decode(errors="replace"))


def read_since(log: Path, begin: int) -> tuple[bytes, bool]:
    """Return a log from a byte on, and whether that is all of it; nothing if it can't be read.

    Of a longer part it is the first 8 MiB and the last 8 MiB, as far as they are kept.
    """
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(begin)
            data = file.read(_LONGEST)
            is_whole = begin <= size <= begin + len(data)
            if not is_whole:
                file.seek(max(begin + len(data), size - _LONGEST))
                data += b"\n" + file.read(_LONGEST)
    except OSError:
        return b"", True
    is_whole = is_whole and _HOLE not in data
    return data.replace(_HOLE, b""), is_whole


def _lost(log: Path) -> int:
    """Return the number of bytes in the log's hole; 0 if there is none."""
    # A hole takes no blocks on the disk. A block is 512 bytes here, whatever the file system has.
    # Small differences are no hole: file systems round, or compress.
    about = log.stat()
    lost = about.st_size - about.st_blocks * 512
    return lost if lost > _END_BYTES else 0

"""The command ``djworkers mix``: the file of a mix from a server's access log."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.request.access_log import LeftOut, LoggedMix, LoggedPart, read_access_log
from pytest_djworkers.request.mix_file import MixEntry, write_mix
from pytest_djworkers.units import counted

STANDARD_INPUT = Path("-")
DEFAULT_PARTS = 20
"""The most parts unless the user wants another number."""
EXCLUDED = ("/static/", "/media/")
"""The beginnings of paths that a server in front of the site serves, mostly."""


def mix_of_log(log: Path, output: Path, *, most_parts: int, excluded: tuple[str, ...]) -> list[str]:
    """Write the mix of a log to a file, and return lines on what is in it and what is not.

    Raises BurstArgumentError if the log can't be read or has no request that can be replayed, and
    OSError if the file can't be written.
    """
    try:
        with _lines(log) as lines:
            mix = read_access_log(lines, most_parts=most_parts, excluded=excluded)
    # A file that ends too early, and one that is no gzip file at all.
    except (OSError, EOFError, zlib.error) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise BurstArgumentError(f"{log} can't be read: {reason}") from None
    if not mix.parts:
        raise BurstArgumentError(
            f"{log} has no request that can be replayed{_left_out(mix, excluded)} (nothing was"
            " written)"
        )
    write_mix(output, map(_entry, mix.parts))
    parts = counted(len(mix.parts), "part")
    return [
        f"{output}: {parts} from {counted(mix.requests, 'request')} of {log}",
        *(f"  {part.requests:,} {part.name}" for part in mix.parts),
        *([f"left out of its lines{_left_out(mix, excluded)}"] if mix.left_out else []),
    ]


@contextmanager
def _lines(log: Path) -> Iterator[Iterator[str]]:
    """Open a log, which may be compressed, as lines. What is not UTF-8 in it is replaced."""
    if log == STANDARD_INPUT:
        # By itself, it refuses what is not in the encoding of the locale.
        with TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace") as piped:
            yield iter(piped)
    elif log.suffix == ".gz":
        with gzip.open(log, "rt", encoding="utf-8", errors="replace") as compressed:
            yield iter(compressed)
    else:
        with open(log, encoding="utf-8", errors="replace") as text:
            yield iter(text)


def _entry(part: LoggedPart) -> MixEntry:
    only = part.paths[0] if len(part.paths) == 1 else None
    return MixEntry(
        weight=part.requests,
        method=part.method,
        path=only,
        paths=None if only else part.paths,
        name=part.name,
        order=None if only else "random",
    )


def _left_out(mix: LoggedMix, excluded: tuple[str, ...]) -> str:
    """Return what is not in a mix, in words."""
    words = [
        f"{number:,} {reason}" + (f" ({', '.join(excluded)})" * (reason is LeftOut.EXCLUDED))
        for reason, number in mix.left_out.items()
    ]
    return f": {', '.join(words)}" if words else ""

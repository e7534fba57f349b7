"""A server's access log, read into the parts of a mix.

All formats that have the request in quotes and its status behind it can be read: the combined and
the common format (Apache, nginx, gunicorn), and those of uvicorn, granian and daphne.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import gcd
from urllib.parse import quote, urlsplit

from pytest_djworkers.request.similar_paths import groups_of

_LINE = re.compile(
    r'"(?P<method>[A-Z]+) (?P<target>(?:\\.|[^"\\ ])+)(?: HTTP/\d(?:\.\d)?)?" (?P<status>\d{3})\b'
)
# nginx writes bytes that it doesn't print in this way, Apache writes quotes with a backslash.
_ESCAPED = re.compile(r"\\(?:x(?P<byte>[0-9A-Fa-f]{2})|(?P<other>.))")
_PRINTABLE = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_REPLAYED = ("GET", "HEAD")
_NOT_MODIFIED = 304
_MOST_PATHS = 200
"""The number of paths that a part has at most. They are chosen by how often each was requested."""


class LeftOut(StrEnum):
    """The reasons why a line of a log is not in the mix, in words behind a number."""

    UNREADABLE = "not readable as requests"
    METHOD = "with another method than GET and HEAD (a log has no bodies)"
    REDIRECT = "redirected"
    ERROR = "failed (4xx and 5xx)"
    OTHER_STATUS = "with another status than 2xx"
    EXCLUDED = "under excluded paths"
    RARE = "of rare paths"


@dataclass(frozen=True, slots=True)
class LoggedPart:
    """The requests of a log that are much alike: a part of the mix."""

    method: str
    pattern: str
    """The path, with ``{}`` in place of what differs between requests."""
    paths: tuple[str, ...]
    """Examples of the paths with their queries, each as often as its share asks for."""
    requests: int
    """The number of requests in the log."""

    @property
    def name(self) -> str:
        """The name of the part, such as ``GET /book/{}``."""
        return f"{self.method} {self.pattern}"


@dataclass(frozen=True, slots=True)
class LoggedMix:
    """The mix that was read from a log, and what is not in it."""

    parts: tuple[LoggedPart, ...]
    """The parts, the most frequent first."""
    left_out: Mapping[LeftOut, int] = field(default_factory=dict)
    """The number of lines that were left out, by reason."""

    @property
    def requests(self) -> int:
        """The number of the log's requests that the parts stand for."""
        return sum(part.requests for part in self.parts)


def read_access_log(
    lines: Iterable[str], *, most_parts: int, excluded: Collection[str] = ()
) -> LoggedMix:
    """Return the mix of a log: the GET and HEAD requests that succeeded, in parts by their paths.

    ``excluded`` are beginnings of paths to leave out. Only the ``most_parts`` most frequent parts
    are kept.
    """
    targets: Counter[tuple[str, str]] = Counter()
    left_out: Counter[LeftOut] = Counter()
    for line in lines:
        match = _LINE.search(line)
        target = None if match is None else _origin_form(match["target"])
        if match is None or target is None:
            # Empty lines are not worth a word.
            left_out[LeftOut.UNREADABLE] += bool(line.strip())
        elif reason := _why_left_out(match["method"], int(match["status"]), target, excluded):
            left_out[reason] += 1
        else:
            targets[match["method"], target] += 1
    parts = sorted(_parts(targets), key=lambda part: (-part.requests, part.name))
    left_out[LeftOut.RARE] = sum(part.requests for part in parts[most_parts:])
    found = {reason: left_out[reason] for reason in LeftOut if left_out[reason]}
    return LoggedMix(tuple(parts[:most_parts]), found)


def _why_left_out(
    method: str, status: int, target: str, excluded: Collection[str]
) -> LeftOut | None:
    if target.startswith(tuple(excluded)):
        return LeftOut.EXCLUDED
    if method not in _REPLAYED:
        return LeftOut.METHOD
    # Without the browser's conditions, the same request gets 200.
    if 200 <= status < 300 or status == _NOT_MODIFIED:
        return None
    if 300 <= status < 400:
        return LeftOut.REDIRECT
    return LeftOut.ERROR if status >= 400 else LeftOut.OTHER_STATUS


def _origin_form(logged: str) -> str | None:
    """Return a path with its query as it can be sent; None if the log has something else."""
    text = _ESCAPED.sub(_unescaped, logged)
    if text.startswith(("http://", "https://")):
        # A proxy's log has whole URLs.
        try:
            url = urlsplit(text)
        except ValueError:
            return None
        text = (url.path or "/") + (f"?{url.query}" if url.query else "")
    if not text.startswith("/"):
        return None
    return quote(text.partition("#")[0], safe=_PRINTABLE)


def _unescaped(match: re.Match[str]) -> str:
    return f"%{match['byte'].upper()}" if match["byte"] else match["other"]


def _parts(targets: Mapping[tuple[str, str], int]) -> Iterable[LoggedPart]:
    for method in _REPLAYED:
        counts = {target: count for (verb, target), count in targets.items() if verb == method}
        for pattern, members in groups_of(counts).items():
            yield LoggedPart(method, pattern, _examples(members), sum(members.values()))


def _examples(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return targets, each as often as its count asks for: every n-th request of them all."""
    total = sum(counts.values())
    places = min(total, _MOST_PATHS)
    times, seen = {}, 0
    for target, count in counts.items():
        before, seen = seen, seen + count
        times[target] = _place(seen, places, total) - _place(before, places, total)
    # Three times each is the same as once.
    shared = gcd(*times.values())
    return tuple(target for target, number in times.items() for _ in range(number // shared))


def _place(requests: int, places: int, total: int) -> int:
    """Return how many of the evenly spread places come before so many of the requests."""
    # requests * places / total, rounded, in whole numbers.
    return (2 * requests * places + total) // (2 * total)

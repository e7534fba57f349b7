"""The output that wrk prints at the end of a run, read exact to the digits.

The lines are kept as they are printed. Values are decimal numbers: ``57.13ms`` is 0.05713 s, and
not one digit more is known of it. The formats are those of
``units.c`` and of ``print_units`` in ``wrk.c``, the same from wrk 4.0.2 to 4.2.0::

    Running 10s test @ http://127.0.0.1:8000/
      20 threads and 2000 connections
      Thread Stats   Avg      Stdev     Max   +/- Stdev
        Latency    57.13ms  113.12ms   2.00s    92.84%
        Req/Sec     1.61k     1.05k    9.98k    66.15%
      Latency Distribution                                       with --latency
         50%   30.12ms
      320012 requests in 10.03s, 94.00MB read
      Socket errors: connect 0, read 0, write 0, timeout 12      where one is not 0
      Non-2xx or 3xx responses: 3                                where there are any
    Requests/sec:  31896.61
    Transfer/sec:      9.37MB

The column of means is eight wide and cuts what is longer: 1000.00ms is printed ``1000.00m``. The
columns may touch, since a maximum can be just as wide as its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

_TIME = r"\d+\.\d\d(?:us|ms|s|m)"
_AMOUNT = r"\d+\.\d\d[kMGTP]?"
_SIZE = r"\d+\.\d\d[KMGTP]?B"
_SHARE = r"(?:-?nan|\d+\.\d\d)%"
_COLUMNS = ("average", "deviation", "longest", "within")
SOCKET_ERRORS = ("connect", "read", "write", "timeout")


def _row(label: str, name: str, figure: str) -> str:
    forms = zip(_COLUMNS, (figure, figure, figure, _SHARE), strict=True)
    return rf"{label}\s+" + r"\s*".join(f"(?P<{name}_{column}>{form})" for column, form in forms)


_LINES = tuple(
    re.compile(pattern)
    for pattern in (
        r"Running (?P<duration>\d+[smh]) test @ (?P<url>\S+)",
        r"(?P<threads>\d+) threads and (?P<connections>\d+) connections",
        r"(?P<header>Thread Stats)\s+Avg\s+Stdev\s+Max\s+\+/- Stdev",
        _row("Latency", "latency", _TIME),
        _row("Req/Sec", "per_thread", _AMOUNT),
        r"(?P<has_distribution>Latency Distribution)",
        rf"(?P<percent>\d+)%\s+(?P<at>{_TIME})",
        rf"(?P<requests>\d+) requests in (?P<elapsed>{_TIME}), (?P<received>{_SIZE}) read",
        r"Socket errors: connect (?P<connect>\d+), read (?P<read>\d+), write (?P<write>\d+),"
        r" timeout (?P<timeout>\d+)",
        r"Non-2xx or 3xx responses: (?P<bad_statuses>\d+)",
        r"Requests/sec:\s+(?P<requests_per_s>\d+\.\d\d)",
        rf"Transfer/sec:\s+(?P<received_per_s>{_SIZE})",
    )
)
_LABELS = (
    "Thread Stats",
    "Latency ",
    "Req/Sec ",
    "Socket errors:",
    "Non-2xx or 3xx responses:",
    "Requests/sec:",
    "Transfer/sec:",
)
"""The beginnings of lines that must be as above."""
_FIRST_LINES = 3
"""The number of lines above the figures, which notes often leave out."""
_NEEDED = {
    "latency_average": "Latency",
    "per_thread_average": "Req/Sec",
    "requests": "... requests in ...",
    "requests_per_s": "Requests/sec",
    "received_per_s": "Transfer/sec",
}
# The column of means is eight wide: 1000.00ms is cut to "1000.00m". Minutes have fewer digits.
_CUT = re.compile(r"\d{4}\.\d\dm")
_PRINTED = re.compile(r"(?P<digits>\d+\.\d\d)(?P<unit>us|ms|s|m)")
_SECONDS = {"us": Decimal("1e-6"), "ms": Decimal("1e-3"), "s": Decimal(1), "m": Decimal(60)}


@dataclass(frozen=True, slots=True)
class Spread:
    """A row of wrk's thread statistics, as printed, to be shown."""

    average: str
    deviation: str
    longest: str
    within: str
    """The share of the samples within one standard deviation; ``-nan%`` without samples."""

    @property
    def has_samples(self) -> bool:
        """True if anything was measured: without samples, wrk prints zeros."""
        return "nan" not in self.within


@dataclass(frozen=True, slots=True)
class WrkRun:
    """One run of wrk. Texts are as printed, to be shown; None is what wrk did not print."""

    printed: tuple[str, ...]
    """Its lines, without other text before and behind them."""
    url: str | None
    duration: str | None
    """The requested duration, rounded: wrk prints 51 s as ``1m``."""
    threads: int | None
    connections: int | None
    latency: Spread
    """The latency as wrk corrects it, without responses after the timeout."""
    per_thread: Spread
    """The requests per second of one thread."""
    distribution: Mapping[int, str] | None
    """The latency by percentile, corrected as well; None without ``--latency``."""
    requests: int
    elapsed: str
    received: str
    socket_errors: Mapping[str, int]
    """Their number by kind; all are 0 if wrk prints no such line."""
    bad_statuses: int
    """The number of responses with a status above 399; 0 if wrk prints no such line."""
    requests_per_s: str
    received_per_s: str
    rps: Decimal
    """The requests per second, those with a bad status among them."""
    mean_s: Decimal | None
    """The mean latency in seconds; None without samples."""
    percentiles_s: Mapping[int, Decimal]
    """The latency in seconds by percentile; empty if wrk printed none, or had no samples."""

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> Self:
        """Return the run of these lines; what a script printed between them is passed over.

        Raises ValueError, in words, if they are not all the lines of one run.
        """
        printed: list[str] = []
        found: dict[str, str] = {}
        distribution: dict[int, str] = {}
        for line in map(str.strip, lines):
            if not (groups := _groups(line)):
                continue
            if percent := groups.get("percent"):
                groups = {f"{percent}%": groups["at"]}
                distribution[int(percent)] = groups[f"{percent}%"]
            if found.keys() & groups.keys():
                raise ValueError(f"{line!r} is the second of its kind")
            found |= groups
            printed.append(line)
        if missing := [label for name, label in _NEEDED.items() if name not in found]:
            raise ValueError(f"it has no line {missing[0]!r}")
        latency = _spread(found, "latency")
        # Without samples wrk prints zeros, which are no latencies.
        measured = distribution if latency.has_samples else {}
        threads, connections = (found.get(name) for name in ("threads", "connections"))
        return cls(
            printed=tuple(printed),
            url=found.get("url"),
            duration=found.get("duration"),
            threads=None if threads is None else int(threads),
            connections=None if connections is None else int(connections),
            latency=latency,
            per_thread=_spread(found, "per_thread"),
            distribution=distribution if "has_distribution" in found else None,
            requests=int(found["requests"]),
            elapsed=found["elapsed"],
            received=found["received"],
            socket_errors={kind: int(found.get(kind, 0)) for kind in SOCKET_ERRORS},
            bad_statuses=int(found.get("bad_statuses", 0)),
            requests_per_s=found["requests_per_s"],
            received_per_s=found["received_per_s"],
            rps=Decimal(found["requests_per_s"]),
            mean_s=_mean_s(latency),
            percentiles_s={percent: seconds(at) for percent, at in measured.items()},
        )

    @property
    def timeouts(self) -> int:
        """The number of responses after the timeout; wrk does not count those that never came."""
        return self.socket_errors["timeout"]

    @property
    def errors(self) -> int:
        """The number of failed connections, reads and writes, and of bad statuses."""
        return sum(self.socket_errors.values()) - self.timeouts + self.bad_statuses

    def percentile_s(self, percent: int) -> Decimal | None:
        """Return a percentile of the latency in seconds; None if it is not known."""
        return self.percentiles_s.get(percent)


def begins_run(line: str) -> bool:
    """Return True if this may be the first line of a run, also of one without those above."""
    return any(form.fullmatch(line) for form in _LINES[:_FIRST_LINES])


def belongs_to_run(line: str) -> bool:
    """Return True if this is a line of figures, which is of no use by itself."""
    return any(form.fullmatch(line) for form in _LINES[_FIRST_LINES:])


def ends_run(line: str) -> bool:
    """Return True if this is the last line of a run."""
    return line.startswith(_LABELS[-1])


def seconds(printed: str) -> Decimal:
    """Return the seconds of a time as wrk prints it, such as ``57.13ms``.

    Raises ValueError for other text.
    """
    match = _PRINTED.fullmatch(printed)
    if match is None:
        raise ValueError(f"{printed!r} is no time of wrk's")
    return Decimal(match["digits"]) * _SECONDS[match["unit"]]


def _groups(line: str) -> dict[str, str]:
    """Return the named parts of a line of wrk's; nothing for other lines.

    Raises ValueError if it begins like one of wrk's and does not go on like one.
    """
    for form in _LINES:
        if match := form.fullmatch(line):
            return match.groupdict()
    if line.startswith(_LABELS):
        raise ValueError(f"{line!r} is not as wrk prints it")
    return {}


def _mean_s(latency: Spread) -> Decimal | None:
    if not latency.has_samples:
        return None
    average = latency.average
    return seconds(f"{average}s" if _CUT.fullmatch(average) else average)


def _spread(found: Mapping[str, str], name: str) -> Spread:
    return Spread(*(found[f"{name}_{column}"] for column in _COLUMNS))

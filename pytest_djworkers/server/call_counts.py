"""The Python calls and the memory of a server's requests: plain, frozen data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CalledFunction:
    """A function that requests call."""

    name: str
    """The name with its class."""
    file: str
    """Relative to the site's folder, or to its folder of packages in a library."""
    line: int
    """The line on which it begins."""
    calls: float
    """The number of its calls per request."""


@dataclass(frozen=True, slots=True)
class PerRequest:
    """A figure of several requests that should all have the same."""

    median: float
    low: float
    """The figure that a tenth of the requests is below."""
    high: float
    """The figure that a tenth of the requests is above."""
    requests: int


@dataclass(frozen=True, slots=True)
class CallCounts:
    """The counts of one launch with one worker."""

    calls: PerRequest
    """The number of Python functions that a request calls."""
    memory: PerRequest | None
    """The most bytes that a request has allocated at once; None if it isn't known."""
    functions: tuple[CalledFunction, ...]
    """The functions that are called most often first."""
    python: str = ""
    """The version of Python that served."""

"""The Python calls and the memory of a server's requests: plain, frozen data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self

_LEFT_OUT = 0.1
"""The share of the requests at either end that ``low`` and ``high`` leave out."""


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
    of_site: bool = True
    """False if it is a library's, as far as that is known."""


@dataclass(frozen=True, slots=True)
class PerRequest:
    """A figure of several requests that should all have the same."""

    median: float
    low: float
    """The smallest figure of the middle four fifths."""
    high: float
    """The largest of these."""
    requests: int
    """The number of requests."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Return the figure of requests; there must be one."""
        ordered, left_out = sorted(values), int(_LEFT_OUT * len(values))
        return cls(median(values), ordered[left_out], ordered[-1 - left_out], len(values))

    @classmethod
    def mean(cls, weighted: Sequence[tuple[float, Self]]) -> Self:
        """Return the mean of figures of several kinds of requests, each with its weight."""
        whole = sum(weight for weight, _ in weighted)
        return cls(
            sum(weight * one.median for weight, one in weighted) / whole,
            sum(weight * one.low for weight, one in weighted) / whole,
            sum(weight * one.high for weight, one in weighted) / whole,
            sum(one.requests for _, one in weighted),
        )


@dataclass(frozen=True, slots=True)
class CallCounts:
    """The counts of one launch with one worker."""

    calls: PerRequest
    """The number of Python functions that a request calls."""
    memory: PerRequest | None
    """The most bytes that a request has allocated at once; None if it isn't known."""
    functions: tuple[CalledFunction, ...]
    """The functions behind the calls, those that are called most often first."""
    python: str
    """The version of Python that served, such as ``3.11``: another one calls other functions."""

"""The longest time without a response, over agents each of which saw only its own responses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SHARE = 1000
"""Gaps shorter than this part of the window are not kept, so that there are few."""


class ResponseGaps:
    """The gaps between one agent's responses. Times are nanoseconds of the monotonic clock."""

    def __init__(self, begin_ns: int, end_ns: int) -> None:
        self._begin_ns = self._last_ns = begin_ns
        self._least_ns = (end_ns - begin_ns) // SHARE
        self._kept: list[tuple[int, int]] = []

    def response_at(self, now_ns: int) -> None:
        """Note a response, which came at the same time as the last one or later."""
        if now_ns - self._last_ns > self._least_ns:
            self._kept.append((self._last_ns - self._begin_ns, now_ns - self._begin_ns))
        self._last_ns = now_ns

    def until(self, end_ns: int) -> list[tuple[int, int]]:
        """Return all gaps up to the window's end, as times since its beginning."""
        self.response_at(end_ns)
        return self._kept


def longest_common_ns(agents: Iterable[Sequence[tuple[int, int]]]) -> int:
    """Return the longest time that is in a gap of every agent, in nanoseconds; 0 if there is none.

    While one agent waits another may be served, so the longest gap of each tells nothing.
    """
    every = iter(agents)
    common = list(next(every, ()))
    for gaps in every:
        common = _intersection(common, gaps)
    return max((end - begin for begin, end in common), default=0)


def _intersection(
    some: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the times that are in a gap of both; each is ascending and without overlaps."""
    found = []
    remaining = iter(others)
    other = next(remaining, None)
    for begin, end in some:
        while other is not None:
            common = (max(begin, other[0]), min(end, other[1]))
            if common[0] < common[1]:
                found.append(common)
            # The one that ends first can't reach into the next of the other list.
            if other[1] > end:
                break
            other = next(remaining, None)
    return found

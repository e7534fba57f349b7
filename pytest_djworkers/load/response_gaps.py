"""The longest time without an answer, over agents that each saw only their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SHARE = 1000
"""Gaps shorter than this part of the window are not kept, so that there are few."""


class ResponseGaps:
    """One agent's gaps between answers; times are nanoseconds of the monotonic clock."""

    def __init__(self, begin_ns: int, end_ns: int) -> None:
        self._begin_ns = self._last_ns = begin_ns
        self._least_ns = (end_ns - begin_ns) // SHARE
        self._kept: list[tuple[int, int]] = []

    def answered(self, now_ns: int) -> None:
        """An answer came, not before the last one did."""
        if now_ns - self._last_ns > self._least_ns:
            self._kept.append((self._last_ns - self._begin_ns, now_ns - self._begin_ns))
        self._last_ns = now_ns

    def whole(self, end_ns: int) -> list[tuple[int, int]]:
        """All of them, as times since the window began, up to its end."""
        self.answered(end_ns)
        return self._kept


def longest_common_ns(agents: Iterable[Sequence[Sequence[int]]]) -> int:
    """The longest time that is in a gap of every agent; 0 where there is none."""
    every = iter(agents)
    common = [(begin, end) for begin, end in next(every, ())]
    for gaps in every:
        common = _intersection(common, gaps)
    return max((end - begin for begin, end in common), default=0)


def _intersection(
    some: Sequence[tuple[int, int]], others: Sequence[Sequence[int]]
) -> list[tuple[int, int]]:
    """What is in a gap of both; each list is ascending and without overlaps."""
    found = []
    remaining = iter(others)
    other = next(remaining, None)
    for begin, end in some:
        while other is not None:
            common = (max(begin, other[0]), min(end, other[1]))
            if common[0] < common[1]:
                found.append(common)
            if other[1] > end:
                break
            other = next(remaining, None)
    return found

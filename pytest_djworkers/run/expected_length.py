"""The expected length of a run's load tests: pure functions. Times are in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from pytest_djworkers.run.budget.planner import FIRST_LOOK_BLOCKS, LEAST_BLOCKS

TYPICAL_BLOCKS = 5
"""The usual number of blocks of a comparison without a change: ``benchmarks/verdict.py``."""
BLOCK_S = 7.5
"""The time of a block for a usual view: two launches at once, a warm-up, and the windows."""
COMPARISON_STARTS_S = 2.0
"""The time before a comparison's first block: fixtures, rows, and copies of databases."""
BURST_STARTS_S = 2.0
"""The time before a burst: fixtures, rows, and a launch."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The time that a load test takes, as expected or as an earlier run measured it."""

    seconds: float
    blocks: int = 0
    """The number of blocks of its comparisons; 0 if it compares nothing."""
    was_ended: bool = False
    """True if a comparison was ended before it had a verdict."""

    @property
    def whole_s(self) -> float:
        """The time of the test if nothing ends its comparisons."""
        if not self.was_ended or self.blocks >= TYPICAL_BLOCKS:
            return self.seconds
        return self.seconds * TYPICAL_BLOCKS / max(1, self.blocks)

    @property
    def first_look_s(self) -> float:
        """The time of a usual first look; at most that of the test."""
        return self._of_blocks(FIRST_LOOK_BLOCKS)

    @property
    def least_look_s(self) -> float:
        """The time of the shortest first look."""
        return self._of_blocks(LEAST_BLOCKS)

    def _of_blocks(self, number: int) -> float:
        return self.seconds * min(1.0, number / self.blocks) if self.blocks else self.seconds

    @classmethod
    def from_cache(cls, stored: object) -> Self | None:
        """Return what an earlier run has stored; None if it can't be read."""
        if not isinstance(stored, dict):
            return None
        seconds, blocks, was_ended = map(stored.get, ("seconds", "blocks", "was_ended"))
        # Only the type itself: True is an int, too.
        if type(seconds) is not float or type(blocks) is not int or type(was_ended) is not bool:
            return None
        return cls(seconds, blocks, was_ended) if seconds >= 0 <= blocks else None


COMPARISON = Timing(COMPARISON_STARTS_S + TYPICAL_BLOCKS * BLOCK_S, TYPICAL_BLOCKS)
"""The expected timing of a comparison of which nothing is known."""


def cache_key(kind: str) -> str:
    """Return the key of pytest's cache for the timings of bursts, or comparisons, of this kind."""
    return f"djworkers/seconds/{kind}"


def calibration(blocks: int) -> Timing:
    """Return the expected timing of a calibration."""
    return Timing(COMPARISON_STARTS_S + blocks * BLOCK_S, blocks)


def burst(seconds: float) -> Timing:
    """Return the expected timing of a burst with this duration and warm-up together."""
    return Timing(BURST_STARTS_S + seconds)


def expected_s(timings: Iterable[Timing], budget_s: float | None = None) -> float:
    """Return the expected length of all load tests together."""
    whole_s = sum(one.whole_s for one in timings)
    return whole_s if budget_s is None else min(whole_s, budget_s)


def least_budget_s(timings: Iterable[Timing]) -> float:
    """Return the least budget that has room for a first look at each test."""
    return sum(one.least_look_s for one in timings)


def known_timings(stored: object) -> dict[str, Timing]:
    """Return the timings that earlier runs have stored, by node id, but for unreadable ones."""
    if not isinstance(stored, Mapping):
        return {}
    read: dict[str, Any] = {test: Timing.from_cache(one) for test, one in stored.items()}
    return {test: one for test, one in read.items() if one is not None}

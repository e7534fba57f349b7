"""Where the spread of log ratios comes from: from rounds alone, or from launches as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the differences between log ratios come from: the usual analysis of variance."""

    between: float
    """The mean square between blocks."""
    within: float
    """The mean square between the rounds of a block."""
    per_block: float
    """Rounds in a block; where blocks differ, the number that makes up for it."""

    @property
    def launch_variance(self) -> float:
        """What launches add to the variance of a log ratio; never below 0."""
        return max(0.0, (self.between - self.within) / self.per_block)


def spread_of(by_block: Sequence[Sequence[float]]) -> Spread | None:
    """The spread between and within blocks; None without two blocks, one of two rounds."""
    total, blocks = sum(map(len, by_block)), len(by_block)
    if blocks < 2 or total == blocks:
        return None
    means = [sum(block) / len(block) for block in by_block]
    mean = sum(map(sum, by_block)) / total
    within = sum((x - m) ** 2 for block, m in zip(by_block, means, strict=True) for x in block)
    between = sum(len(block) * (m - mean) ** 2 for block, m in zip(by_block, means, strict=True))
    squares = sum(len(block) ** 2 for block in by_block)
    return Spread(
        between=between / (blocks - 1),
        within=within / (total - blocks),
        per_block=(total - squares / total) / (blocks - 1),
    )

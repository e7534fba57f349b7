"""The verdicts, and what the rule for comparisons in one run returns: pure data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_djworkers.verdict.estimate import Estimate
from pytest_djworkers.verdict.rounds import Metric


class Verdict(StrEnum):
    """The words for what a comparison found."""

    OK = "ok"
    REGRESSED = "regressed"
    IMPROVED = "improved"
    INCONCLUSIVE = "inconclusive"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of a finished comparison, for one figure."""

    verdict: Verdict
    metric: Metric
    """The figure that decided: ``errors`` if those came before the figure that was judged."""
    reason: str
    """The reason in one line, for people."""
    estimate: Estimate | None
    """The estimate of the look that decided; None if errors decided, or nothing was compared."""
    blocks: int
    """The number of blocks judged."""
    rounds: int
    """The number of rounds in those blocks; later rounds were not judged."""
    with_errors: int
    """The number of rounds left out because an arm had errors in them."""
    without_figure: int
    """The number of rounds left out because an arm has no such figure."""
    discarded: tuple[tuple[str, int], ...]
    """The reasons why rounds were discarded, each with the number of rounds."""

    @property
    def fails(self) -> bool:
        """True if the test fails by it, ``--djworkers-strict`` aside."""
        return self.verdict is Verdict.REGRESSED


@dataclass(frozen=True, slots=True)
class MoreBlocks:
    """The rule's request for more blocks: nothing is decided yet."""

    total: int
    """The number of blocks, from the first on, to have run before asking the rule again."""
    estimate: Estimate | None = None
    """The estimate of the blocks so far; None if they are too few for one."""

"""The rule for comparisons in one run: pure functions, no clock, no I/O, no randomness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_djworkers.baseline.rounds import Metric, Round

LEAST_CHANGE_RPS = 20.0
"""A smaller change, in requests/s, never counts."""
LEAST_CHANGE_P95_S = 0.005
"""A smaller change of the 95th percentile never counts."""
LEAST_CHANGE_ERRORS = 0.005
"""More errors than before by this share are a regression."""


class Verdict(StrEnum):
    """The words for what a comparison found."""

    OK = "ok"
    REGRESSED = "regressed"
    IMPROVED = "improved"
    INCONCLUSIVE = "inconclusive"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison with a stored baseline found, and whether it fails the test."""

    verdict: Verdict
    reason: str
    fails: bool = False
    ratio: float | None = None
    """New requests/s over stored."""

    @property
    def is_open(self) -> bool:
        """Whether it came to no verdict on what was measured."""
        return self.verdict in {Verdict.INCONCLUSIVE, Verdict.NOT_COMPARED}


def not_compared(reason: str) -> Comparison:
    """A comparison that could not be made, and why."""
    return Comparison(Verdict.NOT_COMPARED, reason)


class Unit(StrEnum):
    """What counts as one independent observation."""

    ROUNDS = "rounds"
    BLOCKS = "blocks"


@dataclass(frozen=True, slots=True)
class Rule:
    """The numbers of the rule; the defaults are those that ``benchmarks/verdict.py`` chose."""

    looks: tuple[int, ...] = (4, 6, 8, 12)
    """After how many blocks a comparison looks, where rounds are the unit."""
    looks_by_blocks: tuple[int, ...] = (8, 12)
    """The same where blocks are the unit."""
    level: float = 0.98
    """Of the interval at each look."""
    confirming_blocks: int = 6
    """How many fresh blocks must say ``regressed`` again."""
    confirming_level: float = 0.95


RULE = Rule()


@dataclass(frozen=True, slots=True)
class Estimate:
    """How much head differs from base."""

    ratio: float
    """The figure of head over that of base: the Hodges-Lehmann estimate."""
    interval: tuple[float, float] | None
    """Of the ratio; None with too few units for the level."""
    level: float
    unit: Unit
    units: int
    """How many rounds or blocks the interval rests on."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a comparison found, once it is done."""

    verdict: Verdict
    metric: Metric
    """What decided: ``errors`` where those go before the figure that was asked for."""
    reason: str
    """For people, one line."""
    estimate: Estimate | None
    """None where errors decided, or nothing could be compared."""
    confirmation: Estimate | None
    """Of the fresh blocks alone, where there were some."""
    smallest_visible: float | None
    """The smallest change, as a fraction, that this run could have told from none."""
    blocks: int
    """How many were judged, those of the confirmation included."""
    rounds: int
    """How many were judged, out of those of the blocks."""
    with_errors: int
    """Rounds left out of the comparison of speed because an arm had errors in them."""
    without_figure: int
    """Rounds in which an arm has no such figure."""
    discarded: tuple[tuple[str, int], ...]
    """Why rounds were thrown away, and how many."""

    @property
    def fails(self) -> bool:
        """Whether the test fails by it, ``--djworkers-strict`` aside."""
        return self.verdict is Verdict.REGRESSED


@dataclass(frozen=True, slots=True)
class MoreBlocks:
    """Nothing is decided yet."""

    total: int
    """How many blocks must have been run, from the first on, before it is worth asking again."""
    confirming: bool
    """Whether they are to confirm a loss that was seen."""


def judge(
    rounds: Sequence[Round], *, metric: Metric, tolerance: float, rule: Rule = RULE
) -> Judgement | MoreBlocks:
    """Judge all rounds so far, thrown away ones included, or say how many blocks it still takes.

    The whole procedure is replayed from the rounds: call it after each block (or after as many as
    it asked for) with all of them. Blocks beyond those that decided change nothing, so several
    figures can be judged from one run. ``tolerance`` is a fraction of the figure; for errors it
    is by how much the share may grow (0.005: half a percentage point).
    """
    raise NotImplementedError

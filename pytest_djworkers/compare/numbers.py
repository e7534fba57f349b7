"""The numbers of a comparison: how long it warms up, how many blocks there may be, and so on."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_djworkers.compare.discard import DiscardLimits
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.verdict.rule import RULE, Rule

_DISCARD = DiscardLimits()


@dataclass(frozen=True, slots=True)
class ExplanationNumbers:
    """The numbers of an explanation: how many launches it samples, and for how long."""

    least_launches: int = 4
    """The number of launches of each arm, at least."""
    most_launches: int = 6
    visible: float = 0.02
    """The change of a function's time, as a share of all time, that can be told from none when no
    further launches are needed."""
    cpu_s: float = 3.0
    """The time for which each launch's CPU time is sampled, in seconds."""
    waiting_s: float = 1.5
    """The time for which the requests of each launch are sampled, in seconds."""
    responses: int = 8
    """The least number of responses in each of these windows."""


_EXPLANATION = ExplanationNumbers()


@dataclass(frozen=True, slots=True)
class ComparisonNumbers:
    """All numbers of a comparison, in one place. No option changes them.

    A run has its numbers in ``RunContext.comparison_setup.numbers``; tests put others there.
    """

    size: WindowSize | None = None
    """The size of all windows; None to have it follow from the speed of base's view."""
    warm_up_s: float = 0.5
    """Time for which each arm is warmed up after its launch. A view that takes longer gets one
    request on each connection."""
    most_openings: int = 4
    """The number of times that connections are opened, at most, to have some on every worker."""
    calibration_blocks: int = 12
    """The number of blocks of a calibration: enough to tell the spread between launches from the
    spread between rounds."""
    counted_requests: int = 50
    """The number of each arm's requests whose Python calls are counted, if they are."""
    most_blocks: int = 100
    """Safety limit on the blocks of a comparison; the rule asks for fewer."""
    rule: Rule = RULE
    """The numbers of the verdict, such as when to look at the figures."""
    explanation: ExplanationNumbers = _EXPLANATION
    """The numbers of what follows a verdict."""
    discard: DiscardLimits = _DISCARD
    """The limits above which a round is discarded."""


DEFAULT_NUMBERS = ComparisonNumbers()

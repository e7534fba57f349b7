"""The numbers of a comparison: how long windows are, how many blocks there may be, and so on."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_djworkers.compare.discard import DiscardLimits
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.verdict.rule import RULE, Rule

_EARLY_CLOSE = EarlyClose(after_s=0.25, responses=100)
_DISCARD = DiscardLimits()


@dataclass(frozen=True, slots=True)
class ComparisonNumbers:
    """All numbers of a comparison, in one place. No option changes them.

    A run has its numbers in ``RunContext.comparison_setup.numbers``; tests put others there.
    """

    # Short and many: 48 rounds of 0.25 s told differences half as large as 12 rounds of 1 s did, in
    # the same time. Of 100 responses, five are above the 95th percentile: with fewer it would be
    # little more than the maximum.
    early_close: EarlyClose = _EARLY_CLOSE
    """The least duration of a window, and the least number of responses in it. A window closes as
    soon as it has both."""
    longest_window_s: float = 5.0
    """Time limit of a window. A view with too few responses by then is too slow to be compared."""
    warm_up_s: float = 0.5
    """Time for which each arm is warmed up after its launch, in windows that are discarded."""
    most_warm_up_windows: int = 20
    """Limit on the number of those windows."""
    drain_s: float = 30.0
    """Time limit for the requests that are outstanding when a window closes."""
    calibration_blocks: int = 12
    """The number of blocks of a calibration: enough to tell the spread between launches from the
    spread between rounds."""
    most_blocks: int = 100
    """Safety limit on the blocks of a comparison; the rule asks for fewer."""
    rounds_per_block: int = 6
    rule: Rule = RULE
    """The numbers of the verdict, such as when to look at the figures."""
    discard: DiscardLimits = _DISCARD
    """The limits above which a round is discarded."""


DEFAULT_NUMBERS = ComparisonNumbers()

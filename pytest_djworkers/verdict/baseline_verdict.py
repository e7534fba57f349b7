"""The verdict of a burst against a stored baseline: plain data."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_djworkers.verdict.judgement import Verdict


@dataclass(frozen=True, slots=True)
class BaselineVerdict:
    """The result of comparing a burst with a stored baseline."""

    verdict: Verdict
    reason: str
    """The reason in one line, for people."""
    fails: bool = False
    """True if the test fails by it."""
    ratio: float | None = None
    """New requests/s over stored requests/s; None if they were not compared."""

    @property
    def is_open(self) -> bool:
        """True if the figures led to no verdict."""
        return self.verdict in {Verdict.INCONCLUSIVE, Verdict.NOT_COMPARED}


def not_compared(reason: str) -> BaselineVerdict:
    """Return the verdict for a burst that can't be compared, for this reason."""
    return BaselineVerdict(Verdict.NOT_COMPARED, reason)

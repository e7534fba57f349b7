"""The result of a bisection: plain, frozen data."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_djworkers.compare.bisection.candidates import Answer
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.rounds import Metric

UNCOMMITTED = "uncommitted changes"
_SHOWN_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, or the changes of the working tree that are not committed."""

    id: str
    """The full hash; empty for changes that are not committed."""
    subject: str
    """The first line of the message."""
    author: str = ""
    date: str = ""
    """The author's date, such as ``2026-01-31``."""

    @property
    def short(self) -> str:
        """The hash as it is shown, and the subject."""
        return " ".join(filter(None, (self.id[:_SHOWN_DIGITS], self.subject)))

    def __str__(self) -> str:
        """Return the commit with its author and date."""
        return ", ".join(filter(None, (self.short, self.author, self.date)))


@dataclass(frozen=True, slots=True)
class BisectionStep:
    """One comparison of a bisection, of a commit with the working tree."""

    commit: Commit
    answer: Answer
    verdict: Verdict
    """The verdict on the figure that the bisection is about."""
    reason: str
    """The reason of the verdict in a line, or why the commit was skipped."""
    change: float | None
    """The change of that figure from the commit to the working tree, as a fraction; None without
    an estimate."""
    interval: tuple[float, float] | None
    """The interval of that change."""
    measured: float
    """The time of the comparison's end, in Unix time."""
    is_earlier: bool = False
    """True if an earlier run has made the comparison."""


@dataclass(frozen=True, slots=True)
class Bisection:
    """The search for the commit that made a burst slower."""

    good: str
    """The good revision, for people."""
    commits: int
    """The number of candidates after it; changes that are not committed are one."""
    metric: Metric | None
    """The figure that is worse than at the good revision; None if none is, or it isn't known."""
    steps: tuple[BisectionStep, ...]
    """The comparisons in their order; the first one is with the good revision."""
    suspects: tuple[Commit, ...]
    """The candidates that may be the first slower one, newest first: one if it is found, several if
    the others were skipped; none if there is nothing to find."""
    is_over: bool
    """False if the run was ended before that; the next run goes on."""

    @property
    def has_found(self) -> bool:
        """True if the first slower commit, or a few that it is one of, are known."""
        return self.is_over and bool(self.suspects)

    @property
    def is_one_of_several(self) -> bool:
        """True if the good revision is faster by more than the commit that is found explains."""
        shown = self.shown
        if shown is None or shown.interval is None or self.steps[0].interval is None:
            return False
        (low, high), (shown_low, shown_high) = self.steps[0].interval, shown.interval
        # Of the other figures, more is worse.
        return high < shown_low if self.metric is Metric.RPS else low > shown_high

    @property
    def shown(self) -> BisectionStep | None:
        """The comparison that shows the loss: that with the last good commit; None before."""
        good = [one for one in self.steps if one.answer is Answer.GOOD]
        return good[-1] if good else None

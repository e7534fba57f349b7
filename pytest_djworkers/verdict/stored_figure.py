"""One figure of a burst against the stored one: how it changed, and which bound it exceeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from pytest_djworkers.units import (
    before_and_after,
    format_change,
    format_duration,
    format_rate,
    format_share,
)
from pytest_djworkers.verdict.burst_figures import Figures
from pytest_djworkers.verdict.prediction import prediction_ceiling, prediction_floor
from pytest_djworkers.verdict.rounds import Metric

# Wide enough for two days on a shared machine, where the same code differs by 10 % and more.
GROSS_FACTOR = 2.0
"""A figure worse than the stored one by this factor fails the test."""
INTERVAL_LOSS = 0.3
"""With enough stored sessions, a loss above this fails the test if it is also outside their
prediction interval."""


class Change(Enum):
    """The ways in which a figure can differ from the stored one."""

    NONE = auto()
    BETTER = auto()
    WORSE = auto()
    UNKNOWN = auto()
    """It can't be told, or it may be the measurement's."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result for one figure."""

    text: str
    """The figures and the bound that they exceed, in words; empty if there is nothing to say."""
    change: Change = Change.NONE
    fails: bool = False
    """True if the test fails by it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A figure that can be compared: requests/s, or a cost in seconds, which is better small."""

    metric: Metric
    title: str
    """The figure's name, which stands before a cost and behind requests/s."""
    of: Callable[[Figures], float | None]
    written: Callable[[float], str]
    is_cost: bool = True
    has_tripwire: bool = True
    """False if only a limit of the test's own can be exceeded."""
    doubt_of: Callable[[Figures], str] = lambda figures: ""  # noqa: ARG005  # only CPU time has one

    def changed(self, before: float, now: float) -> str:
        """Return the figure before and now, and its change: ``471 → 44.00 requests/s (-90.7%)``."""
        values = before_and_after(self.written(before), self.written(now))
        text = f"{self.title} {values}" if self.is_cost else f"{values} {self.title}"
        return f"{text} ({format_change(now / before)})"

    def loss(self, before: float, now: float) -> float:
        """Return the fraction of the stored figure that is lost, or by which a cost grew.

        It is below 0 for a gain.
        """
        return now / before - 1 if self.is_cost else 1 - now / before

    def is_gross(self, before: float, now: float) -> bool:
        """Return whether the figure is worse than the stored one by more than the gross factor."""
        return now > GROSS_FACTOR * before if self.is_cost else now * GROSS_FACTOR < before

    def unpredicted(self, now: float, values: Sequence[float]) -> str:
        """Return how it is worse than the stored values predict, in words; empty if it isn't."""
        bound = (prediction_ceiling if self.is_cost else prediction_floor)(values)
        if bound is None or (now <= bound if self.is_cost else now >= bound):
            return ""
        side = "above" if self.is_cost else "below"
        return f"{side} the {self.written(bound)} that the {len(values)} stored sessions predict"


SPEED = Kind(Metric.RPS, "requests/s", lambda figures: figures.rps, format_rate, is_cost=False)
CPU = Kind(
    Metric.CPU_PER_REQUEST,
    "CPU per request",
    lambda figures: figures.cpu_per_request_s or None,
    format_duration,
    doubt_of=lambda figures: figures.cpu_doubt,
)
# Latency and requests/s of a saturated server are one figure: a second warning about it would say
# nothing new.
P95 = Kind(
    Metric.P95,
    "p95",
    lambda figures: figures.p95_s or None,
    format_duration,
    has_tripwire=False,
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds on the changes of a figure, as fractions of it."""

    tolerance: float
    limit: float | None
    """The limit that the test itself has."""
    believes_loss: bool = True
    """False if a loss may be the measurement's and not the server's."""


def judge_figure(kind: Kind, new: Figures, stored: Sequence[Figures], bounds: Bounds) -> Finding:
    """Return the finding on one figure against the stored sessions, the oldest first."""
    before, now, limit = kind.of(stored[-1]), kind.of(new), bounds.limit
    if now is None:
        return _missing(kind, "this burst has none that is known", limit)
    if before is None:
        return _missing(kind, "the baseline has none", limit, advice=": save it anew")
    if not before:
        return _open(kind, f"the baseline has 0 {kind.title}", limit, advice=": save it anew")
    text, loss = kind.changed(before, now), kind.loss(before, now)
    if doubt := kind.doubt_of(new) or kind.doubt_of(stored[-1]):
        text = f"{text}, not judged: {doubt}"
        return Finding(text) if limit is None else _open(kind, text, limit)
    failing = _why_it_fails(kind, now, stored, limit)
    is_worse = bool(failing) or (kind.has_tripwire and loss > bounds.tolerance)
    if is_worse and not bounds.believes_loss:
        is_exceeded = limit is not None and loss > limit
        return _open(kind, f"{text}, not believed", limit if is_exceeded else None)
    if is_worse:
        why = failing or f"beyond the tolerance of {format_share(bounds.tolerance)}"
        return Finding(f"{text}, {why}", Change.WORSE, fails=bool(failing))
    is_better = kind.has_tripwire and -loss > bounds.tolerance
    return Finding(text, Change.BETTER if is_better else Change.NONE)


def limit_in_words(metric: Metric, share: float) -> str:
    """Return a limit of a test as its marker says it."""
    of = "" if metric is Metric.RPS else f", metric={metric.value!r}"
    return f"max_regression({format_share(share)}{of})"


def _why_it_fails(kind: Kind, now: float, stored: Sequence[Figures], limit: float | None) -> str:
    """Return which bound a figure exceeds that fails the test, in words; empty for none."""
    values = [
        value
        for figures in stored
        if not kind.doubt_of(figures) and (value := kind.of(figures)) is not None
    ]
    loss = kind.loss(values[-1], now)
    # The user's own limit first: it is the one that they can change.
    if limit is not None and loss > limit:
        return f"limit {limit_in_words(kind.metric, limit)}"
    if not kind.has_tripwire:
        return ""
    if kind.is_gross(values[-1], now):
        return f"worse by more than a factor of {GROSS_FACTOR:g}"
    if loss > INTERVAL_LOSS and (unpredicted := kind.unpredicted(now, values)):
        return f"worse by more than {format_share(INTERVAL_LOSS)} and {unpredicted}"
    return ""


def _missing(kind: Kind, why: str, limit: float | None, *, advice: str = "") -> Finding:
    """Return the finding on a cost that a side has not, which matters to a limit alone."""
    if limit is None:
        return Finding("")
    return _open(kind, f"{kind.title}: {why}", limit, advice=advice)


def _open(kind: Kind, text: str, limit: float | None, *, advice: str = "") -> Finding:
    """Return the finding on a figure that tells nothing: a limit that can't be judged fails."""
    if limit is None:
        return Finding(text, Change.UNKNOWN)
    text = f"{text}, so {limit_in_words(kind.metric, limit)} can't pass{advice}"
    return Finding(text, Change.UNKNOWN, fails=True)

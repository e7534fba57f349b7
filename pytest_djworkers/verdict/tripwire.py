"""The rule against a stored baseline: pure functions, no clock, no I/O.

A stored baseline is a tripwire: figures of one session differ from those of the next by a bias
that no number of bursts averages out (on shared machines 10 % and more), so a loss beyond the
tolerance is a warning, and only a gross one fails a test that did not ask for more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_djworkers.units import format_change, format_duration, format_rate, format_share
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict, not_compared
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.least_change import (
    LEAST_CHANGE_ERRORS,
    LEAST_CHANGE_P95_S,
    LEAST_CHANGE_RPS,
)
from pytest_djworkers.verdict.prediction import prediction_floor
from pytest_djworkers.verdict.rounds import Metric

# Wide enough for two days on a shared machine, where the same code differs by 10 % and more.
GROSS_FACTOR = 2.0
"""A figure worse than the stored one by this factor fails the test."""
INTERVAL_LOSS = 0.3
"""With enough stored sessions, a loss above this fails the test if it is also outside their
prediction interval."""
NO_LIMITS: Mapping[Metric, float] = {}


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a burst that are compared; errors are a fraction of all requests."""

    rps: float
    error_share: float
    p95_s: float | None = None
    cpu_per_request_s: float | None = None
    """Like the 95th percentile, None if it is not known."""


@dataclass(frozen=True, slots=True)
class _Cost:
    """A figure that is better small, in seconds."""

    name: str
    of: Callable[[Figures], float | None]
    least_change_s: float


_COSTS: Mapping[Metric, _Cost] = {
    Metric.P95: _Cost("p95", lambda figures: figures.p95_s, LEAST_CHANGE_P95_S),
    Metric.CPU_PER_REQUEST: _Cost(
        "CPU per request", lambda figures: figures.cpu_per_request_s, least_change_s=0.0
    ),
}


def compare_with_stored(
    new: Figures,
    stored: Sequence[Figures],
    *,
    tolerance: float,
    max_regressions: Mapping[Metric, float] = NO_LIMITS,
) -> BaselineVerdict:
    """Compare a burst with the stored sessions, oldest first; there must be one.

    The last one is the one that users accepted by saving it; the others only predict. The
    tolerance is a fraction of the requests/s, each limit a fraction of its figure; the one on
    errors is the largest growth of their share.
    """
    accepted = stored[-1]
    speed = _compare_speed(new.rps, stored, tolerance, max_regressions.get(Metric.RPS))
    worse = [
        *_more_errors(new, accepted, max_regressions),
        *_dearer(new, accepted, max_regressions),
    ]
    missing = list(_missing(new, accepted, max_regressions))
    if worse:
        reasons = [*worse, *missing, *([speed.reason] if speed.fails else ())]
        # Without a limit of the test's own, more errors only warn, as a loss of speed does.
        fails = bool(max_regressions) or speed.fails
        return BaselineVerdict(Verdict.REGRESSED, "; ".join(reasons), fails=fails)
    if missing:
        # A limit that can't be judged does not pass; but a regression it is only if one was seen.
        verdict = Verdict.REGRESSED if speed.fails else Verdict.NOT_COMPARED
        reason = "; ".join([*missing, speed.reason])
        return replace(speed, verdict=verdict, reason=reason, fails=True)
    return speed


def _more_errors(new: Figures, accepted: Figures, limits: Mapping[Metric, float]) -> Iterator[str]:
    """Yield the shares of errors, in words, if the new one is larger by more than is allowed."""
    if new.error_share > accepted.error_share + limits.get(Metric.ERRORS, LEAST_CHANGE_ERRORS):
        now, before = format_share(new.error_share), format_share(accepted.error_share)
        yield f"errors {now} against {before}"


def _dearer(new: Figures, accepted: Figures, limits: Mapping[Metric, float]) -> Iterator[str]:
    """Yield the figures, in words, that are better small and grew by more than their limits."""
    # Only where the test has a limit on the figure: requests/s and latency of a saturated server
    # are one figure, and a second warning about it would say nothing new.
    for metric, cost in _COSTS.items():
        limit, before, now = limits.get(metric), cost.of(accepted), cost.of(new)
        if limit is None or not before or not now or now - before < cost.least_change_s:
            continue
        if now / before - 1 > limit:
            yield (
                f"{cost.name} {format_duration(now)} against {format_duration(before)}"
                f" ({format_change(now / before)}), limit {_limit(metric, limit)}"
            )


def _missing(new: Figures, accepted: Figures, limits: Mapping[Metric, float]) -> Iterator[str]:
    """Yield the limits, in words, on figures that a side has not: they can't pass."""
    if Metric.RPS in limits and not accepted.rps:
        limit = _limit(Metric.RPS, limits[Metric.RPS])
        yield f"the baseline has 0 requests/s, so {limit} can't pass: save it anew"
    for metric, cost in _COSTS.items():
        if metric not in limits:
            continue
        limit = _limit(metric, limits[metric])
        if not cost.of(new):
            yield f"{cost.name}: this burst has none that is known, so {limit} can't pass"
        elif not cost.of(accepted):
            yield f"{cost.name}: the baseline has none, so {limit} can't pass: save it anew"


def _limit(metric: Metric, share: float) -> str:
    """Return a limit as its marker says it."""
    of = "" if metric is Metric.RPS else f", metric={metric.value!r}"
    return f"max_regression({format_share(share)}{of})"


def _compare_speed(
    rps: float, stored: Sequence[Figures], tolerance: float, max_regression: float | None
) -> BaselineVerdict:
    """Return the verdict on requests/s alone."""
    accepted = stored[-1].rps
    if not accepted:
        return not_compared("the stored figure is 0 requests/s")
    ratio = rps / accepted
    change = (
        f"{format_rate(rps)} requests/s against {format_rate(accepted)} ({format_change(ratio)})"
    )
    # Before the factor of two, too: 10 requests/s instead of 25 can be one stall.
    if abs(rps - accepted) < LEAST_CHANGE_RPS:
        return BaselineVerdict(Verdict.OK, change, ratio=ratio)
    loss = 1 - ratio
    if failing := _why_it_fails(rps, stored, loss, max_regression):
        return BaselineVerdict(Verdict.REGRESSED, f"{change}, {failing}", fails=True, ratio=ratio)
    if loss > tolerance:
        beyond = f"beyond the tolerance of {format_share(tolerance)}"
        return BaselineVerdict(Verdict.REGRESSED, f"{change}, {beyond}", ratio=ratio)
    verdict = Verdict.IMPROVED if -loss > tolerance else Verdict.OK
    return BaselineVerdict(verdict, change, ratio=ratio)


def _why_it_fails(
    rps: float, stored: Sequence[Figures], loss: float, max_regression: float | None
) -> str | None:
    """Return which bound a loss of requests/s exceeds, in words; None if it only warns."""
    # The user's own limit first: it is the one that they can change.
    if max_regression is not None and loss > max_regression:
        return f"limit max_regression({format_share(max_regression)})"
    if rps * GROSS_FACTOR < stored[-1].rps:
        return f"worse by more than a factor of {GROSS_FACTOR:g}"
    floor = prediction_floor([figures.rps for figures in stored])
    if floor is not None and loss > INTERVAL_LOSS and rps < floor:
        return (
            f"worse by more than {format_share(INTERVAL_LOSS)} and below the {format_rate(floor)}"
            f" that the {len(stored)} stored sessions predict"
        )
    return None

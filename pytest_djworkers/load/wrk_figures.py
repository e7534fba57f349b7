"""The figures of a run of wrk, as its script writes them, in our classes.

wrk's own percentiles are corrected for "coordinated omission": with E the expected interval,
every sample n >= 2E adds samples at n-E, n-2E, ... (``stats_correct`` in wrk's stats.c). That
makes up samples which nobody measured, so it is undone here, exactly.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pytest_djworkers.load.facts import Connections, GeneratorFacts
from pytest_djworkers.load.generator_names import WRK
from pytest_djworkers.load.histogram import Latency, bucket
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.system.cpu_count import available_cpus


@dataclass(frozen=True, slots=True)
class WrkFigures:
    """The counts of one run. ``wrk.lua`` writes them under these names."""

    duration_us: int
    requests: int
    """The number of complete responses of any status, late ones included."""
    connect: int
    """The number of connections that could not be opened; they stay closed for the whole run."""
    read: int
    write: int
    status: int
    """The number of responses with a status above 399."""
    timeout: int
    """The number of responses that came after the timeout. Their latency is in no histogram."""
    corrected: list[tuple[int, int]] | None
    """The corrected histogram, as microseconds and counts; None if wrk's memory could not be read.
    """


def to_result(
    profile: Profile, figures: WrkFigures, *, version: str, threads: int, cpu_s: float
) -> BurstResult:
    """Return wrk's figures as the result of a burst. What wrk can't know is None."""
    window_s = figures.duration_us / 1e6
    # wrk doesn't tell which late responses were unexpected as well. They can't be more than were
    # expected at all, and no response is counted twice.
    late = min(figures.timeout, figures.requests - figures.status)
    kinds = {"connect": figures.connect, "read": figures.read, "write": figures.write}
    raw = _measured(profile, figures)
    latency = None
    # Responses with an error status are in the histogram too, and can't be told from the others.
    if raw is not None and not figures.status:
        counts: Counter[int] = Counter()
        for value, count in raw.items():
            counts[bucket(value)] += count
        latency = Latency.from_counts(counts)
    return BurstResult(
        profile=profile,
        window_s=window_s,
        ok=figures.requests - late - figures.status,
        late=late,
        unexpected=figures.status,
        error=sum(kinds.values()),
        unanswered=None,
        in_flight=None,
        outside=None,
        statuses=None,
        error_kinds={kind: count for kind, count in kinds.items() if count},
        latency=latency,
        connections=Connections(
            requested=profile.shape.connections, at_work=_at_work(raw, figures.requests, window_s)
        ),
        series=None,
        generator=GeneratorFacts(
            name=WRK,
            version=version,
            agents=threads,
            cpu_share=cpu_s / (window_s * min(threads, available_cpus().usable)),
        ),
    )


def uncorrect(corrected: dict[int, int], interval: int) -> dict[int, int]:
    """Return the samples as measured, from wrk's corrected ones; all in microseconds."""
    counts = dict(corrected)
    # wrk corrects nothing when it has no interval.
    if interval <= 0:
        return counts
    # wrk goes up from 2E, and each sample only adds below itself. So the largest value has had
    # nothing added, and going down from it, each value is final when its turn comes.
    for value in sorted(counts, reverse=True):
        count = counts[value]
        if value < 2 * interval:
            break
        if count:
            # wrk adds at n-E, n-2E, ... above E.
            for below in range(value - interval, interval, -interval):
                counts[below] -= count
    return {value: count for value, count in counts.items() if count}


def _measured(profile: Profile, figures: WrkFigures) -> dict[int, int] | None:
    """Return the histogram as measured; None if it does not agree with the counts."""
    if figures.corrected is None:
        return None
    # The expected interval as wrk computes it, in whole microseconds (``main`` in wrk.c).
    per_connection = figures.requests // profile.shape.connections
    interval = figures.duration_us // per_connection if per_connection else 0
    try:
        raw = uncorrect(dict(figures.corrected), interval)
    except KeyError:  # a value that the correction should have made is missing
        return None
    measured = figures.requests - figures.timeout
    return raw if sum(raw.values()) == measured and min(raw.values(), default=0) >= 0 else None


def _at_work(raw: dict[int, int] | None, requests: int, window_s: float) -> float | None:
    """Return the mean number of connections at work; None without latencies."""
    if not raw:
        return None
    # Little's law: requests per second times mean latency. Requests that would have ended after
    # the window are dropped, and the longer they take, the more of them there are. The share that
    # is kept is 1 - mean / window.
    mean_s = sum(value * count for value, count in raw.items()) / sum(raw.values()) / 1e6
    kept = 1 - mean_s / window_s
    return requests / window_s * mean_s / kept if kept > 0 else None

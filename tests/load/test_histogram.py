"""Percentiles by nearest rank, from buckets that lose no more than they say."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_djworkers.load.histogram import SAMPLES_BEYOND, Counts, Latency, bucket, samples_for
from pytest_djworkers.load.part_tally import US_PER_NS

PERCENTS = {"p50": "50", "p90": "90", "p95": "95", "p99": "99", "p999": "99.9"}
edges = st.builds(lambda us, ns: max(0, us * 1000 + ns), st.integers(0, 2**35), st.integers(-1, 1))
"""Nanoseconds around a whole microsecond, where a bucket may end."""
samples = st.lists(st.integers(0, 10_000_000), max_size=300)


def rank(percent: str, count: int) -> int:
    """The nearest rank, in exact arithmetic."""
    return max(1, ceil(Fraction(percent) * count / 100))


def of(values: list[int]) -> Latency:
    """A histogram of values in microseconds, as they are."""
    return Latency.from_counts(Counter(values))


@given(samples, st.sampled_from([1, 100]), st.sampled_from(sorted(PERCENTS)))
@example(list(range(200)), 100, "p999")
def test_a_percentile_is_the_value_of_the_nearest_rank(
    several: list[int], times: int, name: str
) -> None:
    values = sorted(several * times)
    nearest = rank(PERCENTS[name], len(values))
    enough = bool(values) and len(values) - nearest >= SAMPLES_BEYOND
    assert getattr(of(values), name) == (values[nearest - 1] / 1e6 if enough else None)


@pytest.mark.parametrize(
    ("percent", "enough"), [(50, 20), (90, 100), (95, 200), (99, 1000), (99.9, 10_000)]
)
def test_a_percentile_needs_ten_samples_beyond_it(percent: float, enough: int) -> None:
    assert of([5] * enough).why_not(percent) is None
    reason = of([5] * (enough - 1)).why_not(percent)
    assert samples_for(percent) == enough
    assert reason == f"p{percent:g} of {enough - 1:,} samples has 9 beyond it (10 are needed)"
    assert of([5] * (enough - 1)).percentile(percent) is None


def test_a_histogram_without_samples_has_no_figures() -> None:
    nothing = Latency(())
    assert (nothing.count, nothing.mean, nothing.max, nothing.p50) == (0, None, None, None)
    assert nothing.why_not(50) == "no samples"


@given(samples.filter(bool))
def test_mean_and_longest_are_those_of_the_samples(values: list[int]) -> None:
    assert of(values).count == len(values)
    assert of(values).mean == pytest.approx(sum(values) / len(values) / 1e6)
    assert of(values).max == max(values) / 1e6


@given(st.integers(0, 2**40))
def test_a_bucket_is_within_a_thousandth_and_exact_below_2048_us(microseconds: int) -> None:
    # The middle of the bucket: half as far from any value in it as its lower edge.
    off = abs(bucket(microseconds) - microseconds)
    assert off * 2048 <= microseconds * (microseconds >= 2048)
    assert bucket(bucket(microseconds)) == bucket(microseconds)


@given(st.lists(st.integers(0, 2**45) | edges, max_size=100), st.integers(0, 100))
def test_counting_in_parts_counts_every_sample_in_its_bucket(
    nanoseconds: list[int], cut: int
) -> None:
    counts = Counts()
    for part in (nanoseconds[:cut], nanoseconds[cut:]):
        counts.add(sample * US_PER_NS for sample in part)
    every = Counter(bucket(sample // 1000) for sample in nanoseconds)
    assert counts.items() == sorted(every.items())


def test_a_sample_longer_than_any_counts_as_the_longest() -> None:
    counts = Counts()
    counts.add([2**36, 2**60])
    assert [count for _, count in counts.items()] == [2]


def test_values_with_a_count_of_zero_are_left_out() -> None:
    assert Latency.from_counts({7: 0, 3: 2, 1: 1}).counts == ((1, 1), (3, 2))


def test_a_rank_is_there_however_few_samples_lie_beyond_it() -> None:
    assert Latency(((1000, 95), (2000, 5))).nearest_rank(95) == 0.001
    assert Latency(((1000, 94), (2000, 6))).nearest_rank(95) == 0.002
    assert Latency(((1000, 94), (2000, 6))).p95 is None
    assert Latency(()).nearest_rank(95) is None


@given(st.lists(st.integers(1, 2**35), min_size=1))
def test_coarse_counts_are_all_samples_within_a_few_percent(samples: list[int]) -> None:
    counts = Counts()
    counts.add(map(float, samples))
    expanded = [value for value, count in counts.coarse() for _ in range(count)]
    assert expanded == sorted(expanded)
    for found, sample in zip(expanded, sorted(samples), strict=True):
        assert found == pytest.approx(sample, rel=0.04, abs=1)

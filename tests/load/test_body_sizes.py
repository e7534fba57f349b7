"""Body lengths are counted in runs, and come out as if each had been counted by itself."""

from __future__ import annotations

from array import array
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.body_sizes import BodySizes
from pytest_djworkers.load.histogram import bucket

steps = st.one_of(
    st.tuples(st.just("begin a run"), st.integers(0, 5000)),
    st.tuples(st.just("of the run"), st.integers(1, 5)),
    st.tuples(st.just("alone"), st.integers(0, 5000)),
    st.tuples(st.just("fold"), st.just(0)),
)


@given(st.integers(0, 5000), st.lists(steps, max_size=30))
def test_each_response_is_counted_once_with_its_length(
    size: int, steps: list[tuple[str, int]]
) -> None:
    samples, expected = array("d"), Counter[int]()
    sizes = BodySizes(samples)
    sizes.begin_run(size)
    for step, number in steps:
        if step == "begin a run":
            size = number
            sizes.begin_run(size)
        elif step == "of the run":
            samples.extend([1.0] * number)
            expected[bucket(size)] += number
        elif step == "alone":
            sizes.add(number)
            samples.append(1.0)
            expected[bucket(number)] += 1
        else:
            sizes.fold()
            del samples[:]
    sizes.fold()
    assert sizes.items() == sorted(expected.items())

"""The longest time without an answer, held against every moment looked at by itself."""

from __future__ import annotations

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.response_gaps import SHARE, ResponseGaps, longest_common_ns

BEGIN = 1000
WINDOW = 400

moments = st.lists(st.integers(0, WINDOW - 1), max_size=30)


def gaps_of(answers: list[int]) -> list[tuple[int, int]]:
    """Return the gaps of an agent with responses at these times of its window."""
    gaps = ResponseGaps(BEGIN, BEGIN + WINDOW)
    for moment in sorted(answers):
        gaps.response_at(BEGIN + moment)
    return gaps.until(BEGIN + WINDOW)


@given(st.lists(moments, min_size=1, max_size=4))
def test_the_longest_gap_is_that_of_the_responses_of_all_agents(agents: list[list[int]]) -> None:
    every = {moment for answers in agents for moment in answers}
    empty = [
        len(list(run))
        for is_answer, run in groupby(moment in every for moment in range(WINDOW))
        if not is_answer
    ]
    longest = longest_common_ns(gaps_of(answers) for answers in agents)
    # From answer to answer, so one more than the moments between; at the start, not.
    assert longest - 1 <= max(empty, default=0) <= longest


def test_a_burst_without_a_response_is_one_gap() -> None:
    assert longest_common_ns([gaps_of([]), gaps_of([])]) == WINDOW
    assert longest_common_ns([]) == 0


def test_gaps_shorter_than_a_thousandth_of_the_window_are_not_kept() -> None:
    gaps = ResponseGaps(0, SHARE * 10)
    for moment in range(0, SHARE * 10, 10):
        gaps.response_at(moment)
    assert gaps.until(SHARE * 10) == []

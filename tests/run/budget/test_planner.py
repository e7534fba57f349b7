"""The planner of a budget, without a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.run.budget.planner import (
    Limit,
    Standing,
    Waiting,
    allowance,
    even_share,
    next_look_s,
    order_of_turns,
    standing_of,
)
from pytest_djworkers.verdict.judgement import MoreBlocks
from pytest_djworkers.verdict.rounds import Metric

STANDINGS = st.lists(
    st.builds(Standing, loss=st.floats(-2, 2), next_look_s=st.floats(0.1, 100)), min_size=1
)
WAITING = st.dictionaries(st.integers(), st.builds(Waiting, st.integers(1, 5), STANDINGS))


def more(total: int, ratio: float | None) -> MoreBlocks:
    estimate: Any = None if ratio is None else SimpleNamespace(ratio=ratio)
    return MoreBlocks(total, estimate)


def test_a_standing_has_the_worst_loss_and_the_time_to_the_next_look() -> None:
    judged = {Metric.RPS: more(6, 0.9), Metric.P95: more(8, 2.0)}
    found = standing_of(4, judged, 10.0)
    assert found is not None
    assert round(found.loss, 3) == 0.693
    assert found.next_look_s == 20.0
    assert standing_of(4, {Metric.RPS: more(4, None)}, 10.0) == Standing(0.0, 10.0)
    slower = standing_of(4, {Metric.RPS: more(5, 0.5)}, 10.0)
    assert slower is not None
    assert slower.loss > 0
    assert standing_of(4, {}, 10.0) is None


def test_those_with_fewer_turns_come_first_and_then_the_worst() -> None:
    waiting = {
        "mild": Waiting(1, [Standing(0.1, 5)]),
        "worst": Waiting(1, [Standing(-0.3, 5), Standing(0.2, 5)]),
        "had its turn": Waiting(2, [Standing(0.9, 5)]),
        "takes too long": Waiting(1, [Standing(0.9, 50)]),
    }
    assert order_of_turns(waiting, 20.0) == ["worst", "mild", "had its turn"]


@given(WAITING, st.floats(0, 1000))
def test_only_tests_whose_next_look_fits_have_a_turn(
    waiting: dict[int, Waiting], left_s: float
) -> None:
    order = order_of_turns(waiting, left_s)
    assert len(set(order)) == len(order)
    for test, one in waiting.items():
        assert (test in order) == (next_look_s(one.open) <= left_s)


@given(st.lists(STANDINGS), st.floats(-10, 1000))
def test_an_allowance_leaves_each_other_test_its_next_look(
    others: list[list[Standing]], left_s: float
) -> None:
    allowed = allowance(others, left_s)
    assert allowed >= 0
    reserved = sum(map(next_look_s, others))
    assert allowed == 0 or allowed + reserved <= left_s + 1e-6


@given(st.lists(st.floats(0, 2), min_size=1, max_size=30), st.floats(1, 1000))
def test_first_looks_that_keep_to_their_shares_keep_to_the_budget(
    parts: list[float], budget_s: float
) -> None:
    left_s = budget_s
    for done, part in enumerate(parts):
        left_s -= min(1.0, part) * even_share(left_s, len(parts) - done)
    assert left_s >= -1e-6


def test_a_limit_counts_blocks_and_time() -> None:
    first_look = Limit(60.0, "", most_blocks=4, least_blocks=2)
    assert not first_look.is_reached(blocks=1, used_s=55.0, next_look_s=10.0)
    assert first_look.is_reached(blocks=2, used_s=55.0, next_look_s=10.0)
    assert not first_look.is_reached(blocks=3, used_s=50.0, next_look_s=10.0)
    assert first_look.is_reached(blocks=4, used_s=1.0, next_look_s=1.0)


def test_a_slow_view_gets_its_least_blocks_only_within_its_share() -> None:
    small = Limit(5.0, "", least_blocks=2)
    assert not small.is_reached(blocks=1, used_s=19.0, next_look_s=10.0)
    assert small.is_reached(blocks=1, used_s=21.0, next_look_s=10.0)
    large = Limit(200.0, "", least_blocks=2)
    assert not large.is_reached(blocks=1, used_s=70.0, next_look_s=60.0)

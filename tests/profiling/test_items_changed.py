"""The items whose time differs between arms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from pytest_djworkers.profiling.code_folders import Function
from pytest_djworkers.profiling.items_changed import (
    ArmTimes,
    Changed,
    changed_items,
    times_by,
    whole_difference,
)
from pytest_djworkers.profiling.launch_stacks import TimedStack
from tests.support.stacks import BURN, DUMPS, VIEW, WORKER, stack

NOISE = (0.99, 1.0, 1.01, 1.0)


def on(found: TimedStack) -> Iterable[Function]:
    return [one.function for one in found.calls]


def own(found: TimedStack) -> Iterable[Function]:
    return [found.calls[-1].function]


def arm(burn_ms: float, others_ms: float = 10.0) -> Sequence[Sequence[TimedStack]]:
    return [
        (stack(VIEW, ms=others_ms * noise), stack(VIEW, BURN, ms=burn_ms * noise))
        for noise in NOISE
    ]


def changed(base_ms: float, head_ms: float) -> Changed | None:
    return changed_items(ArmTimes(arm(base_ms), arm(head_ms)), own).get(BURN)


def test_a_function_counts_once_on_a_stack() -> None:
    launches = [[stack(VIEW, BURN, BURN, ms=2), stack(VIEW, ms=3)], [stack(DUMPS, ms=4)]]
    assert times_by(launches, on) == {
        WORKER: pytest.approx([0.005, 0.004]),
        VIEW: pytest.approx([0.005, 0]),
        BURN: pytest.approx([0.002, 0]),
        DUMPS: pytest.approx([0, 0.004]),
    }


def test_a_large_change_is_certain() -> None:
    found = changed(5, 8)
    assert found is not None
    assert found.is_certain
    assert found.difference.change_s == pytest.approx(0.003)


def test_a_function_of_one_arm_had_no_time_in_the_other() -> None:
    for base_ms, head_ms in ((0, 5), (5, 0)):
        found = changed(base_ms, head_ms)
        assert found is not None
        assert found.is_certain
        assert found.difference.base_s == pytest.approx(base_ms / 1000)


def test_the_same_is_not_certain() -> None:
    found = changed(5, 5)
    assert found is not None
    assert not found.is_certain


def test_a_change_of_less_than_2_percent_of_all_time_is_not_named() -> None:
    # With so many samples that it is told from none.
    def many(ms: float) -> list[list[TimedStack]]:
        return [
            [TimedStack(one.calls, None, one.time_s, 10**8) for one in stacks]
            for stacks in arm(ms, 100 - ms)
        ]

    base = many(0.5)
    small = changed_items(ArmTimes(base, many(2.3)), own)[BURN]
    assert not small.is_certain
    assert small.difference.chance < 1e-6
    assert changed_items(ArmTimes(base, many(2.7)), own)[BURN].is_certain


def test_an_item_with_less_than_1_percent_is_not_looked_at() -> None:
    assert changed(0.05, 0.09) is None


def test_the_share_of_false_discoveries_decides() -> None:
    base, head = arm(5), arm(5.6)
    chance = changed_items(ArmTimes(base, head), own)[BURN].difference.chance
    for share, is_certain in ((2.1 * chance, True), (0.9 * chance, False)):
        found = changed_items(ArmTimes(base, head, share), own)[BURN]
        assert found.is_certain is is_certain


def test_the_whole_is_all_time_together() -> None:
    found = whole_difference(ArmTimes(arm(5), arm(8)))
    assert (found.base_s, found.head_s) == pytest.approx((0.015, 0.018))
    assert whole_difference(ArmTimes([(), ()], [(), ()])).change_s == 0

"""The time of a burst's requests, by function."""

from __future__ import annotations

import pytest

from pytest_djworkers.profiling.bottleneck import Capacity
from pytest_djworkers.profiling.code_folders import Function, Owner
from pytest_djworkers.profiling.launch_stacks import LaunchStacks
from pytest_djworkers.profiling.time_spent import time_spent
from pytest_djworkers.profiling.waits import Wait
from tests.support.stacks import BURN, DUMPS, VIEW, launch, stack

CAPACITY = Capacity(connections=16, workers=2, cpus=2)


def test_parts_are_the_largest_first_and_waiting_is_apart() -> None:
    found = time_spent(
        launch(
            stack(VIEW, ms=1),
            stack(VIEW, DUMPS, ms=2),
            stack(VIEW, BURN, ms=4),
            stack(VIEW, ms=15, wait=Wait.LOCK),
            cpu_s=0.2,
        ),
        CAPACITY,
    )
    assert [(one.function, one.wait) for one in found.parts] == [
        (VIEW, Wait.LOCK),
        (BURN, None),
        (VIEW, None),
    ]
    assert [one.time_s for one in found.parts] == pytest.approx([0.015, 0.004, 0.003])
    assert (found.cpu_s, found.waiting_s) == pytest.approx((0.007, 0.015))
    assert found.samples == 140
    assert found.limit == "the wait for a lock: 94% of their time"
    assert [one.base_s for one in (*found.cpu_flame.stacks, *found.waiting_flame.stacks)] == [0] * 4


def test_only_the_largest_parts_are_kept() -> None:
    functions = [Function(f"f{number}", "a.py", Owner.SITE) for number in range(40)]
    stacks = [stack(one, ms=number + 1) for number, one in enumerate(functions)]
    found = time_spent(launch(*stacks), CAPACITY)
    assert [one.function.name for one in found.parts] == [f"f{39 - at}" for at in range(30)]


def test_time_that_was_not_sampled_is_not_0() -> None:
    found = time_spent(LaunchStacks(problems=("py-spy is not installed",)), CAPACITY)
    assert (found.cpu_s, found.waiting_s, found.parts, found.limit) == (None, None, (), "")
    assert found.problems == ("py-spy is not installed",)

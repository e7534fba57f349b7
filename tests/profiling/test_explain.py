"""Explanations of made-up launches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_djworkers.load.queries import QueryFigures, Statement
from pytest_djworkers.profiling.bottleneck import Capacity
from pytest_djworkers.profiling.code_changes import NO_CHANGES, CodeChanges
from pytest_djworkers.profiling.code_folders import Function, Owner
from pytest_djworkers.profiling.explain import Measured, explain, is_exact
from pytest_djworkers.profiling.explanation import CauseKind
from pytest_djworkers.profiling.launch_stacks import LaunchStacks
from pytest_djworkers.profiling.query_changes import changes_of
from pytest_djworkers.profiling.waits import Wait
from tests.support.stacks import BURN, DUMPS, QUERY, VIEW, launch, stack

QUERIES = changes_of(
    QueryFigures(0, 0.1, 0, {}, (), 5),
    QueryFigures(9, 0.1, 0, {}, (Statement("SELECT 1", 9, 0.001, "a.py:3", times_s=(0.001,)),), 5),
)
NOISE = (0.98, 1.0, 1.02, 1.01)
CAPACITY = Capacity(connections=16, workers=2, cpus=2)


def measured(
    base: Callable[[float], LaunchStacks],
    head: Callable[[float], LaunchStacks],
    *,
    changes: CodeChanges = NO_CHANGES,
    is_slower: bool | None = True,
) -> Measured:
    return Measured(
        tuple(map(base, NOISE)),
        # Other launches, so that nothing is equal by the way it is made.
        tuple(map(head, reversed(NOISE))),
        changes,
        None,
        is_slower,
        CAPACITY,
    )


def plain(noise: float) -> LaunchStacks:
    return launch(stack(VIEW, ms=5 * noise), stack(VIEW, BURN, ms=5 * noise))


def burning(noise: float) -> LaunchStacks:
    return launch(stack(VIEW, ms=5 * noise), stack(VIEW, BURN, ms=9 * noise))


def test_the_function_that_got_slower_is_the_cause() -> None:
    found = explain(measured(plain, burning))
    (cause,) = found.causes
    assert cause.kind is CauseKind.CPU
    assert cause.place is not None
    assert (cause.place.function, cause.place.caller, cause.place.line) == (BURN, VIEW, 9)
    assert cause.change_s == pytest.approx(0.004, rel=0.02)
    assert found.explained == pytest.approx(1.0, abs=0.05)
    assert found.limits[1] == "" or "CPUs" in found.limits[1]


def test_a_change_the_other_way_is_no_cause_of_a_loss() -> None:
    assert not explain(measured(burning, plain)).causes
    (cause,) = explain(measured(burning, plain, is_slower=False)).causes
    assert cause.change_s < 0


def test_the_same_code_has_no_cause() -> None:
    assert not explain(measured(plain, plain, is_slower=None)).causes


def test_a_library_that_the_site_calls_is_named_with_its_caller() -> None:
    def dumping(noise: float) -> LaunchStacks:
        return launch(stack(VIEW, ms=5 * noise), stack(VIEW, DUMPS, ms=4 * noise))

    (cause,) = explain(measured(lambda noise: launch(stack(VIEW, ms=5 * noise)), dumping)).causes
    assert cause.place is not None
    assert (cause.place.function, cause.place.through) == (VIEW, DUMPS)


@pytest.mark.parametrize("cpu_s", [0.1, 1.9])
def test_a_new_wait_is_a_cause_on_idle_and_on_busy_cpus(cpu_s: float) -> None:
    def waiting(noise: float) -> LaunchStacks:
        return launch(
            stack(VIEW, ms=5 * noise),
            stack(VIEW, BURN, ms=5 * noise),
            stack(VIEW, ms=20 * noise, wait=Wait.LOCK),
            cpu_s=cpu_s,
        )

    found = explain(measured(plain, waiting))
    assert [(one.kind, one.wait) for one in found.causes] == [(CauseKind.WAIT, Wait.LOCK)]


def test_while_the_cpus_are_busy_longer_waits_are_no_cause() -> None:
    def with_query(ms: float) -> Callable[[float], LaunchStacks]:
        return lambda noise: launch(
            stack(VIEW, BURN, ms=ms * noise),
            stack(VIEW, QUERY, ms=ms * 4 * noise, wait=Wait.DATABASE),
        )

    causes = explain(measured(with_query(5), with_query(10))).causes
    assert [one.kind for one in causes] == [CauseKind.CPU]


def test_a_renamed_function_is_compared_with_its_old_self() -> None:
    old = Function("old", "shop/old.py", Owner.SITE)
    changes = CodeChanges(
        frozenset({("shop/views.py", "burn")}),
        {("shop/old.py", "old"): ("shop/views.py", "burn")},
    )

    def before(noise: float) -> LaunchStacks:
        return launch(stack(VIEW, ms=5 * noise), stack(VIEW, old, ms=5 * noise))

    (cause,) = explain(measured(before, burning, changes=changes)).causes
    assert cause.place is not None
    assert cause.place.is_edited
    assert cause.change_s == pytest.approx(0.004, rel=0.02)
    assert not explain(measured(before, plain, changes=changes, is_slower=None)).causes


def test_without_samples_the_problems_are_told() -> None:
    nothing = LaunchStacks(problems=("py-spy is not installed",))
    found = explain(Measured((nothing,) * 4, (nothing,) * 4, NO_CHANGES, None, True, CAPACITY))
    assert found.problems == ("py-spy is not installed",)
    assert (found.causes, found.cpu, found.visible_s) == ((), None, None)


def test_one_launch_of_each_arm_tells_queries_alone() -> None:
    one = replace(measured(plain, burning), base=(plain(1.0),), head=(burning(1.0),))
    found = explain(replace(one, queries=QUERIES))
    assert (found.cpu, found.waiting, found.functions) == (None, None, ())
    assert [cause.kind for cause in found.causes] == [CauseKind.QUERIES]


def test_the_share_of_a_change_that_queries_are_a_part_of_is_not_told() -> None:
    found = explain(replace(measured(plain, burning), queries=QUERIES))
    assert {cause.kind for cause in found.causes} == {CauseKind.CPU, CauseKind.QUERIES}
    assert found.explained is None


def test_a_problem_of_several_launches_is_told_once() -> None:
    base = replace(plain(1.0), problems=("one", "two"))
    found = explain(replace(measured(plain, plain), base=(base,) * 4))
    assert found.problems == ("one", "two")


def test_launches_that_could_not_be_sampled_are_left_out() -> None:
    whole = measured(plain, burning)
    failed = replace(whole.base[1], cpu=(), cpu_load=None)
    found = explain(replace(whole, base=(whole.base[0], failed, *whole.base[2:])))
    assert [one.place.function for one in found.causes if one.place] == [BURN]
    assert explain(replace(whole, base=(failed,) * 3 + whole.base[3:])).cpu is None


def test_causes_of_another_kind_are_no_part_of_what_is_explained() -> None:
    def waiting(noise: float) -> LaunchStacks:
        new = stack(VIEW, ms=2 * noise, wait=Wait.SLEEP)
        return launch(stack(VIEW, ms=5 * noise), stack(VIEW, BURN, ms=9 * noise), new)

    found = explain(measured(plain, waiting))
    assert {one.kind for one in found.causes} == {CauseKind.CPU, CauseKind.WAIT}
    assert found.explained is not None
    assert 0.95 < found.explained < 1.05


def test_it_is_exact_when_a_small_change_could_be_told() -> None:
    assert is_exact(measured(plain, plain), 0.5)
    assert not is_exact(measured(plain, plain), 0.0001)

"""The causes of a change, from made-up times of both arms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_djworkers.load.queries import QueryFigures, Statement
from pytest_djworkers.profiling.causes import CauseFinder
from pytest_djworkers.profiling.code_changes import NO_CHANGES
from pytest_djworkers.profiling.code_folders import Function, Owner
from pytest_djworkers.profiling.explanation import Cause, CauseKind
from pytest_djworkers.profiling.items_changed import ArmTimes
from pytest_djworkers.profiling.launch_stacks import TimedStack
from pytest_djworkers.profiling.query_changes import QueryChanges, changes_of
from pytest_djworkers.profiling.waits import Wait
from tests.support.stacks import BURN, DUMPS, QUERY, VIEW, stack

NOISE = (0.99, 1.0, 1.01, 1.0)


def times(base: Sequence[TimedStack], head: Sequence[TimedStack]) -> ArmTimes:
    """Launches with these stacks and a little noise."""

    def arm(stacks: Sequence[TimedStack]) -> list[list[TimedStack]]:
        return [
            [TimedStack(one.calls, one.wait, one.time_s * noise, one.samples) for one in stacks]
            for noise in NOISE
        ]

    return ArmTimes(arm(base), arm(head))


def finder(**given: Any) -> CauseFinder:
    defaults: dict[str, Any] = {
        "cpu": None,
        "waiting": None,
        "changes": NO_CHANGES,
        "queries": None,
        "is_slower": True,
        "is_computing": True,
    }
    return CauseFinder(**defaults | given)


def kinds(found: Sequence[Cause]) -> list[tuple[CauseKind, Wait | None]]:
    return [(one.kind, one.wait) for one in found]


def counts(base: int, head: int) -> QueryChanges:
    """One statement, which is run so many times."""

    def figures(count: int) -> QueryFigures:
        one = Statement("SELECT 1", count, 0.001, "shop/views.py:3", times_s=(0.001,) * 5)
        return QueryFigures(count, 0.1, 0, {}, (one,) if count else (), 5)

    return changes_of(figures(base), figures(head))


def test_without_samples_and_queries_there_are_none() -> None:
    assert finder().find() == ()


def test_the_servers_own_functions_only_tell_what_the_site_has_caused() -> None:
    server = Function("Worker.reply", "gunicorn/worker.py", Owner.LIBRARY)
    grown = times(
        [stack(VIEW, BURN, ms=5), stack(server, ms=5)],
        [stack(VIEW, BURN, ms=9), stack(server, ms=9)],
    )
    assert [one.place.function for one in finder(cpu=grown).find() if one.place] == [BURN]
    # What got faster has caused nothing.
    alone = times([stack(VIEW, BURN, ms=1), stack(server, ms=5)], [stack(server, ms=9)])
    assert [one.place.function for one in finder(cpu=alone).find() if one.place] == [server]
    only = times([stack(server, ms=5)], [stack(server, ms=9)])
    assert [one.place.function for one in finder(cpu=only).find() if one.place] == [server]


def test_small_causes_beside_a_large_one_are_not_named_and_the_largest_is_first() -> None:
    small, middle = (Function(name, "shop/views.py", Owner.SITE) for name in ("small", "middle"))
    grown = times(
        [stack(small, ms=5), stack(middle, ms=5), stack(BURN, ms=5)],
        [stack(small, ms=7), stack(middle, ms=10), stack(BURN, ms=30)],
    )
    assert [one.place.function for one in finder(cpu=grown).find() if one.place] == [BURN, middle]


def test_a_tiny_part_of_the_whole_change_is_not_named_for_it() -> None:
    # Head waits for something that has no kind.
    burning = times([stack(BURN, ms=5)], [stack(BURN, ms=6)])
    waiting = times(
        [stack(VIEW, ms=5, wait=Wait.OTHER)], [stack(VIEW, ms=5.1 + 40, wait=Wait.OTHER)]
    )
    found = finder(cpu=burning, waiting=waiting, is_computing=False)
    assert kinds(found.find()) == [(CauseKind.WAIT, Wait.OTHER)]
    assert replace(found, waiting=times([], [stack(VIEW, ms=40, wait=Wait.THREAD)])).find()
    # If it computes, its CPU time is the whole.
    assert kinds(replace(found, is_computing=True).find()) == [(CauseKind.CPU, None)]
    # The time of other queries is in neither whole.
    assert kinds(replace(found, queries=counts(1, 6)).find()) == [(CauseKind.CPU, None)]


@pytest.mark.parametrize("is_computing", [True, False])
def test_requests_that_queue_for_a_thread_are_no_cause_unless_they_did_not_before(
    is_computing: bool,
) -> None:
    longer = times(
        [stack(DUMPS, ms=200, wait=Wait.THREAD)], [stack(DUMPS, ms=260, wait=Wait.THREAD)]
    )
    assert finder(waiting=longer, is_computing=is_computing).find() == ()
    new = times([], [stack(DUMPS, ms=24, wait=Wait.THREAD)])
    found = finder(waiting=new, is_computing=is_computing).find()
    assert kinds(found) == [(CauseKind.WAIT, Wait.THREAD)]
    # A small cause makes a long queue.
    burning = times([stack(BURN, ms=10)], [stack(BURN, ms=13)])
    small = finder(cpu=burning, waiting=longer, is_computing=is_computing).find()
    assert kinds(small) == [(CauseKind.CPU, None)]


def test_no_more_than_five_are_named() -> None:
    many = [Function(f"f{number}", "a.py", Owner.SITE) for number in range(7)]
    grown = times([stack(one, ms=5) for one in many], [stack(one, ms=9) for one in many])
    assert len(finder(cpu=grown).find()) == 5


def test_only_changes_that_go_the_way_of_the_whole_are_causes() -> None:
    both = times([stack(VIEW, ms=9), stack(BURN, ms=2)], [stack(VIEW, ms=5), stack(BURN, ms=9)])

    def functions(is_slower: bool | None) -> list[Function]:
        return [
            one.place.function for one in finder(cpu=both, is_slower=is_slower).find() if one.place
        ]

    assert functions(True) == [BURN]
    assert functions(False) == [VIEW]
    assert functions(None) == [BURN, VIEW]


def test_other_queries_are_the_cause_of_the_time_of_the_database_layer() -> None:
    layer = times(
        [stack(VIEW, ms=5), stack(VIEW, QUERY, ms=2)],
        [stack(VIEW, ms=5), stack(VIEW, QUERY, ms=60)],
    )
    waits = times(
        [stack(VIEW, QUERY, ms=1, wait=Wait.DATABASE)],
        [stack(VIEW, QUERY, ms=20, wait=Wait.DATABASE)],
    )
    (cause,) = finder(cpu=layer, waiting=waits, queries=counts(3, 43), is_computing=False).find()
    assert kinds([cause]) == [(CauseKind.QUERIES, None)]
    assert round(cause.change_s, 3) == 0.077
    (cause,) = finder(cpu=layer, waiting=waits, queries=counts(3, 43)).find()
    # Whatever waits also waits for busy CPUs.
    assert round(cause.change_s, 3) == 0.058
    assert cause.queries[0].startswith("queries 3 → 43: ")
    assert cause.place is None


def test_with_the_same_queries_the_database_layer_and_its_wait_are_causes() -> None:
    layer = times([stack(VIEW, QUERY, ms=2)], [stack(VIEW, QUERY, ms=9)])
    waits = times(
        [stack(VIEW, QUERY, ms=1, wait=Wait.DATABASE)],
        [stack(VIEW, QUERY, ms=20, wait=Wait.DATABASE)],
    )
    found = finder(cpu=layer, waiting=waits, queries=counts(3, 3), is_computing=False).find()
    assert kinds(found) == [(CauseKind.WAIT, Wait.DATABASE), (CauseKind.CPU, None)]


def test_queries_that_the_whole_change_contradicts_are_no_cause() -> None:
    assert finder(queries=counts(43, 3)).find() == ()
    assert kinds(finder(queries=counts(43, 3), is_slower=False).find()) == [
        (CauseKind.QUERIES, None)
    ]


def test_queries_that_are_no_cause_hide_nothing() -> None:
    waits = times(
        [stack(VIEW, QUERY, ms=1, wait=Wait.DATABASE)],
        [stack(VIEW, QUERY, ms=20, wait=Wait.DATABASE)],
    )
    found = finder(waiting=waits, queries=counts(3, 2), is_computing=False).find()
    assert kinds(found) == [(CauseKind.WAIT, Wait.DATABASE)]
    layer = times([stack(VIEW, QUERY, ms=2)], [stack(VIEW, QUERY, ms=60)])
    assert kinds(finder(cpu=layer, queries=counts(3, 2)).find()) == [(CauseKind.CPU, None)]
    # Its number is another one, and so is its time, the other way.
    less = times([stack(VIEW, QUERY, ms=60)], [stack(VIEW, QUERY, ms=2)])
    assert finder(cpu=less, queries=counts(2, 3)).find() == (
        Cause(CauseKind.QUERIES, 0.0, queries=counts(2, 3).lines),
    )


def test_a_query_that_waits_for_longer_under_load_is_the_cause_with_that_wait() -> None:
    waits = times([], [stack(VIEW, QUERY, ms=200, wait=Wait.DATABASE)])
    burning = times([stack(BURN, ms=5)], [stack(BURN, ms=9)])
    (cause,) = finder(cpu=burning, waiting=waits, queries=counts(2, 3), is_computing=False).find()
    assert (cause.kind, round(cause.change_s, 3)) == (CauseKind.QUERIES, 0.2)


def test_longer_waits_of_busy_cpus_are_a_cause_only_if_nothing_else_is() -> None:
    longer = times([stack(VIEW, ms=5, wait=Wait.LOCK)], [stack(VIEW, ms=15, wait=Wait.LOCK)])
    burning = times([stack(VIEW, DUMPS, ms=5)], [stack(VIEW, DUMPS, ms=9)])
    assert kinds(finder(waiting=longer).find()) == [(CauseKind.WAIT, Wait.LOCK)]
    assert kinds(finder(waiting=longer, cpu=burning).find()) == [(CauseKind.CPU, None)]
    found = finder(waiting=longer, cpu=burning, is_computing=False).find()
    assert kinds(found) == [(CauseKind.WAIT, Wait.LOCK), (CauseKind.CPU, None)]


def test_a_wait_that_is_new_is_a_cause_on_busy_cpus_unless_it_needs_them() -> None:
    burning = times([stack(VIEW, ms=5)], [stack(VIEW, ms=9)])
    for wait, is_named in ((Wait.HTTP, True), (Wait.DATABASE, False)):
        new = times([stack(BURN, ms=5, wait=Wait.LOCK)], [stack(VIEW, ms=15, wait=wait)])
        found = kinds(finder(waiting=new, cpu=burning).find())
        assert ((CauseKind.WAIT, wait) in found) is is_named

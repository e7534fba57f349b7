"""The parts that requests' time is split into, and their places."""

from __future__ import annotations

import pytest

from pytest_djworkers.profiling.code_changes import NO_CHANGES, CodeChanges
from pytest_djworkers.profiling.code_folders import Function, Owner
from pytest_djworkers.profiling.explanation import Place
from pytest_djworkers.profiling.items import Item, item_of, place_of
from pytest_djworkers.profiling.launch_stacks import Call, TimedStack
from pytest_djworkers.profiling.waits import Wait
from tests.support.stacks import (
    BURN,
    DUMPS,
    LAYER,
    MIDDLEWARE,
    QUERY,
    VIEW,
    WORKER,
    stack,
)


def lined(*calls: tuple[Function, int], ms: float = 1.0) -> TimedStack:
    return TimedStack(tuple(Call(*one) for one in calls), None, ms / 1000, 1)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (stack(VIEW, BURN, ms=1), Item(BURN, None, in_database=False)),
        (stack(VIEW, DUMPS, ms=1), Item(VIEW, None, in_database=False)),
        (stack(VIEW, QUERY, DUMPS, ms=1), Item(VIEW, None, in_database=True)),
        (stack(QUERY, BURN, ms=1), Item(BURN, None, in_database=False)),
        (stack(VIEW, QUERY, ms=1, wait=Wait.DATABASE), Item(VIEW, Wait.DATABASE, False)),
        (stack(DUMPS, ms=1), Item(DUMPS, None, in_database=False)),
        (stack(ms=1), Item(WORKER, None, in_database=False)),
        (stack(LAYER, MIDDLEWARE, DUMPS, ms=1), Item(MIDDLEWARE, None, in_database=False)),
        # A middleware only passes on what is inside of the next layer.
        (stack(LAYER, MIDDLEWARE, LAYER, DUMPS, ms=1), Item(DUMPS, None, in_database=False)),
        (stack(LAYER, MIDDLEWARE, LAYER, VIEW, ms=1), Item(VIEW, None, in_database=False)),
        (stack(LAYER, MIDDLEWARE, LAYER, ms=1), Item(LAYER, None, in_database=False)),
    ],
)
def test_time_belongs_to_the_innermost_function_of_the_site(
    found: TimedStack, expected: Item
) -> None:
    assert item_of(found) == expected


def place(base: list[TimedStack], head: list[TimedStack]) -> Place:
    return place_of(item_of(head[0]), base, head, NO_CHANGES)


def test_the_line_is_the_one_with_most_time_in_the_larger_arm() -> None:
    one, other, most = lined((BURN, 3), ms=1), lined((BURN, 4), ms=2), lined((BURN, 8), ms=9)
    assert place([], [one, other, one, one]).line == 3
    assert place([most], [one, other]).line == 8
    assert place([lined((BURN, 8), ms=2)], [one, other]).line == 4


def test_the_caller_is_the_sites_function_just_outside() -> None:
    base = [lined((WORKER, 1), (BURN, 3))]
    called = lined((VIEW, 5), (BURN, 3), ms=2)
    assert place(base, [*base, called]).caller == VIEW
    assert place(base, [*base, lined((VIEW, 5), (DUMPS, 1), (BURN, 3), ms=2)]).caller is None


def test_a_recursive_function_is_called_from_the_one_that_began_it() -> None:
    assert place([], [lined((VIEW, 5), (BURN, 3), (BURN, 4))]).caller == VIEW
    assert place([], [lined((BURN, 3), (BURN, 4))]).caller is None


def test_a_called_library_is_named_if_most_of_the_change_is_in_it() -> None:
    own, through = lined((VIEW, 5), ms=10), lined((VIEW, 5), (DUMPS, 1), (WORKER, 1), ms=4)
    assert place([own], [own, through]).through == DUMPS
    assert place([own, through], [lined((VIEW, 5), ms=20), through]).through is None
    # In none of three is most of it.
    three = [lined((VIEW, 5), (one, 1), ms=4) for one in (DUMPS, QUERY, WORKER)]
    assert place([], three).through is None


def test_a_decorator_of_a_library_is_not_named_for_what_it_calls() -> None:
    wrapper = Function("safe.<locals>.inner", "asyncs/utils.py", Owner.LIBRARY)
    listed = Function("rows.<locals>.<listcomp>", "lists/utils.py", Owner.LIBRARY)
    for calls, expected in (
        ((VIEW, wrapper, wrapper, DUMPS), DUMPS),
        ((VIEW, wrapper), wrapper),
        ((VIEW, listed, DUMPS), listed),
    ):
        assert place([], [lined(*((one, 1) for one in calls))]).through == expected


def test_what_an_improvement_saved_is_named() -> None:
    own, through = lined((VIEW, 5), ms=1), lined((VIEW, 6), (DUMPS, 1), ms=4)
    found = place([own, through], [own])
    assert (found.through, found.line) == (DUMPS, 6)


def test_an_edited_function_is_marked() -> None:
    changes = CodeChanges(frozenset({(BURN.file, BURN.name)}))
    for function, is_edited in ((BURN, True), (VIEW, False)):
        stacks = [lined((function, 1))]
        assert place_of(item_of(stacks[0]), [], stacks, changes).is_edited is is_edited


def test_without_stacks_the_line_is_unknown() -> None:
    assert place_of(Item(BURN, None, in_database=False), [], [], NO_CHANGES) == Place(BURN, 0)

"""The items that the time of requests is split into, and their places."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_djworkers.profiling.code_changes import CodeChanges
from pytest_djworkers.profiling.code_folders import Function
from pytest_djworkers.profiling.django_layers import inside_layers
from pytest_djworkers.profiling.explanation import Place
from pytest_djworkers.profiling.launch_stacks import Call, TimedStack
from pytest_djworkers.profiling.waits import OF_DATABASES, Wait

_DECORATOR = re.compile(r"\.<locals>\.(?!<)")
"""The name of a function that another one has made, such as a decorator's."""
_MOST = 0.5
"""The share of a change that one called function must make up to be named."""


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a request's time: that of one function, with the libraries that it calls."""

    function: Function
    wait: Wait | None
    """None for CPU time."""
    in_database: bool
    """True for the part of CPU time that is in Django's database layer, or below it."""


def item_of(stack: TimedStack) -> Item:
    """Return the item that a stack belongs to: that of the site's innermost function, or of the
    innermost one if none is the site's."""
    at = _owner(stack.calls)
    below = stack.calls[at + 1 :]
    in_database = stack.wait is None and any(OF_DATABASES.match(one.function.file) for one in below)
    return Item(stack.calls[at].function, stack.wait, in_database)


def place_of(
    item: Item,
    base: Iterable[TimedStack],
    head: Iterable[TimedStack],
    changes: CodeChanges,
) -> Place:
    """Return where the change of an item is, from its stacks in all launches of both arms."""
    sign = 1 if _sum(head) >= _sum(base) else -1
    throughs: dict[Function | None, float] = defaultdict(float)
    callers: dict[Function | None, float] = defaultdict(float)
    lines: dict[int, float] = defaultdict(float)
    for stacks, factor in ((base, -sign), (head, sign)):
        for one in stacks:
            at = _owner(one.calls)
            throughs[_called(one.calls[at + 1 :])] += factor * one.time_s
            callers[_caller(one.calls, at)] += factor * one.time_s
            # Lines of base and of head can't be compared, and only those of the larger are shown.
            if factor > 0:
                lines[one.calls[at].line] += one.time_s
    return Place(
        item.function,
        max(lines, key=lambda one: lines[one], default=0),
        _named(callers),
        _named(throughs),
        changes.is_edited(item.function),
    )


def _owner(calls: Sequence[Call]) -> int:
    """Return the place on a stack of the site's innermost function, or of the innermost one if the
    site has none inside of Django's layers."""
    first = inside_layers(_functions(calls))
    of_site = (at for at in reversed(range(first, len(calls))) if calls[at].function.is_of_site)
    return next(of_site, len(calls) - 1)


def _caller(calls: Sequence[Call], at: int) -> Function | None:
    """Return the function of the site that calls the one at this place; None if it is another's."""
    own = calls[at].function
    # A recursive function calls itself.
    while at and calls[at].function == own:
        at -= 1
    caller = calls[at].function
    return caller if caller.is_of_site and caller != own else None


def _called(calls: Sequence[Call]) -> Function | None:
    """Return the outermost function of these calls that isn't a decorator's; None without calls."""
    functions = _functions(calls)
    of_no_decorator = (one for one in functions if not _DECORATOR.search(one.name))
    return next(of_no_decorator, next(iter(functions), None))


def _functions(calls: Iterable[Call]) -> Sequence[Function]:
    return [one.function for one in calls]


def _named(changes: Mapping[Function | None, float]) -> Function | None:
    """Return the function that most of the change is in; None if it is in none of them."""
    largest = max(changes, key=lambda one: changes[one], default=None)
    return largest if largest and changes[largest] >= _MOST * sum(changes.values()) else None


def _sum(stacks: Iterable[TimedStack]) -> float:
    return sum(one.time_s for one in stacks)

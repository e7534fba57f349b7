"""Explanations made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_djworkers.profiling.code_folders import Function, Owner
from pytest_djworkers.profiling.differences import Difference
from pytest_djworkers.profiling.explanation import (
    ArmStack,
    Cause,
    CauseKind,
    Explanation,
    FlameGraph,
    FunctionChange,
    Place,
)
from pytest_djworkers.profiling.time_spent import TimePart, TimeSpent
from pytest_djworkers.profiling.waits import Wait
from tests.support.stacks import LAYER

HANDLER = Function("WSGIHandler.__call__", "django/core/handlers/wsgi.py", Owner.LIBRARY)
SLEEP = Function("sleep", "gevent/hub.py", Owner.LIBRARY)


def function(name: str) -> Function:
    """A function: of a library if its name is in capitals, else of the site."""
    owner = Owner.LIBRARY if name.isupper() else Owner.SITE
    return Function(name, f"{owner}/{name[:1]}.py", owner)


def flame_graph(*stacks: tuple[Sequence[Function | str], float, float]) -> FlameGraph:
    """A graph of stacks, each with base's time and head's; functions may be names."""
    made = [
        ([one if isinstance(one, Function) else function(one) for one in functions], base, head)
        for functions, base, head in stacks
    ]
    numbers: dict[Function, int] = {}
    for functions, _, _ in made:
        for one in functions:
            numbers.setdefault(one, len(numbers))
    return FlameGraph(
        tuple(numbers),
        tuple(
            ArmStack(tuple(numbers[one] for one in functions), base, head)
            for functions, base, head in made
        ),
    )


def function_change(
    name: str,
    base_s: float,
    head_s: float,
    *,
    is_waiting: bool = False,
    is_certain: bool = False,
    is_edited: bool = False,
) -> FunctionChange:
    """A function that has this time of its own, and calls nothing."""
    change = head_s - base_s
    both = Difference(base_s, head_s, (change - 1e-4, change + 1e-4), 0.5)
    return FunctionChange(function(name), both, both, is_waiting, is_certain, is_edited)


EXPLAINED = Explanation(
    4,
    (900, 1000),
    cpu=Difference(0.004, 0.006, (0.0015, 0.0025), 0.0),
    waiting=Difference(0.0, 0.004, (0.003, 0.005), 0.0),
    visible_s=1e-4,
    functions=(
        function_change("burn", 0.001, 0.005, is_certain=True, is_edited=True),
        function_change("wait", 0.0, 0.004, is_waiting=True),
        *(function_change(f"LIBRARY{number}", 1e-5, 1e-5) for number in range(25)),
    ),
    cpu_flame=flame_graph(
        ((HANDLER, LAYER, "page", "burn"), 0.001, 0.005),
        ((HANDLER, LAYER, "page", "DUMPS"), 0.002, 0.0),
        ((HANDLER, LAYER, "page"), 0.001, 0.00101),
    ),
    waiting_flame=flame_graph(((HANDLER, LAYER, "page", "wait", SLEEP), 0.0, 0.004)),
)
"""A page whose ``burn`` takes longer, and which no longer makes JSON."""
NAMED = replace(
    EXPLAINED, causes=(Cause(CauseKind.CPU, 0.004, Place(function("burn"), 9, function("page"))),)
)
"""The same, with its cause."""
HARDLY_WAITS = Explanation(
    4,
    (0, 0),
    waiting=Difference(0.0, 9e-5, (-1e-4, 2.8e-4), 0.4),
    functions=(function_change("wait", 0.0, 9e-5, is_waiting=True),),
    waiting_flame=flame_graph((["page", "wait"], 0.0, 9e-5)),
    problems=("py-spy is not installed",),
)
"""Nothing but a few samples of waiting, by chance, without those of CPU time."""
SPENT = TimeSpent(
    900,
    0.004,
    0.001,
    parts=(TimePart(function("burn"), None, 0.003), TimePart(function("wait"), Wait.SLEEP, 0.001)),
    cpu_flame=flame_graph((["page", "burn"], 0.0, 0.003), (["page"], 0.0, 0.001)),
    waiting_flame=flame_graph((["page", "wait"], 0.0, 0.001)),
)
"""The time of a page under a server alone."""

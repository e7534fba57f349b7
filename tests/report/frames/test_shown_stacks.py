"""The part of a stack that a flame graph shows."""

from __future__ import annotations

import pytest

from pytest_djworkers.profiling.code_folders import Function, Owner
from pytest_djworkers.report.frames.shown_stacks import SERVER, shown
from tests.support.explanations import HANDLER, function
from tests.support.stacks import LAYER

MIXIN = Function("MiddlewareMixin.__call__", "django/utils/deprecation.py", Owner.LIBRARY)


@pytest.mark.parametrize(
    ("functions", "expected"),
    [
        # The server's loop, then Django; middlewares stand beside what they call.
        (["RUN", HANDLER, LAYER, MIXIN, LAYER, "VIEW", "view"], ["VIEW", "view"]),
        (["RUN", HANDLER, LAYER, MIXIN, "SESSION"], [MIXIN, "SESSION"]),
        (["RUN", HANDLER, LAYER, "timing", LAYER, "view"], ["view"]),
        (["RUN", HANDLER, LAYER], [LAYER]),
        (["RUN", HANDLER, "REQUEST"], [HANDLER, "REQUEST"]),
        # A view in a thread of its own.
        (["RUN", "WORKER", "view", "DUMPS"], ["view", "DUMPS"]),
        (["RUN", "ACCEPT"], [SERVER, "RUN", "ACCEPT"]),
        # What is called again.
        (["fib", "fib", "fib"], ["fib"]),
        (["view", "RENDER", "NODE", "RENDER", "NODE", "tag"], ["view", "RENDER", "NODE", "tag"]),
        (["view", "RENDER", "tag", "RENDER", "tag"], ["view", "RENDER", "tag", "RENDER", "tag"]),
        ([], [SERVER]),
    ],
)
def test_a_stack_begins_below_the_server_and_says_nothing_twice(
    functions: list[Function | str], expected: list[Function | str]
) -> None:
    def made(ones: list[Function | str]) -> tuple[Function, ...]:
        return tuple(one if isinstance(one, Function) else function(one) for one in ones)

    assert shown(made(functions)) == made(expected)

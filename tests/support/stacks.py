"""Stacks of made-up launches."""

from __future__ import annotations

from pytest_djworkers.profiling.code_folders import Function, Owner
from pytest_djworkers.profiling.launch_stacks import Call, LaunchStacks, Load, TimedStack
from pytest_djworkers.profiling.waits import Wait

LOAD = Load(requests=1000, window_s=1.0, cpu_s=1.6)
WORKER = Function("Worker.run", "gunicorn/worker.py", Owner.LIBRARY)
VIEW = Function("page", "shop/views.py", Owner.SITE)
BURN = Function("burn", "shop/views.py", Owner.SITE)
DUMPS = Function("dumps", "json/__init__.py", Owner.LIBRARY)
QUERY = Function("CursorWrapper.execute", "django/db/backends/utils.py", Owner.LIBRARY)
LAYER = Function(
    "convert_exception_to_response.<locals>.inner",
    "django/core/handlers/exception.py",
    Owner.LIBRARY,
)
MIDDLEWARE = Function("Watermark.__call__", "shop/middleware.py", Owner.SITE)


def stack(*functions: Function, ms: float, wait: Wait | None = None) -> TimedStack:
    """Return a stack with a time in milliseconds, which is sampled in 50 us each."""
    calls = tuple(Call(one, 9) for one in (WORKER, *functions))
    return TimedStack(calls, wait, ms / 1000, round(ms * 20))


def launch(*stacks: TimedStack, cpu_s: float = 1.6) -> LaunchStacks:
    """Return a launch with these stacks, whose server used so much CPU time in a second."""
    load = Load(LOAD.requests, LOAD.window_s, cpu_s)
    return LaunchStacks(
        cpu=tuple(one for one in stacks if one.wait is None),
        waiting=tuple(one for one in stacks if one.wait is not None),
        in_flight=16.0,
        cpu_load=load,
        waiting_load=load,
    )

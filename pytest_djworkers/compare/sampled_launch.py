"""Samples the stacks of one launch of an arm, in windows of their own."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from pytest_djworkers.compare.arm_server import ArmServer, Fired
from pytest_djworkers.compare.numbers import ExplanationNumbers
from pytest_djworkers.entry.stack_sampling import SampledRequests
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.profiling.code_folders import CodeFolders
from pytest_djworkers.profiling.launch_stacks import (
    LaunchStacks,
    Load,
    launch_of_cpu,
    waiting_stacks,
)
from pytest_djworkers.profiling.py_spy import (
    MOST_PROCESSES,
    RATE_HZ,
    SamplerError,
    recording,
)
from pytest_djworkers.system.clock import CLOCK

_TOLD_WITHIN_S = 1.0
_LOOK_AGAIN_AFTER_S = 0.01
_NOTHING_TOLD = (
    "the server's processes told no stacks of their requests: the application must be made by"
    " Django's get_wsgi_application() or get_asgi_application(), and a free-threaded Python is not"
    " sampled"
)


def sample_cpu(
    server: ArmServer, folders: CodeFolders, numbers: ExplanationNumbers
) -> LaunchStacks:
    """Sample the CPU time of a server that is warm and connected, under load.

    If it can't be sampled, the reason is among the problems. Raises GeneratorError.
    """
    try:
        with recording(sorted(server.workers), server.folder) as recorded:
            fired = server.fire(EarlyClose(numbers.cpu_s, numbers.responses))
            samples = recorded.finish()
    except SamplerError as error:
        return LaunchStacks(problems=(str(error),))
    # Others have about as many requests as those that are sampled.
    load = _load(fired).part(min(1.0, MOST_PROCESSES / max(1, len(server.workers))))
    return launch_of_cpu(samples, RATE_HZ, load, folders)


def sample_waiting(
    server: ArmServer, folders: CodeFolders, numbers: ExplanationNumbers, found: LaunchStacks
) -> LaunchStacks:
    """Return what was found of a launch, with the waiting of its requests under load.

    Raises GeneratorError.
    """
    stacks = server.stacks
    assert stacks is not None, "the server was not launched to be profiled"
    stacks.open_window()
    opened = CLOCK.monotonic()
    try:
        fired = server.fire(EarlyClose(numbers.waiting_s, numbers.responses))
    finally:
        stacks.close_window()
    # Requests are sampled until the last is served, and all of them are counted.
    sampled_s = CLOCK.monotonic() - opened
    told = _told(server)
    # A worker without requests has nothing to tell.
    if not told:
        return replace(found, problems=(*found.problems, _NOTHING_TOLD))
    load = replace(_load(fired), window_s=sampled_s)
    waiting, in_flight = waiting_stacks(told.values(), load, folders)
    return replace(found, waiting=waiting, in_flight=in_flight, waiting_load=load)


def _load(fired: Fired) -> Load:
    counts = fired.report.counts
    return Load(counts.ok + counts.late, fired.report.window_s, fired.cpu_s)


def _told(server: ArmServer) -> dict[int, SampledRequests]:
    """Return what the server's processes have told, once all have or it takes too long."""
    assert server.stacks is not None
    deadline = CLOCK.monotonic() + _TOLD_WITHIN_S
    told: dict[int, SampledRequests] = {}
    while len(told) < len(server.workers) and CLOCK.monotonic() < deadline:
        CLOCK.sleep(_LOOK_AGAIN_AFTER_S)
        with suppress(OSError, ValueError):
            told = server.stacks.read()
    return told

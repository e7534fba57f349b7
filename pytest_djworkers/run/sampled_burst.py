"""Launches a burst's server once more, and samples what it spends its time on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pytest_djworkers.backends.protocol import workers_of
from pytest_djworkers.compare.arm_server import ArmServer
from pytest_djworkers.compare.arms import Arm
from pytest_djworkers.compare.numbers import DEFAULT_NUMBERS
from pytest_djworkers.compare.sampled_launch import sample_cpu, sample_waiting
from pytest_djworkers.compare.warm_up import warm_up
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.errors import DjworkersError
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.profiling.bottleneck import Capacity
from pytest_djworkers.profiling.code_folders import CodeFolders
from pytest_djworkers.profiling.launch_stacks import LaunchStacks
from pytest_djworkers.profiling.time_spent import TimeSpent, time_spent
from pytest_djworkers.progress import Phase
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.system.cpu_count import available_cpus

_MOST_CONNECTIONS = 32
"""The most connections for each worker: a look at thousands of requests would take too long."""
_NUMBERS = DEFAULT_NUMBERS
_STREAMS = "the time of streams is not sampled (stream=)"


def time_of_burst(
    run: RunContext, server: str, spec: LaunchSpec, profile: Profile, needs: BurstNeeds
) -> TimeSpent:
    """Return what a server of this name spends the time of a burst's requests on.

    What goes wrong is among the problems of the result, and raises nothing.
    """
    backend = run.settings.backends[server]
    workers = workers_of(backend, spec.workers)
    connections = min(profile.shape.connections, _MOST_CONNECTIONS * workers)
    capacity = Capacity(connections, workers, available_cpus().usable)
    if profile.has_streams:
        return time_spent(LaunchStacks(problems=(_STREAMS,)), capacity)
    arm = Arm("", server, backend, spec.runtime, spec.databases, spec.isolation)
    run.progress.begin(Phase("profile"))
    try:
        with run.machine(), ArmServer(arm, replace(spec, is_profiled=True), profile) as launched:
            launched.start(replace(needs, connections=connections, samples=False))
            launched.wait_until_ready()
            launch = _sampled(launched, _size(connections, profile), run.settings.root)
    except DjworkersError as error:
        launch = LaunchStacks(problems=(f"nothing was sampled: {error}".splitlines()[0],))
    return time_spent(launch, capacity)


def _sampled(server: ArmServer, size: WindowSize, root: Path) -> LaunchStacks:
    numbers, folders = _NUMBERS.explanation, CodeFolders((str(root),))
    warm_up(server, size, _NUMBERS)
    return sample_waiting(server, folders, numbers, sample_cpu(server, folders, numbers))


def _size(connections: int, profile: Profile) -> WindowSize:
    timeout_s = profile.shape.timeout_s
    return WindowSize(
        connections=connections,
        responses=1,
        least_s=_NUMBERS.warm_up_s,
        longest_s=max(timeout_s, 4 * _NUMBERS.explanation.cpu_s),
        drain_s=2 * timeout_s,
        rounds_per_block=1,
    )

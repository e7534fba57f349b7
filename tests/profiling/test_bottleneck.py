"""The thing that limits a server, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.profiling.bottleneck import Capacity, bottleneck, computes, cpu_share
from pytest_djworkers.profiling.launch_stacks import LaunchStacks, Load
from pytest_djworkers.profiling.waits import Wait
from tests.support.stacks import VIEW, launch, stack

CAPACITY = Capacity(connections=16, workers=2, cpus=2)


def waiting(wait: Wait, ms: float, *, cpu_s: float = 0.2, in_flight: float = 16.0) -> LaunchStacks:
    """A launch with 1000 requests per second, so that a millisecond is a request in flight."""
    return replace(launch(stack(VIEW, ms=ms, wait=wait), cpu_s=cpu_s), in_flight=in_flight)


def test_workers_that_use_all_cpus_are_limited_by_them() -> None:
    assert bottleneck([launch(cpu_s=1.9)], CAPACITY) == "the CPUs: the workers used 95% of 2"


def test_a_worker_uses_one_cpu() -> None:
    capacity = Capacity(connections=16, workers=1, cpus=2)
    assert bottleneck([launch(cpu_s=0.95)], capacity) == (
        "one CPU for each worker (its GIL): 1 worker used 95% of that, and there are 2 CPUs"
    )


def test_many_workers_have_no_more_than_all_cpus() -> None:
    capacity = Capacity(connections=16, workers=8, cpus=2)
    assert bottleneck([launch(cpu_s=1.9)], capacity) == "the CPUs: the workers used 95% of 2"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            waiting(Wait.POOL, 12),
            "the pool of connections: requests waited for one for 75% of their time",
        ),
        (
            waiting(Wait.DATABASE, 6, in_flight=8),
            "the server's threads: 8 of 16 requests were served at a time, and waited for the"
            " database for 75% of their time",
        ),
        (waiting(Wait.DATABASE, 12), "the wait for the database: 75% of their time"),
        (waiting(Wait.LOCK, 30), "the wait for a lock: 100% of their time"),
        (waiting(Wait.LOCK, 4), ""),
        (waiting(Wait.LOCK, 4, cpu_s=1.2), "the CPUs: the workers used 60% of 2"),
        # Whoever waits for others that compute waits for a CPU.
        (waiting(Wait.THREAD, 15, cpu_s=1.6), "the CPUs: the workers used 80% of 2"),
        (waiting(Wait.THREAD, 12), "the wait for a free thread: 75% of their time"),
        (waiting(Wait.LOCK, 15, cpu_s=1.9), "the CPUs: the workers used 95% of 2"),
        (launch(cpu_s=0.2), ""),
        (LaunchStacks(), ""),
    ],
)
def test_on_idle_cpus_the_longest_wait_is_the_limit(found: LaunchStacks, expected: str) -> None:
    assert bottleneck([found], CAPACITY) == expected


def test_the_share_of_the_cpus_is_the_mean_of_those_that_are_known() -> None:
    unknown = replace(launch(), waiting_load=Load(10, 1.0, None))
    found = [launch(cpu_s=0.5), launch(cpu_s=1.5), unknown, LaunchStacks()]
    assert cpu_share(found, CAPACITY) == pytest.approx(0.5)
    assert cpu_share([unknown, LaunchStacks()], CAPACITY) is None


def test_a_server_computes_if_it_uses_half_of_its_cpus() -> None:
    assert computes([waiting(Wait.LOCK, 15, cpu_s=1.0)], CAPACITY)
    assert not computes([waiting(Wait.LOCK, 15, cpu_s=0.9)], CAPACITY)
    assert computes([LaunchStacks()], CAPACITY)


def test_on_a_busy_machine_one_that_waits_for_less_than_it_computes_computes() -> None:
    # 0.8 s for 1000 requests are 0.8 ms each.
    assert computes([waiting(Wait.LOCK, 0.7, cpu_s=0.8)], CAPACITY)
    assert not computes([waiting(Wait.LOCK, 0.9, cpu_s=0.8)], CAPACITY)

"""The time of a launch's stacks, from samples."""

from __future__ import annotations

import pytest

from pytest_djworkers.entry.stack_sampling import RequestStack, SampledRequests
from pytest_djworkers.profiling.code_folders import CodeFolders
from pytest_djworkers.profiling.launch_stacks import (
    LaunchStacks,
    Load,
    launch_of_cpu,
    told_alike,
    waiting_stacks,
)
from pytest_djworkers.profiling.stacks import Frame, Stack, StackSamples
from pytest_djworkers.profiling.waits import Wait
from tests.support.stacks import BURN, VIEW, launch, stack

FOLDERS = CodeFolders(("/site",))
PLUGIN = Frame("serve", "/x/pytest_djworkers/entry/app.py", 3)
VIEWED = (PLUGIN, Frame("page", "/site/shop/views.py", 5))
BURNS = (*VIEWED, Frame("burn", "/site/shop/views.py", 9))
FRAMES = tuple((one.name, one.file, one.line) for one in BURNS)


def times(active: dict[Stack, int], holding: dict[Stack, int], load: Load) -> dict[str, float]:
    (found,) = told_alike([launch_of_cpu(StackSamples(active, holding), 100, load, FOLDERS)])
    return {one.calls[-1].function.name: one.time_s for one in found.cpu}


def test_each_sample_is_a_part_of_a_requests_time() -> None:
    load = Load(requests=50, window_s=2.0, cpu_s=None)
    found = times({VIEWED: 100, BURNS: 40}, {}, load)
    assert found == pytest.approx({"page": 0.02, "burn": 0.008})


def test_threads_that_could_run_share_the_cpu_time_that_there_was() -> None:
    load = Load(requests=50, window_s=2.0, cpu_s=0.7)
    found = times({VIEWED: 100, BURNS: 40}, {}, load)
    assert found == pytest.approx({"page": 0.01, "burn": 0.004})


def test_cpu_time_of_native_threads_is_not_pythons() -> None:
    load = Load(requests=50, window_s=2.0, cpu_s=100.0)
    assert times({VIEWED: 100}, {}, load) == pytest.approx({"page": 0.02})


@pytest.mark.parametrize(("held", "expected"), [(41, "burn"), (39, "page")])
def test_the_holder_of_the_gil_tells_what_cpu_time_is_used_for(held: int, expected: str) -> None:
    load = Load(requests=50, window_s=2.0, cpu_s=1.0)
    assert list(times({VIEWED: 100}, {BURNS: held}, load)) == [expected]


def test_launches_are_told_by_the_same_kind_of_samples() -> None:
    load = Load(requests=50, window_s=2.0, cpu_s=1.0)

    def names(*held: int) -> list[str]:
        samples = [StackSamples({VIEWED: 100}, {BURNS: one}) for one in held]
        found = told_alike([launch_of_cpu(one, 100, load, FOLDERS) for one in samples])
        return [one.cpu[0].calls[-1].function.name for one in found]

    assert names(30, 60) == ["burn", "burn"]
    assert names(30, 45) == ["page", "page"]
    assert told_alike([]) == []


def test_the_load_of_some_of_the_workers_is_a_part_of_it() -> None:
    assert Load(100, 2.0, 8.0).part(0.5) == Load(50, 2.0, 4.0)
    assert Load(100, 2.0, None).part(0.5) == Load(50, 2.0, None)


def test_stacks_without_our_own_code_are_one_and_its_lines_are_kept() -> None:
    load = Load(requests=1, window_s=1.0, cpu_s=None)
    samples = StackSamples({BURNS: 1, BURNS[1:]: 2, (PLUGIN,): 5}, {})
    (found,) = launch_of_cpu(samples, 100, load, FOLDERS).active
    assert [(one.function, one.line) for one in found.calls] == [(VIEW, 5), (BURN, 9)]
    assert (found.samples, found.wait) == (3, None)


def test_without_requests_nothing_has_a_time() -> None:
    load = Load(requests=0, window_s=0.0, cpu_s=1.0)
    assert times({VIEWED: 100}, {}, load) == {}
    sampled = SampledRequests(4, FRAMES, (RequestStack("sleep", "", 4, (0, 1)),))
    assert waiting_stacks([sampled], load, FOLDERS) == ((), 1.0)


def test_a_wait_takes_the_requests_in_it_over_their_rate() -> None:
    # Two processes with 5 and 3 requests asleep at a time, of 100 requests per second.
    load = Load(requests=200, window_s=2.0, cpu_s=None)
    sleeping = "time.sleep(0.08)"
    sampled = [
        SampledRequests(
            10,
            FRAMES,
            (
                RequestStack("sleep", sleeping, 50, (0, 1, 2)),
                RequestStack("", "", 20, (0, 1)),
                RequestStack("futex", "LOCK.acquire()", 10, (0, 1, 2)),
            ),
        ),
        SampledRequests(20, FRAMES, (RequestStack("sleep", sleeping, 60, (0, 1, 2)),)),
    ]
    stacks, in_flight = waiting_stacks(sampled, load, FOLDERS)
    assert in_flight == pytest.approx(5 + 2 + 1 + 3)
    assert [(one.wait, one.samples) for one in stacks] == [(Wait.SLEEP, 110), (Wait.LOCK, 10)]
    assert [one.time_s for one in stacks] == pytest.approx([0.08, 0.01])


def test_a_launch_sums_up_its_stacks() -> None:
    found = launch(stack(VIEW, ms=5), stack(BURN, ms=3), stack(VIEW, ms=7, wait=Wait.LOCK))
    assert (found.cpu_s, found.waiting_s) == pytest.approx((0.008, 0.007))
    assert found.samples == 160
    assert (LaunchStacks().cpu_s, LaunchStacks().waiting_s, LaunchStacks().samples) == (0, 0, 0)

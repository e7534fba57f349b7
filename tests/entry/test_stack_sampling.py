"""The folder by which the pytest process and the server's processes exchange stacks."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from pytest_djworkers.entry.stack_sampling import RequestStack, SampledRequests, StackSampling

SAMPLED = SampledRequests(
    12,
    (("Shop.get", "/shöp/views.py", 3), ("burn", "/shöp/views.py", 9)),
    (RequestStack("sleep", "time.sleep(0.1)", 7, (0, 1)), RequestStack("", "", 2, ())),
)


@pytest.fixture
def stacks(tmp_path: Path) -> StackSampling:
    return StackSampling.begin(tmp_path, tracer=1)


def test_samples_survive_json() -> None:
    assert SampledRequests.from_json(json.loads(json.dumps(asdict(SAMPLED)))) == SAMPLED


def test_each_process_tells_its_samples(stacks: StackSampling) -> None:
    assert stacks.read() == {}
    stacks.write(12, SAMPLED)
    stacks.write(7, SampledRequests(1, (), ()))
    assert stacks.read() == {7: SampledRequests(1, (), ()), 12: SAMPLED}


def test_a_window_is_open_until_it_is_closed(stacks: StackSampling) -> None:
    seen = [stacks.is_open]
    for change in (stacks.open_window, stacks.close_window, stacks.close_window):
        change()
        seen.append(stacks.is_open)
    assert seen == [False, True, False, False]


def test_a_new_window_forgets_what_was_told(stacks: StackSampling) -> None:
    stacks.write(12, SAMPLED)
    stacks.open_window()
    assert stacks.read() == {}


def test_a_new_launch_begins_with_an_empty_folder(stacks: StackSampling, tmp_path: Path) -> None:
    stacks.open_window()
    stacks.write(12, SAMPLED)
    again = StackSampling.begin(tmp_path, tracer=2)
    assert (again.folder, again.tracer) == (stacks.folder, 2)
    assert not again.is_open
    assert again.read() == {}


def test_only_the_user_may_read_it(stacks: StackSampling) -> None:
    stacks.open_window()
    stacks.write(12, SAMPLED)
    folder = Path(stacks.folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [one.stat().st_mode & 0o777 for one in folder.iterdir()] == [0o600] * 2


def test_samples_that_are_half_written_are_not_told(stacks: StackSampling) -> None:
    (Path(stacks.folder) / "12.part").write_text("{")
    assert stacks.read() == {}

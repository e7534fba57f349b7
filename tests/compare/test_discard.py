"""What spoils a round."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from pytest_djworkers.compare import discard
from pytest_djworkers.compare.discard import DiscardLimits, Moment
from tests.support.profiles import make_report

BEFORE = Moment(clock_of_day_s=1000.0, monotonic_s=10.0, steal=5, total=1000)
AFTER = Moment(clock_of_day_s=1001.0, monotonic_s=11.0, steal=5, total=1200)
IDLE = make_report(cpu_s=0.5, window_s=1.0)


reason = partial(discard.reason_to_discard, limits=DiscardLimits())


def found_of(after: Moment) -> str | None:
    """What is found of a round that ended so, with nobody busy."""
    return reason(BEFORE, after, [IDLE], lost_worker=[])


def test_a_round_in_which_nothing_happened_counts() -> None:
    assert reason(BEFORE, AFTER, [IDLE, IDLE], lost_worker=[]) is None


@pytest.mark.parametrize(("steal", "found"), [(15, None), (16, "CPU steal")])
def test_another_guests_time(steal: int, found: str | None) -> None:
    assert found_of(replace(AFTER, steal=steal)) == found


@pytest.mark.parametrize("jump", [-0.1, 0.1])
def test_a_clock_that_was_set(jump: float) -> None:
    assert found_of(replace(AFTER, clock_of_day_s=1001 + jump)) == "the clock jumped"


def test_a_generator_that_was_the_bottleneck() -> None:
    busy = make_report(cpu_s=0.96, window_s=1.0)
    assert reason(BEFORE, AFTER, [IDLE, busy], lost_worker=[]) == "generator-bound"


@pytest.mark.parametrize(
    ("stopped_s", "found"), [(0.04, None), (0.06, "the generator was stopped")]
)
def test_a_generator_that_was_stopped(stopped_s: float, found: str | None) -> None:
    stopped = make_report(stopped_s=stopped_s, window_s=1.0)
    assert reason(BEFORE, AFTER, [IDLE, stopped], lost_worker=[]) == found


def test_one_that_had_all_that_a_quota_lets_it_have() -> None:
    busy = make_report(cpu_s=0.48, window_s=1.0)
    assert reason(BEFORE, AFTER, [busy], lost_worker=[]) is None
    assert reason(BEFORE, AFTER, [busy], lost_worker=[], cpus=0.5) == "generator-bound"


def test_a_worker_that_is_gone() -> None:
    assert reason(BEFORE, AFTER, [IDLE], lost_worker=["head"]) == "a worker of head ended"
    both = reason(BEFORE, AFTER, [IDLE], lost_worker=["base", "head"])
    assert both == "a worker of base and head ended"


def test_a_moment_is_read_from_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stat").write_text("cpu  10 1 5 100 2 0 1 7 3 3\ncpu0 1\n")
    monkeypatch.setattr(discard, "_STAT", tmp_path / "stat")
    assert (Moment.now().steal, Moment.now().total) == (7, 126)


def test_a_system_that_does_not_count_steals_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discard, "_STAT", tmp_path / "absent")
    before, after = Moment.now(), Moment.now()
    assert reason(before, after, [IDLE], lost_worker=[]) is None


def test_this_system_counts() -> None:
    assert Moment.now().total > 0

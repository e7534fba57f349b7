"""The reasons to throw a round away."""

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


def reason_at(after: Moment) -> str | None:
    """Return the reason to discard a round that ended at this moment, with an idle generator."""
    return reason(BEFORE, after, [IDLE])


def test_an_undisturbed_round_counts() -> None:
    assert reason(BEFORE, AFTER, [IDLE, IDLE]) is None


@pytest.mark.parametrize(("steal", "found"), [(15, None), (16, "CPU steal")])
def test_a_round_is_discarded_if_other_guests_took_the_cpus(steal: int, found: str | None) -> None:
    assert reason_at(replace(AFTER, steal=steal)) == found


@pytest.mark.parametrize("jump", [-0.1, 0.1])
def test_a_round_is_discarded_if_the_clock_was_set(jump: float) -> None:
    assert reason_at(replace(AFTER, clock_of_day_s=1001 + jump)) == "the clock jumped"


def test_a_round_is_discarded_if_the_generator_was_the_bottleneck() -> None:
    busy = make_report(cpu_s=0.96, window_s=1.0)
    assert reason(BEFORE, AFTER, [IDLE, busy]) == "generator-bound"


@pytest.mark.parametrize(
    ("stopped_s", "found"), [(0.04, None), (0.06, "the generator was stopped")]
)
def test_a_round_is_discarded_if_the_generator_was_stopped(
    stopped_s: float, found: str | None
) -> None:
    stopped = make_report(stopped_s=stopped_s, window_s=1.0)
    assert reason(BEFORE, AFTER, [IDLE, stopped]) == found


def test_a_cpu_quota_makes_the_generator_the_bottleneck_earlier() -> None:
    busy = make_report(cpu_s=0.48, window_s=1.0)
    assert reason(BEFORE, AFTER, [busy]) is None
    assert reason(BEFORE, AFTER, [busy], cpus=0.5) == "generator-bound"


def test_cpu_times_are_read_from_proc_stat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stat").write_text("cpu  10 1 5 100 2 0 1 7 3 3\ncpu0 1\n")
    monkeypatch.setattr(discard, "_STAT", tmp_path / "stat")
    assert (Moment.now().steal, Moment.now().total) == (7, 126)


def test_a_system_without_proc_stat_has_no_steal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discard, "_STAT", tmp_path / "absent")
    before, after = Moment.now(), Moment.now()
    assert reason(before, after, [IDLE]) is None


def test_this_system_has_cpu_times() -> None:
    assert Moment.now().total > 0

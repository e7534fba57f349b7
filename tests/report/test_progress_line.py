"""The line on a burst while it runs, and the one on a burst that has ended."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.progress import LiveFigures, Phase
from pytest_djworkers.report.progress_line import ProgressLine, finished_line, progress_line
from tests.support.comparisons import NOTHING, compared
from tests.support.results import RESULT, record

TITLE = "granian GET /list"
FIGURES = LiveFigures(2310.4, 0.045, 0)
WARMED = (Phase("warm-up", 11.0), Phase("window", 21.0))


@pytest.mark.parametrize(
    ("now_s", "state"),
    [
        (10.0, "warm-up, 1s left"),
        (10.9, "warm-up, 1s left"),
        (11.0, "window, 10s left, 2,310 requests/s, p99 45ms, 0 errors"),
        (15.5, "window, 6s left, 2,310 requests/s, p99 45ms, 0 errors"),
        (25.0, "window, 0s left, 2,310 requests/s, p99 45ms, 0 errors"),
    ],
)
def test_each_phase_follows_at_the_expected_end_of_the_one_before(now_s: float, state: str) -> None:
    assert str(progress_line(TITLE, WARMED, 10.0, now_s, FIGURES)) == f"{TITLE}: {state}"


def test_a_phase_without_an_expected_end_says_how_long_it_has_lasted() -> None:
    def state(*phases: Phase, now_s: float) -> str:
        return progress_line(TITLE, phases, 10.0, now_s, None).state

    assert state(Phase("launch"), now_s=11.9) == "launch"
    assert state(Phase("launch"), now_s=14.9) == "launch, 4s so far"
    assert state(Phase("warm-up", 11.0), Phase("drain"), now_s=14.0) == "drain, 3s so far"
    # Nothing is drawn while it lasts.
    window = Phase("block 3, round 4 of 6: base", is_counted=True)
    assert state(window, now_s=14.9) == "block 3, round 4 of 6: base"


def test_without_samples_enough_there_is_no_p99() -> None:
    line = progress_line(TITLE, WARMED, 10.0, 12.0, LiveFigures(3.0, None, 1))
    assert line.state == "window, 9s left, 3.00 requests/s, p99 -, 1 error"


def test_a_narrow_terminal_costs_the_middle_of_the_title_first() -> None:
    line = ProgressLine("granian GET /myapp/sync/json_query", "window, 6s left")
    assert line.within(60) == str(line)
    assert line.within(40) == "granian GET..json_query: window, 6s left"
    assert line.within(20) == "granian..n_query: wi"


def width(text: str) -> int:
    """Return the columns of a terminal that a text takes."""
    wide = sum(unicodedata.east_asian_width(one) in {"W", "F"} for one in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


@given(st.text(), st.text(), st.integers(0, 200))
def test_a_line_is_never_wider_than_it_may_be(title: str, state: str, columns: int) -> None:
    line = ProgressLine(title, state)
    short = line.within(columns)
    assert width(short) <= columns
    if width(str(line)) <= columns:
        assert short == str(line)


def test_a_name_that_a_user_gave_can_not_move_the_cursor() -> None:
    line = progress_line("granian a\n\x1b[2Jb", WARMED, 10.0, 10.0, None)
    assert line.title == r"granian a \x1b[2Jb"
    named = record(result=replace(RESULT, profile=replace(RESULT.profile, name="a\nb\x1b[A")))
    assert finished_line(named).startswith(r"granian a b\x1b[A: 100 requests/s")


def test_a_burst_that_has_ended_has_its_figures() -> None:
    assert finished_line(record()) == (
        "granian GET /json: 100 requests/s, p50 1ms, p99 300ms, 10 timeouts, 0 errors, in 10s"
    )
    without = record(result=replace(RESULT, latency=None, error=1))
    assert "p50 -, p99 -, 10 timeouts, 1 error, in 10s" in finished_line(without)


def test_a_comparison_that_has_ended_has_its_verdict() -> None:
    def line(**changes: Any) -> str:
        return finished_line(record(against_base=compared(0.7, **changes)))

    blocks = compared(0.7).blocks
    assert line() == f"granian GET /json: regressed, {blocks} blocks, 1m"
    assert ": no verdict yet, " in line(ended_early="ended by Ctrl-C")
    assert ": calibrated, " in line(is_judged=False)
    assert finished_line(record(against_base=NOTHING)).startswith("granian GET /json: not compared")

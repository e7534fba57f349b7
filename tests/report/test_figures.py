"""Figures as text."""

from __future__ import annotations

import pytest

from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.stages import Stage
from pytest_djworkers.report.figures import format_pace, with_arrows_for


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "10.2 → 12.4 ms"),
        ("UTF-16", "10.2 → 12.4 ms"),
        (None, "10.2 → 12.4 ms"),
        ("ascii", "10.2 -> 12.4 ms"),
        ("iso8859-1", "10.2 -> 12.4 ms"),
        ("no-such-encoding", "10.2 -> 12.4 ms"),
    ],
)
def test_an_encoding_without_arrows_gets_two_signs(encoding: str | None, text: str) -> None:
    assert with_arrows_for(encoding, "10.2 → 12.4 ms") == text


@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        (Shape(), ""),
        (Shape(rate=500.0), ", 500 requests/s"),
        (Shape(think_s=0.2), ", think time 200ms"),
        (
            Shape(think_s=1.0, stages=(Stage(1, 500), Stage(1, 1), Stage(1, 40))),
            ", think time 1s, 3 stages: 1 connection to 500 connections",
        ),
        (
            Shape(rate=500.0, stages=(Stage(1, rate=500.0), Stage(1, rate=50.0))),
            ", 2 stages: 50.00 requests/s to 500 requests/s",
        ),
        (Shape(stages=(Stage(1, 5),)), ", 1 stage: 5 connections"),
    ],
)
def test_the_pace_of_a_burst_is_its_rate_its_think_time_and_its_stages(
    shape: Shape, shown: str
) -> None:
    assert format_pace(shape) == shown

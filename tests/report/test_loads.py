"""The load of the collected tests, as a line."""

from __future__ import annotations

import pytest

from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.stages import Stage
from pytest_djworkers.report.loads import load_line


def test_the_load_of_one_burst_has_its_stages() -> None:
    shape = Shape(rate=50.0, stages=(Stage(1, rate=50.0), Stage(1, rate=5.0)))
    assert load_line([shape]).endswith("timeout 2s, 2 stages: 5.00 requests/s to 50.00 requests/s")


@pytest.mark.parametrize(
    ("shapes", "load"),
    [
        ([{}], "2,000 connections for 10s after 1s of warm-up, timeout 2s"),
        ([{"connections": 1}] * 2, "1 connection for 10s after 1s of warm-up, timeout 2s"),
        (
            [{"connections": 20, "duration_s": 0.5}, {}, {"warmup_s": 0.0, "timeout_s": 1.0}],
            "20 to 2,000 connections for 500ms to 10s after 0s to 1s of warm-up, timeout 1s to 2s",
        ),
        (
            [{"rate": 50.0}, {"rate": 25.0}],
            "2,000 connections for 10s after 1s of warm-up, timeout 2s, 25.00 to 50.00 requests/s",
        ),
        (
            [{"rate": 500.0}, {}],
            "2,000 connections for 10s after 1s of warm-up, timeout 2s, 1 test at 500 requests/s",
        ),
        (
            [{"think_s": 0.2}, {"think_s": 3.0}],
            "2,000 connections for 10s after 1s of warm-up, timeout 2s, think time 200ms to 3s",
        ),
        (
            [{"think_s": 0.2}, {"rate": 5.0}],
            "2,000 connections for 10s after 1s of warm-up, timeout 2s, 1 test at 5.00 requests/s,"
            " 1 test with think time 200ms",
        ),
        ([{"duration_s": 1.0001}, {"duration_s": 1.0002}], "2,000 connections for 1s after 1s *"),
    ],
)
def test_where_tests_differ_the_range_is_said(shapes: list[dict[str, float]], load: str) -> None:
    line = load_line([Shape(**shape) for shape in shapes])  # type: ignore[arg-type]  # by name
    beginning, star, _ = f"bursts of {load}".partition("*")
    assert line.startswith(beginning)
    assert star or line == beginning

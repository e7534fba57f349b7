"""Limits relative to another endpoint, without any burst."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.errors import MarkerError
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.limits.relative import MaxCpuPerRequestOf, MinRpsOf, references_in
from pytest_djworkers.limits.throughput import MinRps
from pytest_djworkers.limits.usage import MaxCpuPerRequest
from pytest_djworkers.load.facts import Reference, Usage
from pytest_djworkers.markers import read_plan
from tests.support.results import RESULT

REFERENCE = Reference("GET /ping", rps=RESULT.rps * 2, cpu_per_request_s=0.001)
USED = replace(RESULT, usage=Usage(0.004 * (RESULT.ok + RESULT.late), 1, 2, 2, 0, 0))


def test_markers_are_read_and_stand_beside_absolute_limits() -> None:
    marks = [
        Mark("min_rps", ("60%",), {"of": "GET /ping"}),
        Mark("min_rps", (10,), {}),
        Mark("max_cpu_per_request", ("8x",), {"of": "plain"}),
        Mark("max_cpu_per_request", ("5ms",), {"of": None}),
    ]
    plan = read_plan(marks, "granian")
    assert plan.limits == (
        MinRps(10),
        MinRpsOf(0.6, "/ping"),
        MaxCpuPerRequest(0.005),
        MaxCpuPerRequestOf(8, "plain"),
    )
    assert references_in(plan.limits) == ("/ping", "plain")
    assert [limit.text for limit in plan.limits] == [
        "min_rps(10)",
        "min_rps('60%', of='/ping')",
        "max_cpu_per_request(5ms)",
        "max_cpu_per_request('8x', of='plain')",
    ]


def test_limits_relative_to_two_views_both_hold() -> None:
    values = [("60%", "/ping"), ("40%", "plain"), ("20%", "/ping")]
    marks = [Mark("min_rps", (value,), {"of": of}) for value, of in values]
    assert read_plan(marks, "granian").limits == (MinRpsOf(0.6, "/ping"), MinRpsOf(0.4, "plain"))


@pytest.mark.parametrize(
    ("marker", "value", "of", "said"),
    [
        ("min_rps", 60, "/ping", "60 is not a multiple such as '60%' or '8x'"),
        ("min_rps", "0%", "/ping", "'0%' is not a multiple"),
        ("min_rps", "60%", "ping", "path 'ping' must start with /"),
        ("min_rps", "60%", "POST /ping", "or 'plain', the plugin's own view"),
        ("min_rps", "60%", None, "must be a number above 0 (a share needs of=)"),
        ("min_rps", "60%", 5, "path 5 must start with /"),
        ("max_cpu_per_request", "5ms", "plain", "'5ms' is not a multiple"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(
    marker: str, value: object, of: object, said: str
) -> None:
    with pytest.raises(MarkerError) as error:
        read_plan([Mark(marker, (value,), {"of": of})], "granian")
    assert said in str(error.value)


def test_a_share_without_a_reference_is_told_what_it_lacks() -> None:
    with pytest.raises(MarkerError, match=r"must be a number above 0 \(a share needs of=\)"):
        read_plan([Mark("min_rps", ("60%",), {})], "granian")


def test_requests_per_second_are_judged_against_the_reference() -> None:
    result = replace(RESULT, references={"/ping": REFERENCE})
    assert MinRpsOf(0.5, "/ping").miss(result) is None
    assert MinRpsOf(1.0, "/ping").miss(result) == (
        f"requests/s: {RESULT.rps:.0f}, limit min_rps('1x', of='/ping'), which is"
        f" {REFERENCE.rps:.0f} here, {RESULT.rps:.0f} (50%) short"
    )


def test_a_reference_that_the_generator_held_back_passes_nothing() -> None:
    held_back = replace(REFERENCE, is_generator_bound=True)
    result = replace(RESULT, references={"/ping": held_back})
    missed = MinRpsOf(0.1, "/ping").miss(result)
    assert missed is not None
    assert "GET /ping was generator-bound, so min_rps('10%', of='/ping') can't pass" in missed
    short = MinRpsOf(1.0, "/ping").miss(result)
    assert short is not None
    assert "short" in short


def test_cpu_time_is_judged_against_the_reference() -> None:
    result = replace(USED, references={"/ping": REFERENCE})
    assert MaxCpuPerRequestOf(4.01, "/ping").miss(result) is None
    missed = MaxCpuPerRequestOf(2, "/ping").miss(result)
    assert missed == (
        "cpu per request: 4ms, limit max_cpu_per_request('2x', of='/ping'), which is 2ms here,"
        " 2ms over"
    )


def test_limits_on_nothing_fail() -> None:
    without_cpu = replace(USED, references={"/ping": replace(REFERENCE, cpu_per_request_s=None)})
    not_used = replace(RESULT, usage=None, references={"/ping": REFERENCE})
    for limit, result in (
        (MinRpsOf(0.1, "/ping"), RESULT),
        (MaxCpuPerRequestOf(9, "/ping"), RESULT),
        (MaxCpuPerRequestOf(9, "/ping"), without_cpu),
        (MaxCpuPerRequestOf(9, "/ping"), not_used),
    ):
        missed = limit.miss(result)
        assert missed is not None
        assert f"so {limit.text} can't pass" in missed

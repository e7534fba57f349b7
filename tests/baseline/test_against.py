"""Bursts against what is stored: their verdicts, and the figures to show beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.baseline.against import (
    compare_with_baseline,
    figures_beside,
    why_no_baseline,
)
from pytest_djworkers.baseline.conditions import conditions_of
from pytest_djworkers.baseline.document import StoredBurst
from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.baseline.imported import Imported
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.session import session_of
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.load.facts import LostAgent, Usage
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.wrk_output import WrkRun
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.rounds import Metric
from tests.support.results import RESULT, WRK

FAST = replace(RESULT, ok=9_990)
"""1000 requests/s: enough for a change to count."""


def stored(*results: BurstResult) -> StoredBurst:
    """Return a burst with a session for each result."""
    return StoredBurst(conditions_of(results[0]), tuple(map(session_of, results)))


def test_a_burst_is_ok_against_itself() -> None:
    comparison = compare_with_baseline(FAST, stored(FAST), tolerance=0.1)
    assert comparison.verdict is Verdict.OK
    assert comparison.ratio == 1


def test_the_last_session_is_the_one_to_beat() -> None:
    slow = replace(FAST, ok=4_990)
    assert compare_with_baseline(slow, stored(FAST, slow), tolerance=0.1).verdict is Verdict.OK
    assert (
        compare_with_baseline(FAST, stored(FAST, slow), tolerance=0.1).verdict is Verdict.IMPROVED
    )


def test_a_loss_beyond_the_limit_fails() -> None:
    slower = replace(FAST, ok=7_990)
    assert not compare_with_baseline(slower, stored(FAST), tolerance=0.1).fails
    assert compare_with_baseline(
        slower, stored(FAST), tolerance=0.1, max_regressions={Metric.RPS: 0.15}
    ).fails


@pytest.mark.parametrize("worse", [replace(FAST, unexpected=500), replace(FAST, error=500)])
def test_errors_of_both_kinds_are_compared(worse: BurstResult) -> None:
    assert compare_with_baseline(worse, stored(FAST), tolerance=0.1).verdict is Verdict.REGRESSED
    assert compare_with_baseline(worse, stored(worse), tolerance=0.1).verdict is Verdict.OK
    assert compare_with_baseline(FAST, stored(worse), tolerance=0.1).verdict is Verdict.OK


def test_requests_without_a_response_are_not_in_the_cpu_time_per_request() -> None:
    failing = replace(FAST, error=9_000, usage=Usage(9.5, 1, 2, 2, 0, 0))
    limits = {Metric.CPU_PER_REQUEST: 0.1}
    comparison = compare_with_baseline(
        failing, stored(failing), tolerance=0.1, max_regressions=limits
    )
    assert comparison.verdict is Verdict.OK
    dearer = replace(failing, usage=Usage(11.5, 1, 2, 2, 0, 0))
    assert compare_with_baseline(
        dearer, stored(failing), tolerance=0.1, max_regressions=limits
    ).fails


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (
            replace(
                FAST, generator=replace(FAST.generator, lost=(LostAgent("load agent 2 of 2", 4),))
            ),
            "1 of 2 agents lost, with 4 of 8 connections",
        ),
        (replace(FAST, generator=WRK.generator), "generator was asyncio and is wrk"),
    ],
)
def test_a_burst_that_cannot_be_compared_says_why(result: BurstResult, why: str) -> None:
    comparison = compare_with_baseline(
        result, stored(FAST), tolerance=0.1, max_regressions={Metric.RPS: 0.01}
    )
    assert comparison.verdict is Verdict.NOT_COMPARED
    assert comparison.reason.startswith(why)
    assert comparison.reason.endswith("; 1,000 → 1,000 requests/s (+0.0%)")
    # What nobody stored can't be held against it.
    assert not comparison.fails


KEY = "test GET /json"
HERE = Machine("A CPU", 2, None)
NOTED = WrkRun.from_lines(
    [
        "Running 10s test @ http://127.0.0.1:8000/json",
        "Latency 1.00ms 2.00ms 3.00ms 90.00%",
        "Req/Sec 1.00k 1.00 2.00k 90.00%",
        "100123 requests in 10.01s, 1.00MB read",
        "Socket errors: connect 1, read 2, write 3, timeout 4",
        "Non-2xx or 3xx responses: 5",
        "Requests/sec: 10002.30",
        "Transfer/sec: 102.30KB",
    ]
)


def noted(*headings: str) -> Imported:
    return Imported("notes.md", " / ".join(headings), headings, NOTED)


def a_baseline(**held: Any) -> Baseline:
    return Baseline(Path("file"), HERE, **held)


def test_a_test_without_stored_figures_is_not_compared() -> None:
    assert (
        why_no_baseline(a_baseline(), KEY, FAST) == "nothing stored for this test on this machine"
    )
    assert figures_beside(a_baseline(), KEY, FAST) is None


@pytest.mark.parametrize(
    ("elsewhere", "why"),
    [
        ({replace(HERE, cpu="B")}, "another machine only: CPU was B and is A CPU"),
        ({replace(HERE, logical_cpus=8)}, "another machine only: logical CPUs was 8 and is 2"),
        (
            {replace(HERE, cpu_quota=1.5)},
            "another machine only: CPU quota was 1.5 and is unlimited",
        ),
        (
            {replace(HERE, logical_cpus=8), replace(HERE, logical_cpus=8, cpu="B")},
            "2 other machines only: ",
        ),
    ],
)
def test_figures_of_another_machine_are_not_compared(elsewhere: set[Machine], why: str) -> None:
    baseline = a_baseline(elsewhere={one: frozenset({KEY}) for one in elsewhere})
    assert why_no_baseline(baseline, KEY, FAST).startswith(f"stored on {why}")
    assert "nothing stored" in why_no_baseline(baseline, "another test GET /json", FAST)
    assert figures_beside(baseline, KEY, FAST) is None


def test_an_import_is_shown_and_not_compared() -> None:
    baseline = a_baseline(imported=(noted("uwsgi"), noted("any server"), noted("Granian WSGI")))
    assert why_no_baseline(baseline, KEY, FAST) == "imported from wrk's printed output: no windows"
    assert figures_beside(baseline, KEY, FAST) == StoredFigures(
        10002.30, None, None, 4, 11, "", "imported: Granian WSGI"
    )
    other = replace(FAST, profile=replace(FAST.profile, request=SentRequest("/other")))
    assert "nothing stored" in why_no_baseline(baseline, KEY, other)


def test_stored_figures_are_shown_before_imported_ones() -> None:
    baseline = a_baseline(bursts={KEY: stored(FAST)}, imported=(noted("granian"),))
    figures = figures_beside(baseline, KEY, FAST)
    assert figures is not None
    assert figures.rps == FAST.rps


def test_changed_versions_are_the_remark_beside_the_figures() -> None:
    assert FAST.server is not None
    newer = replace(FAST, server=replace(FAST.server, version="9.0"))
    figures = figures_beside(a_baseline(bursts={KEY: stored(FAST)}), KEY, newer)
    assert figures is not None
    assert figures.remark == "granian was 2.8 and is 9.0"


def test_a_burst_with_changed_versions_is_compared_and_they_are_named() -> None:
    assert FAST.server is not None
    newer = replace(FAST, server=replace(FAST.server, version="9.0"))
    comparison = compare_with_baseline(newer, stored(FAST), tolerance=0.1)
    assert comparison.verdict is Verdict.OK
    assert comparison.reason.endswith("; granian was 2.8 and is 9.0")

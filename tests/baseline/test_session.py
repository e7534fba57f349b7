"""What is stored of a run, and what a stored run says of the next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.baseline.imported import Imported
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.session import (
    StoredFigures,
    common_facts,
    compare,
    figures_beside,
    last_figures,
    session_of,
    why_nothing,
)
from pytest_djworkers.baseline.store import Baseline, Stored, conditions_of
from pytest_djworkers.load.facts import Usage
from pytest_djworkers.load.profile import Request
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.wrk_output import WrkRun
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.rounds import Metric
from tests.support.repository import git
from tests.support.results import RESULT, WRK

FAST = replace(RESULT, ok=9_990)
"""1000 requests/s: enough for a change to count."""


def stored(*results: BurstResult, **common: Any) -> Stored:
    sessions = tuple(session_of(result, common) for result in results)
    return Stored(conditions_of(results[0]), sessions)


def test_a_burst_is_ok_against_itself() -> None:
    comparison = compare(FAST, stored(FAST), tolerance=0.1)
    assert comparison.verdict is Verdict.OK
    assert comparison.ratio == 1


def test_the_last_session_is_the_one_to_beat() -> None:
    slow = replace(FAST, ok=4_990)
    assert compare(slow, stored(FAST, slow), tolerance=0.1).verdict is Verdict.OK
    assert compare(FAST, stored(FAST, slow), tolerance=0.1).verdict is Verdict.IMPROVED


def test_a_loss_beyond_the_limit_fails() -> None:
    slower = replace(FAST, ok=7_990)
    assert not compare(slower, stored(FAST), tolerance=0.1).fails
    assert compare(slower, stored(FAST), tolerance=0.1, max_regressions={Metric.RPS: 0.15}).fails


@pytest.mark.parametrize("worse", [replace(FAST, unexpected=500), replace(FAST, error=500)])
def test_errors_of_both_kinds_are_compared(worse: BurstResult) -> None:
    assert compare(worse, stored(FAST), tolerance=0.1).verdict is Verdict.REGRESSED
    assert compare(worse, stored(worse), tolerance=0.1).verdict is Verdict.OK
    assert compare(FAST, stored(worse), tolerance=0.1).verdict is Verdict.OK


def test_requests_without_an_answer_cost_no_cpu_then_as_now() -> None:
    failing = replace(FAST, error=9_000, usage=Usage(9.5, 1, 2, 2, 0, 0))
    limits = {Metric.CPU_PER_REQUEST: 0.1}
    comparison = compare(failing, stored(failing), tolerance=0.1, max_regressions=limits)
    assert comparison.verdict is Verdict.OK
    dearer = replace(failing, usage=Usage(11.5, 1, 2, 2, 0, 0))
    assert compare(dearer, stored(failing), tolerance=0.1, max_regressions=limits).fails


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (replace(FAST, shared_run=True), "shared run"),
        (replace(FAST, connections=replace(FAST.connections, at_work=1.0)), "starved"),
        (replace(FAST, generator=WRK.generator), "generator was asyncio and is wrk"),
    ],
)
def test_what_cannot_be_compared_says_why(result: BurstResult, why: str) -> None:
    comparison = compare(result, stored(FAST), tolerance=0.1, max_regressions={Metric.RPS: 0.01})
    assert comparison.verdict is Verdict.NOT_COMPARED
    assert comparison.reason.startswith(why)
    # What this burst lacks passes no limit; what nobody stored can't be held against it.
    assert comparison.fails is (why == "starved")
    assert not compare(result, stored(FAST), tolerance=0.1).fails


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
    assert why_nothing(a_baseline(), KEY, FAST) == "nothing stored for this test on this machine"
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
def test_what_is_stored_on_another_machine_is_not_compared(
    elsewhere: set[Machine], why: str
) -> None:
    baseline = a_baseline(elsewhere={one: frozenset({KEY}) for one in elsewhere})
    assert why_nothing(baseline, KEY, FAST).startswith(f"stored on {why}")
    assert "nothing stored" in why_nothing(baseline, "another test GET /json", FAST)
    assert figures_beside(baseline, KEY, FAST) is None


def test_what_is_imported_is_shown_and_not_compared() -> None:
    baseline = a_baseline(imported=(noted("uwsgi"), noted("any server"), noted("Granian WSGI")))
    assert why_nothing(baseline, KEY, FAST) == "imported from wrk's printed output: no windows"
    assert figures_beside(baseline, KEY, FAST) == StoredFigures(
        10002.30, None, None, 4, 11, "", "imported: Granian WSGI"
    )
    other = replace(FAST, profile=replace(FAST.profile, request=Request("/other")))
    assert "nothing stored" in why_nothing(baseline, KEY, other)


def test_what_is_stored_comes_before_what_is_imported() -> None:
    baseline = a_baseline(bursts={KEY: stored(FAST)}, imported=(noted("granian"),))
    figures = figures_beside(baseline, KEY, FAST)
    assert figures is not None
    assert figures.rps == FAST.rps


def test_other_versions_stand_beside_the_figures() -> None:
    assert FAST.server is not None
    newer = replace(FAST, server=replace(FAST.server, version="9.0"))
    figures = figures_beside(a_baseline(bursts={KEY: stored(FAST)}), KEY, newer)
    assert figures is not None
    assert figures.remark == "granian was 2.8 and is 9.0"


def test_other_versions_are_compared_and_named() -> None:
    assert FAST.server is not None
    newer = replace(FAST, server=replace(FAST.server, version="9.0"))
    comparison = compare(newer, stored(FAST), tolerance=0.1)
    assert comparison.verdict is Verdict.OK
    assert comparison.reason.endswith("; granian was 2.8 and is 9.0")


def test_the_versions_of_all_that_counts_are_stored() -> None:
    assert session_of(FAST, {})["versions"].keys() == {
        "python",
        "django",
        "pytest-djworkers",
        "asyncio",
        "granian",
    }


def test_the_last_figures_are_those_of_the_burst() -> None:
    figures = last_figures(stored(FAST, RESULT, saved="today"))
    assert RESULT.latency is not None
    assert figures.p50 == RESULT.latency.p50
    assert figures.p99 == pytest.approx(RESULT.latency.p99, rel=1e-3)
    assert figures.mean == pytest.approx(RESULT.latency.mean, rel=1e-3)
    assert replace(figures, p50=None, p99=None, mean=None) == StoredFigures(
        RESULT.rps, None, None, RESULT.timeouts, RESULT.errors, "today"
    )


def test_what_the_generator_did_not_know_stays_unknown() -> None:
    figures = last_figures(stored(replace(WRK, latency=None)))
    assert (figures.p50, figures.p99, figures.timeouts) == (None, None, WRK.late)


def test_outside_git_there_is_no_commit(tmp_path: Path) -> None:
    facts = common_facts(tmp_path)
    assert facts["commit"] is None
    assert facts["saved"].endswith("+00:00")
    assert facts["surroundings"]


def test_the_commit_is_marked_where_files_differ_from_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    file = tmp_path / "file"
    file.write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "--quiet", "--message=one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert common_facts(tmp_path)["commit"] == commit
    file.write_text("two")
    assert common_facts(tmp_path)["commit"] == f"{commit}+"


def test_the_commit_is_the_repositorys_also_when_a_hook_of_another_runs_pytest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another"))
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=one")
    assert common_facts(tmp_path)["commit"] == git(tmp_path, "rev-parse", "HEAD")

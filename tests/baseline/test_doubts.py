"""Unusual bursts against a good stored one: the table of the documentation, case by case."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from pytest_djworkers.baseline.against import compare_with_baseline
from pytest_djworkers.baseline.doubts import cpu_doubt, doubts_of
from pytest_djworkers.load.facts import Connections, GeneratorFacts, Usage
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.burst_figures import NO_DOUBTS
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.rounds import Metric
from tests.support.results import RESULT, WRK
from tests.support.stored_baselines import burst_of
from tests.support.unusual_results import FIT, UNFIT

OK, WARNS, OPEN = "ok", "regressed (a warning)", "not compared"
FAILS, FAILS_OPEN = "fails: regressed", "fails: not compared"


@dataclass(frozen=True)
class Case:
    """The outcomes for a burst at the stored speed, at a fifth less of it, and at a third of it."""

    same: str
    less: str
    third: str
    same_with_limit: str
    """At the stored speed, with ``max_regression("10%")``."""
    line: str = ""
    """The cause in the line."""


NORMAL = Case(OK, WARNS, FAILS, OK)
# What may be worse than its figures is never ok, and what it lost is lost.
OVERSTATED = Case(OPEN, WARNS, FAILS, FAILS_OPEN)
# What may be better than its figures has not lost what it seems to have lost.
UNDERSTATED = Case(OK, OPEN, OPEN, OK)
# What goes wrong in no stored burst warns by itself.
FAULT = Case(WARNS, WARNS, FAILS, WARNS)
INCOMPARABLE = Case(OPEN, OPEN, OPEN, OPEN)

CASES = {
    "no expected response": Case(FAILS, FAILS, FAILS, FAILS, "100 → 0.00 requests/s (-100.0%)"),
    "1 of 2 agents lost": replace(INCOMPARABLE, line="1 of 2 agents lost, with 4 of 8 connections"),
    "starved": replace(OVERSTATED, line="starved: 1 of 8 connections at work"),
    "all responses were late": replace(
        OVERSTATED, line="all responses were late, and nobody knows how many never came"
    ),
    "the generator was stopped": replace(
        UNDERSTATED, line="the generator was stopped for 5s, so the server may be faster"
    ),
    "pytest was stopped": replace(NORMAL, line="not judged: the server was not watched for 9s"),
    "1 worker died (max_requests": replace(FAULT, line="1 worker died"),
    "2 workers died": replace(FAULT, line="2 workers died"),
    "only 7 of 8 connections": replace(
        OVERSTATED, line="only 7 of 8 connections could be opened in time"
    ),
    "it fell behind its rate": replace(FAULT, line="fell behind its rate of 100/s"),
    "generator-bound": replace(UNDERSTATED, line="generator-bound, so the server may be faster"),
    "errors": Case(WARNS, WARNS, FAILS, FAILS, "errors 0 → "),
}
"""Kinds that must be told apart; all else that is stored is judged by its figures."""


def stored_for(result: BurstResult) -> BurstResult:
    """Return a good burst under the conditions of this one."""
    good = WRK if result.generator.name == "wrk" else RESULT
    used = None if result.usage is None else Usage(1.0, 1000, 2, 2, 0, 0)
    return replace(good, profile=result.profile, server=result.server, usage=used)


def at(share: float, result: BurstResult) -> BurstResult:
    """Return the burst with this share of its expected responses, at the same CPU time each."""
    usage = result.usage and replace(result.usage, cpu_s=share * result.usage.cpu_s)
    return replace(
        result, ok=round(share * result.ok), late=round(share * result.late), usage=usage
    )


def judged(result: BurstResult, **limits: float) -> BaselineVerdict:
    """Return the verdict against a good burst, at a tolerance of 10 %."""
    return compare_with_baseline(
        result,
        burst_of(stored_for(result)),
        tolerance=0.1,
        max_regressions={Metric(name): limit for name, limit in limits.items()},
    )


def outcome(found: BaselineVerdict) -> str:
    """Return the verdict and what comes of it."""
    if found.fails:
        return f"fails: {found.verdict.value}"
    return WARNS if found.verdict is Verdict.REGRESSED else found.verdict.value


@pytest.mark.parametrize("what", [*UNFIT, *FIT])
def test_an_unusual_burst_is_judged_as_the_table_says(what: str) -> None:
    result, case = {**UNFIT, **FIT}[what], CASES.get(what, NORMAL)
    assert outcome(judged(result)) == case.same
    assert outcome(judged(at(0.8, result))) == case.less
    assert outcome(judged(at(0.33, result))) == case.third
    assert outcome(judged(result, rps=0.1)) == case.same_with_limit
    for found in (judged(at(0.33, result)), judged(result), judged(result, rps=0.1)):
        assert case.line in found.reason
        assert " requests/s (" in found.reason
        assert result.usage is None or "; CPU per request 1 → 1 ms (+0.0%)" in found.reason


def test_the_connections_that_were_served_decide_if_all_seemed_to_be_at_work() -> None:
    connections = replace(RESULT.connections, served=3, at_work=7.9)
    doubts = doubts_of(replace(RESULT, connections=connections))
    assert doubts.overstated == ("starved: 3 of 8 connections at work",)


def test_every_reason_not_to_store_a_burst_is_in_the_table() -> None:
    assert set(UNFIT) <= set(CASES) <= {*UNFIT, *FIT}


@pytest.mark.parametrize("what", [what for what in FIT if what != "generator-bound"])
def test_what_may_be_stored_is_not_doubted(what: str) -> None:
    assert doubts_of(FIT[what]) == NO_DOUBTS


def test_the_collapse_of_a_view_fails_with_its_cause() -> None:
    good = replace(
        RESULT,
        ok=4710,
        late=0,
        connections=Connections(requested=64, opened=64, served=64, at_work=64.0),
        usage=Usage(10.4, 1000, 2, 2, 0, 0),
    )
    starved = replace(
        good,
        ok=440,
        connections=replace(good.connections, at_work=12.0),
        usage=Usage(5.2, 1000, 2, 2, 0, 0),
    )
    found = compare_with_baseline(starved, burst_of(good), tolerance=0.1)
    assert (found.verdict, found.fails) == (Verdict.REGRESSED, True)
    assert found.reason == (
        "471 → 44.00 requests/s (-90.7%), worse by more than a factor of 2;"
        " CPU per request 2.21 → 11.8 ms (+435.2%), worse by more than a factor of 2;"
        " starved: 12 of 64 connections at work"
    )


@pytest.mark.parametrize(
    ("generator", "line"),
    [({"cpu_share": 0.99}, "generator-bound"), ({"stopped_s": 5.0}, "the generator was stopped")],
)
def test_cpu_time_decides_where_requests_are_understated(
    generator: dict[str, float], line: str
) -> None:
    good = replace(RESULT, usage=Usage(1.0, 1000, 2, 2, 0, 0))
    facts: GeneratorFacts = replace(good.generator, **generator)  # type: ignore[arg-type]  # floats
    slow = replace(at(0.4, good), generator=facts)
    found = compare_with_baseline(slow, burst_of(good), tolerance=0.1)
    assert (outcome(found), found.ratio) == (OPEN, None)
    assert "100 → 40.00 requests/s (-60.0%), not believed" in found.reason
    dearer = replace(slow, usage=good.usage)
    found = compare_with_baseline(dearer, burst_of(good), tolerance=0.1)
    assert outcome(found) == FAILS
    assert f"1 → 2.5 ms (+150.0%), worse by more than a factor of 2; {line}" in found.reason


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        (Usage(1.0, 1, 2, 2, 0, 0), ""),
        (Usage(1.0, 1, 2, 2, 3, 0), ""),
        (Usage(1.0, 1, 2, 2, 0, 0, unwatched_s=1.1), "the server was not watched for 1.1s"),
        (Usage(1.0, 1, 2, 1, 1, 0), "1 worker died"),
        (Usage(0.1, 1, 2, 2, 0, 0), "only 100ms of CPU time"),
    ],
)
def test_cpu_time_is_doubted_if_it_can_be_wrong(usage: Usage, why: str) -> None:
    assert cpu_doubt(usage) == why


def test_late_responses_are_a_gross_loss() -> None:
    late = replace(RESULT, ok=300, late=700)
    found = judged(late)
    assert outcome(found) == FAILS
    assert found.reason.endswith("; timeouts 1 → 70 %, less than half as many requests go well")

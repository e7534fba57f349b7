"""The verdict on Python calls: a change counts beyond the spread of the requests."""

from __future__ import annotations

import pytest

from pytest_djworkers.server.call_counts import PerRequest
from pytest_djworkers.verdict.call_counts import calls_not_compared, judge_calls
from pytest_djworkers.verdict.judgement import Verdict


def steady(calls: float) -> PerRequest:
    return PerRequest(calls, calls, calls, 50)


@pytest.mark.parametrize(
    ("base", "head", "verdict"),
    [
        (steady(1000), steady(1000), Verdict.OK),
        (steady(1000), steady(1010), Verdict.OK),  # the tolerance is allowed
        (steady(1000), steady(1011), Verdict.REGRESSED),
        (steady(1000), steady(990), Verdict.OK),
        (steady(1000), steady(989), Verdict.IMPROVED),
        # Spreads that do not reach each other.
        (PerRequest(1000, 990, 1010, 50), PerRequest(1030, 1011, 1040, 50), Verdict.REGRESSED),
        (PerRequest(1000, 990, 1010, 50), PerRequest(970, 960, 989, 50), Verdict.IMPROVED),
        # Those that do.
        (PerRequest(1000, 990, 1010, 50), PerRequest(1030, 1010, 1040, 50), Verdict.INCONCLUSIVE),
        (PerRequest(1000, 900, 1000, 50), steady(1000), Verdict.INCONCLUSIVE),
        (PerRequest(1000, 998, 1000, 50), PerRequest(1000, 1000, 1003, 50), Verdict.OK),
        (steady(0), steady(10), Verdict.NOT_COMPARED),
    ],
)
def test_the_verdict(base: PerRequest, head: PerRequest, verdict: Verdict) -> None:
    assert judge_calls(base, head, 0.01).verdict is verdict


def test_without_a_tolerance_every_call_counts() -> None:
    assert judge_calls(steady(1000), steady(1000), 0).verdict is Verdict.OK
    assert judge_calls(steady(1000), steady(1001), 0).verdict is Verdict.REGRESSED


def test_the_reasons() -> None:
    assert judge_calls(steady(1000), steady(1300), 0.02).reason == (
        "Python calls per request 1,000 → 1,300 (+30.0%), counted in 50 requests of each arm,"
        " beyond the tolerance of 2%"
    )
    spread = PerRequest(1000, 900, 1100.5, 10)
    assert judge_calls(spread, steady(1000), 0.02).reason == (
        "Python calls per request 1,000 (900 to 1,100.5) → 1,000 (+0.0%), counted in 10 requests of"
        " each arm: a change as large as the tolerance of 2% can't be told from chance"
    )
    unknown = calls_not_compared("base: a sample request returned 404")
    assert unknown.reason == "Python calls per request: base: a sample request returned 404"
    assert unknown.without_figure


def test_a_few_requests_at_either_end_are_no_spread() -> None:
    found = PerRequest.of([*[1000] * 8, 1020, 900])
    assert (found.low, found.high, found.median, found.requests) == (1000, 1000, 1000, 10)
    assert PerRequest.of([1, 2, 3]) == PerRequest(2, 1, 3, 3)


def test_kinds_of_requests_have_a_mean_by_their_weights() -> None:
    found = PerRequest.mean([(3, steady(100)), (1, PerRequest(200, 180, 240, 10))])
    assert found == PerRequest(125, 120, 135, 60)

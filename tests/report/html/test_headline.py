"""The top of the HTML report: the worst first, how much, how sure, and what to do."""

from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.load.response_excerpt import ResponseExcerpt
from pytest_djworkers.record import BurstRecord, LimitOutcome
from pytest_djworkers.report.document import TestOutcome
from pytest_djworkers.report.html.change import NO_CHANGE, Change
from pytest_djworkers.report.html.headline import Point, Weight, points
from pytest_djworkers.report.html.places import Place, place_of
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict, not_compared
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.comparisons import compared
from tests.support.documents import document
from tests.support.results import RESULT, record

MISS = "requests/s: 98, limit min_rps(300), 202 short"


def only(*records: BurstRecord) -> Point:
    """The one point of these bursts."""
    (point,) = points(document(*records))
    return point


def test_a_run_in_which_all_is_well_has_nothing_to_know() -> None:
    assert points(document(record(), record("waitress", against_base=compared(1.0)))) == []


def test_a_missed_limit_has_its_distance_and_where_it_is_set() -> None:
    burst = record(limits=(LimitOutcome("min_rps(300)", MISS),), failures=(MISS,))
    point = only(burst)
    assert (point.weight, point.word, point.places) == (
        Weight.FAILED,
        "failed",
        (place_of(burst),),
    )
    assert point.lines == (MISS,)
    assert point.change == NO_CHANGE
    assert point.advice[0].startswith("The limits are in test_site.py, line 7.")


def test_a_regression_has_its_interval_and_what_costs_more() -> None:
    worse = compared(0.7)
    said = f"regressed: {worse.judgements[0].reason}"
    point = only(record(against_base=worse, failures=(said,)))
    assert (point.weight, point.word) == (Weight.FAILED, "regressed")
    assert point.lines[0] == said
    assert point.lines[1].startswith("regressed: p95 +")
    estimate = worse.judgements[0].estimate
    assert estimate is not None
    assert point.change.size == f"{100 * (estimate.ratio - 1):+.1f}% requests/s"
    low, high = (f"{100 * (end - 1):+.1f}%" for end in estimate.interval)
    assert point.change.certainty.startswith(f"between {low} and {high} at ")
    (advice,) = point.advice
    assert advice.startswith("Look at what the working tree changes in this view against main.")
    assert "It computes more: CPU time per request 1 → 1.4" in advice


def test_a_view_that_waits_longer_computes_no_more() -> None:
    worse = compared(0.7)
    rounds = tuple(
        replace(one, head=replace(one.head, cpu_per_request_s=one.base.cpu_per_request_s))
        for one in worse.rounds
    )
    point = only(record(against_base=replace(worse, rounds=rounds)))
    assert "It does not compute more, so it waits longer" in point.advice[0]


def test_a_loss_against_a_baseline_is_a_warning_that_has_no_interval() -> None:
    verdict = BaselineVerdict(Verdict.REGRESSED, "why", ratio=0.5)
    point = only(record(against_baseline=verdict))
    assert (point.weight, point.lines) == (Weight.WARNING, ("regressed (a warning): why",))
    assert point.change.size == "-50.0% requests/s"
    assert "a single burst has no interval" in point.change.certainty
    assert "--djworkers-compare=main" in point.advice[0]
    # Then it is not the requests/s that decided.
    small = only(record(against_baseline=replace(verdict, ratio=0.99)))
    assert small.change == Change()


def test_errors_are_told_with_the_first_response() -> None:
    first = ResponseExcerpt(404, text="Not Found")
    failing = replace(RESULT, unexpected=7, statuses={200: 1000, 404: 7}, first_unexpected=first)
    point = only(record(result=failing))
    assert (point.weight, point.word, point.lines) == (
        Weight.WARNING,
        "errors",
        ("errors: 7 status 404", "the first response: 404 Not Found: Not Found"),
    )
    assert "djworkers_seed" in point.advice[0]
    # Errors weigh more than a missing comparison.
    unknown = record(result=failing, against_baseline=not_compared("why"))
    assert [one.word for one in points(document(unknown))] == ["errors", "not compared"]
    # A failure that has the kinds of errors is not told twice.
    miss = "errors: 7 of 1,007 (7 status 404), limit max_errors(1), 6 over"
    failed = only(record(result=failing, failures=(miss,)))
    assert failed.lines == (miss, "the first response: 404 Not Found: Not Found")
    assert failed.advice == point.advice
    other = only(record(result=failing, failures=("requests/s: 98",)))
    assert other.lines[:2] == ("requests/s: 98", "errors: 7 status 404")
    nothing = replace(failing, ok=0, late=0)
    told = only(record(result=nothing, failures=("no expected response: 7 status 404",)))
    assert told.lines == ("no expected response: 7 status 404",)


def test_what_is_said_of_several_bursts_is_said_once() -> None:
    verdict = not_compared("nothing stored for this test on this machine")
    one, other = record(against_baseline=verdict), record("waitress", against_baseline=verdict)
    point = only(one, other)
    assert (point.weight, point.word) == (Weight.UNSURE, "not compared")
    assert point.places == (place_of(one), place_of(other))


def test_a_remark_names_the_bursts_whose_figures_it_is_on() -> None:
    starved = replace(RESULT, connections=replace(RESULT.connections, at_work=2))
    point = only(record(result=starved))
    assert (point.weight, point.word, point.places) == (
        Weight.UNSURE,
        "starved",
        (place_of(record()),),
    )


def test_a_test_that_failed_without_a_burst_has_its_message_and_its_log() -> None:
    test = TestOutcome("test_site.py::test_x", "error", "test_site.py", 3, "a\nb\nc", ("log",))
    burst = record(against_base=compared(1.5))
    made = document(burst, tests=(test,))
    first, last = points(made)
    assert (first.word, first.places) == ("error", (Place("test_site.py::test_x"),))
    assert first.lines == ("a", "b")
    assert first.test == test
    assert (last.weight, last.word) == (Weight.GOOD, "improved")


def test_endpoints_have_anchors_of_their_own() -> None:
    anchors = {place_of(record(test=name)).anchor for name in ("test_a", "test_b", "test_<a>")}
    assert len(anchors) == 3
    assert place_of(record("granian")).anchor == place_of(record("waitress")).anchor


def test_a_slower_server_is_no_regression_and_different_responses_are_told() -> None:
    slower = record(against_base=compared(0.7, of_backends=True, labels=("waitress", "granian")))
    point = only(slower)
    assert (point.weight, point.word) == (Weight.UNSURE, "slower")
    assert point.change.size.endswith("% requests/s")
    different = compared(1.0, responses_differ="responses differ: 12.4 kB against 0.3 kB")
    said, remark = points(document(record(against_base=different)))
    assert (said.weight, said.word) == (Weight.UNSURE, "ok")
    assert "12.4 kB against 0.3 kB" in said.lines[0]
    assert remark.word == "responses differ"

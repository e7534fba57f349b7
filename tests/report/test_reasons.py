"""The reasons for a burst's standing, each said once."""

from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.limits.kinds import misses
from pytest_djworkers.limits.queries import MaxQueries
from pytest_djworkers.load.queries import REPEATED_FROM
from pytest_djworkers.record import LimitOutcome
from pytest_djworkers.report.comparison_lines import findings, lines
from pytest_djworkers.report.reasons import (
    other_settings,
    reason_of_test,
    reasons_of_burst,
    remarks_of_burst,
)
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.comparisons import compared
from tests.support.documents import outcome
from tests.support.results import MIX, QUERIES, RESULT, record

LOSS = compared(0.7)


def test_a_reason_that_fails_the_test_is_said_once() -> None:
    said = lines(LOSS, findings(LOSS))
    assert reasons_of_burst(record(against_base=LOSS)) == said
    assert reasons_of_burst(record(against_base=LOSS, failures=(said[0],))) == said
    of_rps, of_p95 = findings(LOSS)
    said = lines(LOSS, [of_p95, of_rps])
    assert reasons_of_burst(record(against_base=LOSS, failures=(said[0],))) == said
    loss = BaselineVerdict(Verdict.REGRESSED, "why", fails=True)
    failures = ("regressed: why",)
    assert reasons_of_burst(record(against_baseline=loss, failures=failures)) == list(failures)


def test_an_ok_has_no_reason_unless_it_may_not_be_worth_much() -> None:
    assert reasons_of_burst(record(against_base=compared(1.0))) == []
    (first, *_) = reasons_of_burst(record(against_base=compared(1.0, responses_differ="differ")))
    assert first.startswith("ok: ")
    assert first.endswith("; differ")


def test_errors_and_workers_are_remarked_on() -> None:
    errors = replace(RESULT, ok=980, unexpected=10, statuses={200: 980, 500: 10})
    assert remarks_of_burst(record(result=errors)) == ["errors: 10 status 500"]
    idle = compared(1.0, idle_workers="some workers of base got no connection", of_backends=True)
    (said,) = remarks_of_burst(record(against_base=replace(idle, labels=("granian", "uvicorn"))))
    assert said == "some workers of granian got no connection"


REPEATED = (
    "queries: 40 of 43 queries are the same: SELECT id FROM auth_user WHERE id = ? at"
    " shop/views.py:31"
)


def test_a_query_that_is_repeated_is_said_once() -> None:
    counted = replace(RESULT, queries=QUERIES)
    assert remarks_of_burst(record(result=counted)) == [REPEATED]
    missed = LimitOutcome("max_queries(12)", *misses([MaxQueries(12)], counted))
    assert remarks_of_burst(record(result=counted, limits=(missed,))) == []
    few = replace(QUERIES.statements[0], count=REPEATED_FROM - 1)
    counted = replace(RESULT, queries=replace(QUERIES, statements=(few,)))
    assert remarks_of_burst(record(result=counted)) == []


def test_a_query_that_a_part_repeats_is_said_with_its_name() -> None:
    fast = replace(MIX.parts["GET /fast"], queries=QUERIES)
    mix = replace(MIX, parts={**MIX.parts, "GET /fast": fast}, queries=QUERIES)
    assert remarks_of_burst(record(result=mix)) == [
        REPEATED.replace("queries:", "queries of GET /fast:", 1)
    ]


def test_a_comparison_tells_the_queries_of_both_arms_if_they_differ() -> None:
    counted = replace(RESULT, queries=QUERIES)
    before = replace(QUERIES, count=3, statements=())
    said = remarks_of_burst(record(result=counted, against_base=compared(1, base_queries=before)))
    assert said == [REPEATED, "queries per request: 3 → 43"]
    said = remarks_of_burst(record(result=counted, against_base=compared(1, base_queries=QUERIES)))
    assert said == [REPEATED]


def test_of_a_traceback_only_what_was_raised_is_taken() -> None:
    traceback = (
        "def test():\n>   raise ValueError\nE   ValueError: of its own\n\nt.py:1: ValueError"
    )
    test = outcome(record(), message=traceback)
    assert reason_of_test(test) == ["ValueError: of its own"]
    assert reason_of_test(replace(test, message="a\n\nb\n")) == ["a", "b"]


def test_settings_with_other_values_in_the_server_are_named_once() -> None:
    differing = record(other_settings=("CACHES", "DEBUG"))
    (line,) = other_settings([differing, record(), differing])
    assert line.startswith("settings: the settings module gives CACHES, DEBUG other values")

"""The document of a run: figures that follow from the counts, and none of a request's values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.load.facts import Usage
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.report.document import StoredPoint, entry_of
from pytest_djworkers.report.document_file import as_json
from tests.support.comparisons import compared
from tests.support.documents import document, outcome
from tests.support.results import RESULT, WRK, record
from tests.support.stored_baselines import burst_of


def test_a_burst_has_the_figures_that_follow_from_its_counts() -> None:
    usage = Usage(9.5, 1000, 2, 2, 0, 0)
    figures = entry_of(record(result=replace(RESULT, usage=usage))).figures
    assert (figures.rps, figures.p50_s, figures.p95_s) == (100, 0.001, 0.02)
    assert (figures.p99_s, figures.p999_s, figures.max_s) == (0.3, None, 0.3)
    assert (figures.requests, figures.timeouts, figures.errors) == (1000, 10, 0)
    assert (figures.cpu_per_request_s, figures.memory_bytes) == (0.0095, 1000)


def test_the_remarks_are_those_of_the_row() -> None:
    assert entry_of(record(attempt=2)).figures.remarks == ("rerun (attempt 2)",)


def test_what_a_generator_cant_tell_is_none() -> None:
    figures = entry_of(record(result=replace(WRK, latency=None))).figures
    assert (figures.p50_s, figures.max_s, figures.memory_bytes) == (None, None, None)


def test_a_comparison_has_the_change_and_its_interval() -> None:
    found = entry_of(record(against_base=compared(0.7))).comparison
    assert found is not None
    assert found.verdict == "regressed"
    assert found.change is not None
    assert found.change == pytest.approx(-0.3, abs=0.05)
    assert found.interval is not None
    assert found.interval[0] < found.change < found.interval[1] < 0
    assert found.base is not None
    assert found.head is not None
    assert found.head.rps < found.base.rps
    assert found.reasons[0].startswith("regressed: requests/s -")


def test_the_history_is_that_of_the_stored_baseline() -> None:
    assert entry_of(record(), burst_of(RESULT)).history == (StoredPoint("", None, 100.0),)
    assert entry_of(record()).history == ()


def test_no_value_of_a_request_is_in_it() -> None:
    secret = SentRequest(
        "/login?token=hidden", "POST", (("Cookie", "session=hidden"),), b"pw=hidden"
    )
    burst = record(result=replace(RESULT, profile=replace(RESULT.profile, request=secret)))
    assert "hidden" not in as_json(document(burst))


def test_a_burst_finds_the_outcome_of_its_test() -> None:
    one, other = record(), record(test="test_other")
    found = document(one, other)
    assert found.outcome_of(other) == outcome(other)
    assert document(one, tests=()).outcome_of(one) is None

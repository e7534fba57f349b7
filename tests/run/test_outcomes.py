"""The outcomes of load tests, from reports as pytest and other plugins make them."""

from __future__ import annotations

from typing import Literal

import pytest

from pytest_djworkers.run.outcomes import CollectedOutcomes
from pytest_djworkers.run.transport import LOG_OF, put_bursts_on

Phase = Literal["setup", "call", "teardown"]
Result = Literal["passed", "failed", "skipped"]


def report(phase: Phase, result: Result, longrepr: object = None) -> pytest.TestReport:
    """A report of a load test that fired no burst."""
    made = pytest.TestReport(
        "test_site.py::test_json",
        ("test_site.py", 6, "test_json"),
        {},
        result,
        longrepr,  # type: ignore[arg-type]  # any text
        phase,
    )
    put_bursts_on(made, made.nodeid, [])
    return made


def as_they_came(test: str) -> int:
    """The same place for all tests, as in a run without pytest-xdist."""
    return 0


def collected(*reports: pytest.TestReport) -> CollectedOutcomes:
    found = CollectedOutcomes()
    for one in reports:
        found.take_from(one)
    return found


@pytest.mark.parametrize(
    ("phases", "outcome"),
    [
        ((("setup", "passed"), ("call", "passed"), ("teardown", "passed")), "passed"),
        ((("setup", "passed"), ("call", "failed"), ("teardown", "passed")), "failed"),
        ((("setup", "failed"), ("teardown", "passed")), "error"),
        ((("setup", "passed"), ("call", "passed"), ("teardown", "failed")), "error"),
        ((("setup", "skipped"),), "skipped"),
        ((("call", "failed"), ("teardown", "failed")), "failed"),
        # A second attempt.
        ((("call", "failed"), ("call", "passed"), ("teardown", "passed")), "passed"),
    ],
)
def test_the_phase_that_decides_last_gives_the_outcome(
    phases: tuple[tuple[Phase, Result], ...], outcome: str
) -> None:
    found = collected(*(report(phase, result) for phase, result in phases))
    assert [one.outcome for one in found.all(as_they_came)] == [outcome]
    assert found.passed == ({"test_site.py::test_json"} if outcome == "passed" else set())


def test_a_failure_has_its_message_its_place_and_the_servers_log() -> None:
    failed = report("call", "failed", "requests/s: 100, limit min_rps(200)")
    failed.sections.append((f"{LOG_OF}granian", "first\nsecond"))
    (found,) = collected(failed).all(as_they_came)
    assert (found.file, found.line) == ("test_site.py", 7)
    assert found.message == "requests/s: 100, limit min_rps(200)"
    assert found.log == ("first", "second")


def test_a_failure_in_teardown_stands_behind_that_of_the_test() -> None:
    (found,) = collected(
        report("call", "failed", "too slow"), report("teardown", "failed", "not cleaned up")
    ).all(as_they_came)
    assert found.message == "too slow\nnot cleaned up"


def test_a_skipped_test_has_its_reason() -> None:
    skipped = report("setup", "skipped", ("a.py", 3, "Skipped: not here"))
    (found,) = collected(skipped).all(as_they_came)
    assert found.message == "Skipped: not here"


def test_a_test_that_is_no_load_test_is_left_out() -> None:
    other = report("call", "passed")
    del other.djworkers_bursts
    assert collected(other).all(as_they_came) == ()

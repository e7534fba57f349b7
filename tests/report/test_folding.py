from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.folding import line_of_ok, split_off_ok
from tests.support.comparisons import NOTHING, compared
from tests.support.results import RESULT, record

OK = compared(1.0)


def ok(backend: str, name: str, test: str = "test_json", **changes: object) -> BurstRecord:
    """Return a comparison that is ok, but for these changes to it."""
    result = replace(RESULT, profile=replace(RESULT.profile, name=f"GET /{name}"))
    return record(backend, test, result=result, against_base=replace(OK, **changes))  # type: ignore[arg-type]  # by name


def test_what_is_ok_is_split_off_by_backend() -> None:
    bad = record("granian", against_base=compared(0.7))
    a, b, c, d = ok("granian", "a"), ok("uvicorn", "a"), ok("uvicorn", "b"), ok("granian", "b")
    assert split_off_ok([bad, a, b, c, d]) == ([bad], {"granian": [a, d], "uvicorn": [b, c]})


def test_a_single_ok_of_a_backend_keeps_its_row() -> None:
    a, b, c = ok("granian", "a"), ok("uvicorn", "a"), ok("uvicorn", "b")
    assert split_off_ok([a, b, c]) == ([a], {"uvicorn": [b, c]})


@pytest.mark.parametrize(
    "changes",
    [
        {"responses_differ": "responses differ: 1 kB against 2 kB"},
        {"ended_early": "the budget was spent"},
        {"idle_workers": "some workers got no connection"},
        {"worker_exits": "a worker ended"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_ok_on_which_more_is_to_be_said_keeps_its_row(changes: dict[str, str]) -> None:
    noted = ok("granian", "noted", **changes)
    shown, _ = split_off_ok([noted, ok("granian", "a"), ok("granian", "b")])
    assert shown == [noted]


def test_other_verdicts_reruns_and_errors_keep_their_rows() -> None:
    rerun = replace(ok("granian", "a"), attempt=2)
    errors = ok("granian", "b")
    errors = replace(errors, result=replace(errors.result, error=1, error_kinds={"reset": 1}))
    others = [rerun, errors, *(record(against_base=one) for one in (compared(1.3), NOTHING))]
    assert split_off_ok(others) == (others, {})


def test_the_line_names_the_endpoints_and_the_tests_only_where_names_are_shared() -> None:
    records = [ok("granian", "a"), ok("granian", "b", "test_one"), ok("granian", "b", "test_two")]
    assert line_of_ok("granian", records) == (
        "granian: 3 endpoints ok: GET /a, GET /b (test_one), GET /b (test_two)"
    )

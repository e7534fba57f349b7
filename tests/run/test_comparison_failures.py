"""Why a test fails by a comparison: held to comparisons made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.markers import read_plan
from pytest_djworkers.run.comparison_failures import comparison_failures
from tests.support.comparisons import NOTHING, compared
from tests.support.explanations import HARDLY_WAITS, NAMED
from tests.support.settings import SETTINGS

SLOWER = compared(0.7)
BACKENDS = replace(SLOWER, of_backends=True, labels=("granian", "uvicorn"))
LIMIT = Mark("max_regression", ("10%",), {})
SAME_SIZE = Mark("max_regression", ("10%",), {"same_size": True})


def failures(one: ArmComparison, *marks: Mark, strict: bool = False) -> list[str]:
    plan = read_plan(marks, "granian")
    return list(comparison_failures(one, plan, replace(SETTINGS, strict=strict)))


def test_only_a_regression_fails_unless_strict() -> None:
    assert failures(compared(1.0), strict=True) == []
    (first, *_) = failures(SLOWER)
    assert first.startswith("regressed: requests/s ")
    assert failures(NOTHING) == []
    assert failures(NOTHING, strict=True) == ["not compared: migrations differ"]


def test_the_cause_of_a_regression_is_said_with_it() -> None:
    (*_, last) = failures(replace(SLOWER, explanation=NAMED))
    reason, cause = last.splitlines()
    assert reason == failures(SLOWER)[-1]
    assert cause == "because: +4ms in burn (site/b.py:9), called from page"
    assert failures(replace(SLOWER, explanation=HARDLY_WAITS)) == failures(SLOWER)


def test_a_slower_backend_fails_only_a_test_with_a_limit_on_the_figure() -> None:
    assert failures(BACKENDS) == []
    of_p95 = Mark("max_regression", ("10%",), {"metric": "p95"})
    (said,) = failures(BACKENDS, LIMIT)
    assert said.startswith("slower: requests/s ")
    (said,) = failures(BACKENDS, of_p95)
    assert said.startswith("slower: p95 ")
    by_default = replace(SETTINGS, max_regression=0.1)
    assert len(list(comparison_failures(BACKENDS, read_plan((), "granian"), by_default))) == 1
    open_ = replace(NOTHING, of_backends=True)
    assert failures(open_, LIMIT) == []
    assert failures(open_, strict=True) == ["not compared: migrations differ"]


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((12_400.0, 12_000.0), None),
        ((1000.0, 1111.0), None),
        ((0.0, 0.0), None),
        (
            (12_400.0, 300.0),
            "length of the responses: 12.4kB from main and 300B from the working tree, which differ"
            " by more than 10%, limit max_regression(10%, same_size=True)",
        ),
        (
            (1000.0, 1112.0),
            "length of the responses: 1kB from main and 1.11kB from the working tree, which differ"
            " by more than 10%, limit max_regression(10%, same_size=True)",
        ),
        (
            (None, 300.0),
            "length of the responses: it is not known, so max_regression(10%, same_size=True)"
            " can't pass",
        ),
    ],
)
def test_bodies_of_another_length_fail_a_test_that_wants_the_same(
    sizes: tuple[float | None, float | None], said: str | None
) -> None:
    one = replace(compared(1.5), body_bytes=sizes)
    assert failures(one) == failures(one, LIMIT) == []
    assert failures(one, SAME_SIZE) == ([] if said is None else [said])


def test_what_was_not_measured_has_no_length() -> None:
    assert failures(NOTHING, SAME_SIZE) == []

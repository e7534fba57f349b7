"""The standing of a burst, from its limits and its comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_djworkers.record import BurstRecord, LimitOutcome
from pytest_djworkers.report.standing import Standing, by_standing, has_changed, standing_of
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.comparisons import NOTHING, compared
from tests.support.documents import document, outcome
from tests.support.results import record

MISSED: dict[str, Any] = {
    "limits": (LimitOutcome("min_rps(9)", "too few"),),
    "failures": ("too few",),
}
LOSS = compared(0.7)
SLOWER = replace(LOSS, of_backends=True)
WARNING = BaselineVerdict(Verdict.REGRESSED, "why", ratio=0.5)


@pytest.mark.parametrize(
    ("one", "standing"),
    [
        (record(), Standing.OK),
        (record(**MISSED), Standing.FAILED),
        (record(against_base=compared(1.0)), Standing.OK),
        (record(against_base=compared(1.4)), Standing.IMPROVED),
        (record(against_base=NOTHING), Standing.NOT_COMPARED),
        (record(against_base=LOSS, failures=("regressed: ",)), Standing.REGRESSED),
        (record(against_base=LOSS, **MISSED), Standing.FAILED),
        (record(against_base=NOTHING, failures=("not compared: ",)), Standing.FAILED),
        (record(against_base=SLOWER), Standing.OK),
        (record(against_base=SLOWER, failures=("slower: ",)), Standing.FAILED),
        (record(against_baseline=WARNING), Standing.REGRESSED),
    ],
)
def test_limits_and_comparisons_come_to_one_word(one: BurstRecord, standing: Standing) -> None:
    assert standing_of(one) is standing


def test_bursts_are_grouped_in_the_order_in_which_people_read_of_them() -> None:
    ok, loss, other = record(), record(against_base=LOSS), record(test="other")
    found = by_standing([ok, loss, other])
    assert list(found.items()) == [(Standing.REGRESSED, [loss]), (Standing.OK, [ok, other])]


def test_a_test_that_fails_is_a_change_with_or_without_a_burst() -> None:
    one = record()
    assert not has_changed(document(one))
    failed = replace(outcome(one), outcome="failed")
    assert has_changed(replace(document(one), tests=(failed,)))
    assert has_changed(replace(document(), tests=(failed,)))
    assert not has_changed(document(record(against_base=NOTHING)))

"""The result of a comparison, in words and in JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.rounds import Round
from tests.support.comparisons import NOTHING, compared, window


@pytest.mark.parametrize(
    "one", [compared(0.7), compared(1.0), NOTHING, compared(1, is_judged=False)]
)
def test_a_comparison_survives_json(one: ArmComparison) -> None:
    assert from_simple(json.loads(json.dumps(to_simple(one))), ArmComparison) == one


def test_figures_are_medians_over_the_rounds_that_count() -> None:
    good = [Round(window(100), window(50), 0) for _ in range(3)]
    discarded = Round(window(9), window(900), 0, "CPU steal")
    base, head = replace(NOTHING, rounds=(*good, discarded)).figures or pytest.fail("no figures")
    assert (base.rps, head.rps) == (400, 200)
    assert (base.p95_s, head.p95_s) == (0.1, 0.2)


def test_if_no_round_counts_the_figures_are_those_of_all_rounds() -> None:
    discarded = Round(window(100), window(50), 0, "CPU steal")
    base, head = replace(NOTHING, rounds=(discarded,)).figures or pytest.fail("no figures")
    assert (base.rps, head.rps) == (400, 200)


def test_errors_and_timeouts_are_sums() -> None:
    rounds = tuple(Round(window(100), window(50, errors=2, timeouts=3), 0) for _ in range(4))
    _, head = replace(NOTHING, rounds=rounds).figures or pytest.fail("no figures")
    assert (head.errors, head.timeouts) == (8, 12)


def test_without_a_round_there_are_no_figures() -> None:
    assert NOTHING.figures is None


def test_the_worst_verdict_of_all_figures_is_the_verdict() -> None:
    fine = compared(1.0)
    of_rps, of_p95 = fine.judgements
    for verdict in (Verdict.REGRESSED, Verdict.INCONCLUSIVE, Verdict.IMPROVED):
        mixed = replace(fine, judgements=(of_rps, replace(of_p95, verdict=verdict)))
        assert mixed.verdict is verdict

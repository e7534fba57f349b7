from __future__ import annotations

import pytest

from pytest_djworkers.report.verdict_color import color_of
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.results import record


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_a_color(verdict: Verdict) -> None:
    fails = record(against_baseline=BaselineVerdict(verdict, "why", fails=True))
    assert color_of(fails) in {"red", "yellow", "green"}
    assert (color_of(fails) == "red") is (verdict is Verdict.REGRESSED)


def test_a_loss_that_only_warns_is_yellow() -> None:
    assert color_of(record(against_baseline=BaselineVerdict(Verdict.REGRESSED, "why"))) == "yellow"


def test_without_a_verdict_there_is_no_color() -> None:
    assert color_of(record()) == ""

from __future__ import annotations

from pytest_djworkers.report.worst_first import worst_first
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.results import record


def test_the_worst_verdict_comes_first_and_the_order_of_measuring_stays() -> None:
    measured = [
        record(str(number), against_baseline=BaselineVerdict(verdict, "why"))
        for number, verdict in enumerate([*Verdict, *Verdict])
    ]
    found = [(one.verdict, int(one.backend)) for one in worst_first([record("-1"), *measured])]
    assert list(dict.fromkeys(verdict for verdict, _ in found)) == [
        Verdict.REGRESSED,
        Verdict.NOT_COMPARED,
        Verdict.INCONCLUSIVE,
        Verdict.IMPROVED,
        Verdict.OK,
        None,
    ]
    for verdict in Verdict:
        numbers = [number for one, number in found if one is verdict]
        assert numbers == sorted(numbers)
        assert len(numbers) == 2

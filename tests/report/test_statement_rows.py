"""The plans of both arms in the row of a statement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.load.query_plan import Plan, PlanNode
from pytest_djworkers.profiling.explanation import Explanation
from pytest_djworkers.profiling.query_changes import changes_of
from pytest_djworkers.report.statement_rows import change_rows, changes_of_burst
from tests.support.comparisons import compared
from tests.support.results import BASE_QUERIES, QUERIES, RESULT, record

SCAN, SEARCH = (PlanNode("SCAN", relation="a"),), (PlanNode("SEARCH", relation="a"),)


@pytest.mark.parametrize(
    ("base", "head", "said"),
    [
        ((), (), ""),
        ((), SCAN, "SCAN on a"),
        (SCAN, (), "before: SCAN on a"),
        (SCAN, SCAN, "SCAN on a"),
        (SEARCH, SCAN, "SCAN on a; before: SEARCH on a"),
    ],
)
def test_a_plan_is_shown_once_if_both_arms_have_it(base: Plan, head: Plan, said: str) -> None:
    first, *_ = QUERIES.statements
    before, after = (
        replace(QUERIES, statements=(replace(first, plan=plan),)) for plan in (base, head)
    )
    (row,) = change_rows(changes_of(before, after).statements)
    assert (row["plan"], row["times"], row["time"]) == (said, "40", "8ms")


def test_the_queries_of_an_explanation_come_first() -> None:
    explained = changes_of(QUERIES, BASE_QUERIES)
    counted = replace(RESULT, queries=QUERIES)
    compared_to = compared(0.7, base_queries=BASE_QUERIES)
    one = record(result=counted, against_base=compared_to)
    assert changes_of_burst(one) == changes_of(BASE_QUERIES, QUERIES)
    without = replace(compared_to, explanation=Explanation(2, (5, 5)))
    assert changes_of_burst(replace(one, against_base=without)) == changes_of_burst(one)
    with_queries = replace(compared_to, explanation=Explanation(2, (5, 5), queries=explained))
    assert changes_of_burst(replace(one, against_base=with_queries)) == explained
    assert changes_of_burst(record(result=counted)) is None
    assert changes_of_burst(replace(one, against_base=compared(0.7))) is None

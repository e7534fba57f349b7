"""The plans of both arms in the row of a statement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.load.query_plan import Plan, PlanNode
from pytest_djworkers.profiling.query_changes import changes_of
from pytest_djworkers.report.statement_rows import change_rows
from tests.support.results import QUERIES

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

"""Plans in words, and the tables that they read as a whole."""

from __future__ import annotations

import pytest

from pytest_djworkers.load.query_plan import PlanNode, plan_in_words, sequential_scans


@pytest.mark.parametrize(
    ("node", "words", "is_sequential"),
    [
        (
            PlanNode("Seq Scan", relation="shop_item", rows=1, table_rows=200_000),
            "Seq Scan on shop_item (200,000 rows)",
            True,
        ),
        (PlanNode("Seq Scan", relation="shop_item", rows=1), "Seq Scan on shop_item (1 row)", True),
        (
            PlanNode("Index Scan", relation="shop_item", index="by_name", rows=0),
            "Index Scan using by_name on shop_item (0 rows)",
            False,
        ),
        (PlanNode("SCAN", relation="shop_item"), "SCAN on shop_item", True),
        (
            PlanNode("SCAN", relation="shop_item", index="by_name"),
            "SCAN using by_name on shop_item",
            False,
        ),
        (PlanNode("SCAN CONSTANT ROW"), "SCAN CONSTANT ROW", False),
        (PlanNode("Seq Scan"), "Seq Scan", False),
    ],
)
def test_a_step_is_said_in_words(node: PlanNode, words: str, is_sequential: bool) -> None:
    assert node.in_words == words
    assert node.is_sequential == is_sequential


def test_a_plan_is_a_line_and_each_table_is_named_once() -> None:
    first = PlanNode("Seq Scan", 1, "shop_item", table_rows=5)
    plan = (
        PlanNode("Hash Join", rows=2),
        first,
        PlanNode("Seq Scan", 1, "shop_item", table_rows=5, rows=3),
        PlanNode("Index Scan", 1, "auth_user", "by_id"),
    )
    assert plan_in_words(plan) == (
        "Hash Join (2 rows) ← Seq Scan on shop_item (5 rows) ← Seq Scan on shop_item (5 rows)"
        " ← Index Scan using by_id on auth_user"
    )
    assert sequential_scans(plan) == {"shop_item": first}
    assert plan_in_words(()) == ""

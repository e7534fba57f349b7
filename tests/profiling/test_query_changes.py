"""Changes of queries, from figures made by hand, and the lines that tell them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.queries import QueryFigures, Statement
from pytest_djworkers.load.query_plan import PlanNode
from pytest_djworkers.profiling.pooled_queries import pooled
from pytest_djworkers.profiling.query_changes import changes_of, changes_of_parts

FAST, SLOW = (0.0004,) * 5, (0.015,) * 5
BY_INDEX = (PlanNode("Index Scan", relation="shop_item", index="by_name", rows=1),)
SCAN = PlanNode("Seq Scan", 1, "shop_item", rows=1, table_rows=200_000)
BY_SCAN = (PlanNode("Limit", rows=1), SCAN)
USER = 'SELECT "auth_user"."id" FROM "auth_user" WHERE "auth_user"."id" = ?'
ITEM = "SELECT id FROM shop_item WHERE name = ?"


def statement(sql: str = ITEM, count: int = 1, **changes: Any) -> Statement:
    times = changes.pop("times_s", FAST)
    made = Statement(sql, count, times[0], "shop/views.py:31", times_s=times)
    return replace(made, **changes)


def figures(*statements: Statement, unseen: int = 0) -> QueryFigures:
    """Figures of these statements, and of so many executions that were left out."""
    count = sum(one.count for one in statements) + unseen
    return QueryFigures(count, 0.1, 0, {}, statements, 5)


def lines(base: QueryFigures, head: QueryFigures) -> list[str]:
    return list(changes_of(base, head).lines)


OTHERS = tuple(statement(f"SELECT {name}") for name in "ab")


def test_an_n_plus_1_is_told_with_its_statement_and_its_line() -> None:
    base = figures(*OTHERS, statement())
    loop = statement(USER, 40, times_s=(0.0004,))
    assert lines(base, figures(*OTHERS, statement(), loop)) == [
        "queries 3 → 43: 40 times SELECT auth_user.id FROM auth_user WHERE auth_user.id = ? from"
        " shop/views.py:31"
    ]
    assert lines(figures(*OTHERS, statement(), loop), base) == [
        "queries 43 → 3: no longer 40 times SELECT auth_user.id FROM auth_user WHERE auth_user.id ="
        " ? from shop/views.py:31"
    ]


@pytest.mark.parametrize(
    ("base", "head", "line"),
    [
        (
            [statement()],
            [statement(count=41)],
            "queries 1 → 41: 1 → 41 times {} from shop/views.py:31",
        ),
        (
            [],
            [statement(times_s=SLOW, plan=BY_SCAN)],
            "queries 0 → 1: now {} from shop/views.py:31, which takes 15ms: a sequential scan of"
            " shop_item (200,000 rows)",
        ),
        (
            [statement(times_s=SLOW, plan=BY_SCAN)],
            [],
            "queries 1 → 0: no longer {} from shop/views.py:31",
        ),
        (
            [statement(times_s=FAST)],
            [statement(times_s=SLOW)],
            "{} at shop/views.py:31 takes 400 us → 15 ms",
        ),
        (
            [statement(times_s=FAST, plan=BY_INDEX)],
            [statement(times_s=SLOW, plan=BY_SCAN)],
            "{} at shop/views.py:31 takes 400 us → 15 ms: now a sequential scan of shop_item"
            " (200,000 rows)",
        ),
        (
            [statement(times_s=SLOW, plan=BY_SCAN)],
            [statement(times_s=FAST, plan=BY_INDEX)],
            "{} at shop/views.py:31 takes 15 ms → 400 us: no longer a sequential scan of shop_item"
            " (200,000 rows)",
        ),
        (
            [statement(plan=BY_INDEX, alias="other", place="")],
            [statement(plan=BY_SCAN, alias="other", place="")],
            "{} in other: now a sequential scan of shop_item (200,000 rows)",
        ),
        (
            [statement(count=2, times_s=FAST)],
            [statement(count=2, times_s=SLOW)],
            "2 times {} at shop/views.py:31 take 400 us → 15 ms",
        ),
        (
            [statement(count=2, times_s=FAST)],
            [statement(count=3, times_s=SLOW)],
            "queries 2 → 3: 2 → 3 times {} from shop/views.py:31, which take 400 us → 15 ms",
        ),
    ],
)
def test_what_changed_of_a_statement_is_a_line(
    base: list[Statement], head: list[Statement], line: str
) -> None:
    assert lines(figures(*base), figures(*head)) == [line.format(ITEM)]


def scan(rows: int | None) -> tuple[PlanNode, ...]:
    return (replace(SCAN, table_rows=rows),)


@pytest.mark.parametrize(
    ("rows", "times", "said"),
    [
        # Small tables are read as a whole, and rightly so.
        (12, FAST, []),
        (5_000, FAST, []),
        (10_000, FAST, ["at shop/views.py:31: now a sequential scan of shop_item (10,000 rows)"]),
        (12, SLOW, ["at shop/views.py:31 takes 400 us → 15 ms"]),
        (
            5_000,
            SLOW,
            ["at shop/views.py:31 takes 400 us → 15 ms: now a sequential scan of shop_item (5,000"
             " rows)"],
        ),
        (None, FAST, []),
        (
            None,
            SLOW,
            ["at shop/views.py:31 takes 400 us → 15 ms: now a sequential scan of shop_item"],
        ),
    ],
)  # fmt: skip
def test_only_the_scan_of_a_large_table_explains_something(
    rows: int | None, times: tuple[float, ...], said: list[str]
) -> None:
    head = figures(statement(times_s=times, plan=scan(rows)))
    expected = [f"{ITEM} {one}" for one in said]
    assert lines(figures(statement(plan=BY_INDEX)), head) == expected
    # A scan that was there before, or perhaps was, explains nothing.
    for plan in ((), scan(rows)):
        assert not any("scan" in one for one in lines(figures(statement(plan=plan)), head))


@pytest.mark.parametrize("rows", [5_000, None])
def test_the_scan_of_a_small_table_does_not_explain_a_new_statement(rows: int | None) -> None:
    slow = statement(times_s=SLOW, plan=scan(rows))
    assert "a sequential scan of shop_item" in lines(figures(), figures(slow))[0]
    assert "scan" not in lines(figures(), figures(statement(plan=scan(rows))))[0]


def test_another_statement_in_place_of_one_has_no_total() -> None:
    base, head = statement(), statement("SELECT id FROM shop_item WHERE upper(name) = ?")
    assert lines(figures(base), figures(head)) == [
        "now SELECT id FROM shop_item WHERE upper(name) = ? from shop/views.py:31",
        f"no longer {ITEM} from shop/views.py:31",
    ]


def test_what_matters_most_comes_first() -> None:
    base = figures(statement("SELECT a"), statement("SELECT b"), statement(plan=BY_INDEX))
    head = figures(
        statement("SELECT a", times_s=(0.016,) * 5),
        statement("SELECT b", 3),
        statement(times_s=SLOW, plan=BY_SCAN),
    )
    said = changes_of(base, head)
    # What is explained comes before what takes a little longer.
    assert [one.sql for one in said.statements] == [ITEM, "SELECT a", "SELECT b"]
    assert said.lines[2].startswith("queries 3 → 5: ")
    back = changes_of(head, base)
    assert [one.sql for one in back.statements] == [ITEM, "SELECT a", "SELECT b"]


def test_what_the_figures_of_an_arm_lack_is_no_change() -> None:
    one, other = statement("SELECT a"), statement("SELECT b")
    assert lines(figures(one, unseen=3), figures(one, other, unseen=2)) == []
    told = changes_of(figures(one, unseen=3), figures(one, other)).statements
    (unsure,) = (change for change in told if change.sql == "SELECT b")
    assert (unsure.is_cut, unsure.grown_s) == (True, 0.0)
    assert lines(figures(one), figures(one, other, unseen=2)) != []


def test_times_of_an_earlier_report_are_one() -> None:
    before, after = (replace(statement(times_s=times), times_s=()) for times in (FAST, SLOW))
    (told,) = changes_of(figures(before), figures(after)).statements
    assert told.is_time_told
    assert told.grown_s == pytest.approx(0.0146)


def test_of_a_mix_the_part_that_changed_most_is_told() -> None:
    many, few = figures(statement(count=9)), figures(statement(count=3))
    base = {"GET /a": many, "GET /b": few, "GET /gone": many}
    head = {"GET /a": many, "GET /b": figures(statement(count=12)), "GET /new": few}
    found = changes_of_parts(base, head)
    assert found is not None
    assert found.lines == (f"queries of GET /b 3 → 12: 3 → 12 times {ITEM} from shop/views.py:31",)
    back = changes_of_parts(head, base)
    assert back is not None
    assert (back.part, back.weight) == ("GET /b", -found.weight)
    alone = changes_of_parts({"GET /b": few}, head)
    assert alone is not None
    assert alone == changes_of(few, head["GET /b"])
    assert changes_of_parts({}, head) is None


def test_the_figures_of_several_launches_are_one() -> None:
    first = figures(statement(times_s=FAST), statement("SELECT a"))
    second = figures(statement(times_s=SLOW, plan=BY_SCAN), unseen=3)
    both = pooled((first, replace(second, time_s=0.4, samples=15)))
    assert (both.count, both.samples, both.launches) == (2, 20, 2)
    assert both.time_s == pytest.approx(0.325)
    one, _ = both.statements
    assert (one.times_s, one.plan) == ((FAST[0], SLOW[0]), BY_SCAN)
    # What few requests run is in the median launch of neither arm.
    usual = figures(*OTHERS)
    rare = figures(*OTHERS, statement())
    assert lines(pooled([usual] * 4), pooled([usual, rare, usual, usual])) == []
    assert pooled([usual, rare, rare]).count == 3
    assert pooled((first,)) == first
    slower = replace(first, statements=(statement(times_s=(0.001,) * 5), *first.statements[1:]))
    assert lines(first, slower) == []
    assert lines(pooled([first] * 4), pooled([slower] * 4)) == [
        f"{ITEM} at shop/views.py:31 takes 400 us → 1 ms"
    ]


STATEMENTS = st.lists(
    st.builds(
        statement,
        sql=st.sampled_from((USER, ITEM)),
        count=st.integers(1, 50),
        times_s=st.sampled_from((FAST, SLOW)),
        place=st.sampled_from(("", "a.py:1", "a.py:9", "b.py:3")),
        plan=st.sampled_from(((), BY_INDEX, BY_SCAN)),
    ),
    max_size=8,
    unique_by=lambda one: (one.sql, one.place),
)


@given(STATEMENTS, STATEMENTS)
def test_the_counts_of_all_changes_add_up(base: list[Statement], head: list[Statement]) -> None:
    changes = changes_of(figures(*base), figures(*head))
    told = changes.statements
    assert sum(one.base_count for one in told) == changes.base_count
    assert sum(one.head_count for one in told) == changes.head_count
    assert all(one.is_worth_saying for one in told if one.more)
    assert len(changes.lines) == sum(one.is_worth_saying for one in told)
    assert sum(line.startswith("queries ") for line in changes.lines) == (
        changes.base_count != changes.head_count
    )


@given(STATEMENTS)
def test_the_same_queries_have_no_change(statements: list[Statement]) -> None:
    assert lines(figures(*statements), figures(*statements)) == []

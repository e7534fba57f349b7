"""Statements of two revisions belong together although their lines have moved."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.queries import Statement
from pytest_djworkers.profiling.statement_pairs import Pair, paired

STATEMENTS = st.lists(
    st.builds(
        Statement,
        sql=st.sampled_from(("SELECT ?", "SELECT a")),
        count=st.integers(1, 50),
        time_s=st.just(0.1),
        place=st.sampled_from(("", "a.py:1", "a.py:2", "a.py:9", "a.py:20", "b.py:3", "b.py:x")),
        alias=st.sampled_from(("default", "other")),
        many=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda one: (one.sql, one.place, one.alias, one.many),
)


def at(place: str, count: int = 1, sql: str = "SELECT ?") -> Statement:
    return Statement(sql, count, 0.1, place)


def places(base: list[Statement], head: list[Statement]) -> set[tuple[str | None, str | None]]:
    return {
        (one.place if one else None, other.place if other else None)
        for one, other in paired(base, head)
    }


@pytest.mark.parametrize(
    ("base", "head", "pairs"),
    [
        ([at("a.py:1")], [at("a.py:1")], {("a.py:1", "a.py:1")}),
        ([at("a.py:1")], [at("a.py:9")], {("a.py:1", "a.py:9")}),
        ([at("a.py:1")], [at("b.py:1")], {("a.py:1", "b.py:1")}),
        ([at("a.py:1")], [at("a.py:1", sql="SELECT b")], {("a.py:1", None), (None, "a.py:1")}),
        # Lines keep their order: all have moved down by one.
        (
            [at("a.py:1"), at("a.py:2"), at("a.py:3")],
            [at("a.py:4"), at("a.py:3"), at("a.py:2")],
            {("a.py:1", "a.py:2"), ("a.py:2", "a.py:3"), ("a.py:3", "a.py:4")},
        ),
        # A new loop stands before what was there.
        (
            [at("a.py:10")],
            [at("a.py:5", 40), at("a.py:12")],
            {("a.py:10", "a.py:12"), (None, "a.py:5")},
        ),
        # Of equals, the nearest line.
        (
            [at("a.py:10")],
            [at("a.py:2"), at("a.py:11")],
            {("a.py:10", "a.py:11"), (None, "a.py:2")},
        ),
        (
            [at("a.py:10")],
            [at("a.py:9"), at("a.py:20")],
            {("a.py:10", "a.py:9"), (None, "a.py:20")},
        ),
        # The same file comes before another one, even if that runs it as often.
        (
            [at("a.py:10", 3)],
            [at("b.py:10", 3), at("a.py:10", 4)],
            {("a.py:10", "a.py:10"), (None, "b.py:10")},
        ),
        # Between files, those that run it as often.
        (
            [at("a.py:1", 1), at("a.py:2", 40)],
            [at("b.py:1", 40), at("c.py:1", 1)],
            {("a.py:1", "c.py:1"), ("a.py:2", "b.py:1")},
        ),
    ],
)
def test_statements_belong_together_by_their_file_and_order(
    base: list[Statement], head: list[Statement], pairs: set[tuple[str | None, str | None]]
) -> None:
    assert places(base, head) == pairs


@given(STATEMENTS, STATEMENTS)
def test_each_statement_is_in_one_pair_of_the_same_statement(
    base: list[Statement], head: list[Statement]
) -> None:
    pairs = list(paired(base, head))
    assert Counter(one.base for one in pairs if one.base) == Counter(base)
    assert Counter(one.head for one in pairs if one.head) == Counter(head)
    for one, other in pairs:
        assert one or other
        if one and other:
            assert (one.sql, one.alias, one.many) == (other.sql, other.alias, other.many)
    # None is left alone in both arms.
    alone = [{(one.sql, one.alias, one.many) for one in arm if one} for arm in _alone(pairs)]
    assert not alone[0] & alone[1]


@given(STATEMENTS)
def test_the_same_statements_are_paired_with_themselves(statements: list[Statement]) -> None:
    pairs = list(paired(statements, statements))
    assert all(one == other for one, other in pairs)


def _alone(pairs: list[Pair]) -> tuple[list[Statement | None], list[Statement | None]]:
    return (
        [one.base for one in pairs if one.head is None],
        [one.head for one in pairs if one.base is None],
    )

"""Figures of sample requests, made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.entry.sampling import Sample, SampledQuery
from pytest_djworkers.load.queries import Statement
from pytest_djworkers.load.query_plan import PlanNode
from pytest_djworkers.server.query_figures import MOST_STATEMENTS, figures_of


def query(sql: str = "SELECT 1", count: int = 1, **changes: object) -> SampledQuery:
    values = {"alias": "default", "vendor": "sqlite", "many": False, "place": "", "time_s": 0.5}
    return SampledQuery(sql=sql, count=count, **{**values, **changes})  # type: ignore[arg-type]  # by name


def sample(pid: int, *queries: SampledQuery) -> Sample:
    return Sample(pid, 1.0, queries)


def samples(*pids_and_counts: tuple[int, int]) -> list[Sample]:
    return [sample(pid, query(count=count)) for pid, count in pids_and_counts]


@pytest.mark.parametrize(
    ("taken", "count", "number"),
    [
        # The first of each process fills caches, and doesn't count.
        ([(1, 9), (1, 3), (1, 4)], 4, 2),
        ([(1, 9), (2, 8), (1, 3), (2, 4)], 4, 2),
        # Each process has one only: the very first may have filled caches that all share.
        ([(1, 9), (2, 8), (3, 7)], 8, 2),
        ([(1, 9)], 9, 1),
    ],
)
def test_the_first_sample_of_a_process_does_not_count(
    taken: list[tuple[int, int]], count: int, number: int
) -> None:
    figures = figures_of(samples(*taken), ())
    assert (figures.count, figures.samples) == (count, number)


def test_the_figures_are_those_of_the_largest_sample_and_the_time_is_a_mean() -> None:
    larger = sample(1, query("SELECT 1", 2, time_s=0.2), query("SELECT a", time_s=0.1))
    figures = figures_of([sample(1), sample(1, query(time_s=0.1)), larger], ())
    assert figures.count == 3
    assert figures.time_s == pytest.approx(0.2)
    assert [one.sql for one in figures.statements] == ["SELECT ?", "SELECT a"]


def test_statements_are_one_if_they_differ_in_literals_alone() -> None:
    figures = figures_of(
        [
            sample(
                1,
                query("SELECT 1", 2, place="a.py:1"),
                query("SELECT 2", 3, place="a.py:1"),
                query("SELECT 3", 1, place="a.py:2"),
                query("SELECT 4", 1, alias="other"),
            )
        ],
        (),
    )
    assert figures.statements == (
        Statement("SELECT ?", 5, 1.0, "a.py:1", times_s=(1.0,)),
        Statement("SELECT ?", 1, 0.5, "a.py:2", times_s=(0.5,)),
        Statement("SELECT ?", 1, 0.5, "", "other", times_s=(0.5,)),
    )
    # Wherever it is run, but in each database by itself.
    assert figures.duplicates == 5
    assert figures.by_alias == {"default": 6, "other": 1}


def test_rare_statements_are_left_out_if_there_are_too_many() -> None:
    queries = [query(f"SELECT a{number}", number + 1) for number in range(MOST_STATEMENTS + 10)]
    figures = figures_of([sample(1, *queries)], ())
    assert len(figures.statements) == MOST_STATEMENTS
    assert figures.statements[-1].count == 11
    assert figures.count == sum(one.count for one in queries)


def test_places_are_relative_to_the_first_folder_that_contains_them(tmp_path: Path) -> None:
    root, link = tmp_path / "project", tmp_path / "link"
    (root / "shop").mkdir(parents=True)
    link.symlink_to(root)

    def place(text: str, *roots: Path) -> str:
        (found,) = figures_of([sample(1, query(place=text))], roots).statements
        return found.place

    file = f"{root}/shop/views.py:31"
    assert place(file, root, tmp_path) == "shop/views.py:31"
    assert place(file, root / "docs", tmp_path) == "project/shop/views.py:31"
    assert place(file, root / "docs") == file
    assert place(f"{link}/shop/views.py:31", root) == "shop/views.py:31"
    assert place(file, link) == "shop/views.py:31"
    assert place("rest_framework/views.py:3", root) == "rest_framework/views.py:3"


def test_a_statement_has_its_time_in_each_sample_that_counts() -> None:
    first, *others = (
        sample(1, query("SELECT 1", time_s=time_s), *more)
        for time_s, more in ((9.0, ()), (0.1, ()), (0.123456789, (query("SELECT b"),)))
    )
    figures = figures_of([first, *others, sample(1)], ())
    assert [(one.sql, one.times_s) for one in figures.statements] == [
        ("SELECT b", (0.0, 0.5, 0.0)),
        ("SELECT ?", (0.1, 0.1234568, 0.0)),
    ]


def test_a_plan_is_known_from_any_sample_and_the_costliest_counts() -> None:
    def plan(cost: float) -> tuple[PlanNode, ...]:
        return (PlanNode("Seq Scan", relation="a", cost=cost),)

    taken = [
        sample(1, query("SELECT a FROM b WHERE c = 1", plan=plan(3.0))),
        sample(
            1,
            query("SELECT a FROM b WHERE c = 2", plan=plan(7.0)),
            query("SELECT a FROM b WHERE c = 3", plan=plan(5.0)),
        ),
        sample(1, query("SELECT a FROM b WHERE c = 1"), query("SELECT a"), query("SELECT c")),
    ]
    known = {one.sql: one.plan for one in figures_of(taken, ()).statements}
    assert known == {"SELECT a FROM b WHERE c = ?": plan(7.0), "SELECT a": (), "SELECT c": ()}

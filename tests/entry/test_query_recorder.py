"""The recorder keeps statements, with their number and their time, and none of their parameters."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest
from psycopg import sql

from pytest_djworkers.entry import query_recorder as module
from pytest_djworkers.entry.query_place import PlaceFinder
from pytest_djworkers.entry.query_recorder import QueryRecorder
from pytest_djworkers.load.query_plan import PlanNode

DATABASE = SimpleNamespace(alias="default", vendor="postgresql", connection=None)


def recorder() -> QueryRecorder:
    return QueryRecorder(PlaceFinder(recorder.__code__))


def recorded(*statements: Any, many: bool = False) -> list[tuple[str, int]]:
    """Return what is recorded of statements: each with its number."""
    made = recorder()
    for statement in statements:
        assert made.run(lambda: "result", DATABASE, statement, None, many) == "result"
    return [(one.sql, one.count) for one in made.finish().queries]


def test_a_statement_is_recorded_with_its_number() -> None:
    assert recorded("SELECT 1", "SELECT %s", "SELECT 1") == [("SELECT 1", 2), ("SELECT %s", 1)]
    sample = recorder().finish()
    assert (sample.pid, sample.queries) == (os.getpid(), ())
    assert 0 <= sample.took_s < 60


def test_a_statement_that_fails_is_recorded_and_fails() -> None:
    made = recorder()

    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        made.run(fails, DATABASE, "SELECT 1/0", None, many=False)
    assert [one.sql for one in made.finish().queries] == ["SELECT 1/0"]


class NeedsConnection:
    """A statement as psycopg2 composes it, which can't be told without a connection."""

    def as_string(self, connection: object) -> str:
        assert connection is not None
        return "SELECT 3"


def test_statements_that_are_no_text_are_recorded_as_text() -> None:
    composed = sql.SQL("SELECT {}").format(sql.Identifier("a"))
    assert recorded(composed, b"SELECT 2") == [('SELECT "a"', 1), ("SELECT 2", 1)]
    assert recorded(NeedsConnection(), 7) == [("(NeedsConnection)", 1), ("(int)", 1)]


def test_the_beginning_of_a_transaction_is_no_query() -> None:
    assert recorded("BEGIN", 'SAVEPOINT "s1"') == [('SAVEPOINT "s1"', 1)]


def test_of_many_statements_the_rest_is_only_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_STATEMENTS", 2)
    monkeypatch.setattr(module, "_LONGEST_SQL", 3)
    assert recorded("a", "b", "c", "d", "a", "toolong") == [
        ("a", 2),
        ("b", 1),
        ("(more statements)", 3),
    ]
    assert recorded("toolong") == [("too", 1)]


PLAN = (PlanNode("Seq Scan", relation="item"),)


class Asked:
    """In place of the reader of plans: it knows one plan, and tells it once."""

    def __init__(self) -> None:
        self.questions: list[tuple[str, object]] = []

    def __call__(self, database: object, sql: str, params: object, place: str) -> Any:
        self.questions.append((sql, params))
        return PLAN if len(self.questions) == 1 else ()


def test_plans_are_asked_for_after_a_statement_and_are_in_no_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, clock = Asked(), iter(range(100))
    monkeypatch.setattr(module, "CLOCK", SimpleNamespace(monotonic=lambda: float(next(clock))))
    made = QueryRecorder(PlaceFinder(recorder.__code__), asked)  # type: ignore[arg-type]  # alike
    for number in (1, 2):
        made.run(lambda: None, DATABASE, "SELECT %s", [number], many=False)
    made.run(lambda: None, DATABASE, "INSERT", [[1]], many=True)
    made.run(lambda: None, DATABASE, "BEGIN", None, many=False)

    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        made.run(fails, DATABASE, "SELECT 1/0", None, many=False)
    assert asked.questions == [("SELECT %s", [1]), ("SELECT %s", [2])]
    sample = made.finish()
    assert [(one.sql, one.plan) for one in sample.queries] == [
        ("SELECT %s", PLAN),
        ("INSERT", ()),
        ("SELECT 1/0", ()),
    ]
    # The clock is read 16 times; of that, the two questions take 1 s each.
    assert [one.time_s for one in sample.queries] == [2.0, 1.0, 1.0]
    assert sample.took_s == next(clock) - 1 - 2

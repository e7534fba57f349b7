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

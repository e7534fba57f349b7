"""The queries of a request, as they are said in a line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.load.queries import Statement
from tests.support.results import QUERIES

COLUMNS = ", ".join(f"book.column_{number}" for number in range(9))


@pytest.mark.parametrize(
    ("sql", "short"),
    [
        ('SELECT "id" FROM "book" WHERE "id" = ?', "SELECT id FROM book WHERE id = ?"),
        (f"SELECT {COLUMNS} FROM book", "SELECT … FROM book"),
        (f"SELECT (SELECT 1 FROM a), {COLUMNS} FROM book", "SELECT … FROM book"),
        ("SELECT 1", "SELECT 1"),
        ("UPDATE `book` SET a = ?", "UPDATE book SET a = ?"),
        (f"UPDATE book SET a = '{'x' * 200}'", f"UPDATE book SET a = '{'x' * 138}…"),
    ],
)
def test_a_statement_is_short_in_a_line(sql: str, short: str) -> None:
    assert Statement(sql, 1, 0.1, "").short == short


def test_a_statement_is_named_with_its_place_and_its_database() -> None:
    statement = Statement("SELECT 1", 1, 0.1, "shop/views.py:3", alias="other")
    assert statement.at == "SELECT 1 in other at shop/views.py:3"
    assert Statement("SELECT 1", 1, 0.1, "").at == "SELECT 1"


def test_only_many_repetitions_are_worth_a_line() -> None:
    assert QUERIES.repetition_in_words == (
        "40 of 43 queries are the same: SELECT id FROM auth_user WHERE id = ? at shop/views.py:31"
    )
    few = replace(QUERIES, statements=QUERIES.statements[1:])
    assert (few.most_repeated, few.repetition, few.repetition_in_words) == (
        QUERIES.statements[1],
        None,
        "",
    )
    once = replace(QUERIES, statements=QUERIES.statements[2:])
    assert (once.most_repeated, once.repetition) == (None, None)
    assert replace(QUERIES, statements=()).most_repeated is None

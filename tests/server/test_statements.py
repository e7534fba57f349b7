"""Statements lose their literals, whatever their SQL."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_djworkers.server.statements import LONGEST, without_literals

SECRET = "Sekr1t"


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        (
            'SELECT "id" FROM "t1" WHERE "id" = %s LIMIT 21',
            'SELECT "id" FROM "t1" WHERE "id" = ? LIMIT ?',
        ),
        ("SELECT 'a''b', 1.5e3, -2, 0xFF, .5", "SELECT ?, ?, ?, ?, ?"),
        ("SELECT * FROM t WHERE a IN (%s, %s, %s)", "SELECT * FROM t WHERE a IN (?, …)"),
        ("SELECT * FROM t WHERE a IN (%s) AND b", "SELECT * FROM t WHERE a IN (?) AND b"),
        ("SELECT f(1, 'x'), f(2, 'y')", "SELECT f(?, …), f(?, …)"),
        ("INSERT INTO t VALUES (%s, %s), (%s, %s)", "INSERT INTO t VALUES (?, …), …"),
        ("SELECT a -- 7\n  FROM t /* id 8 */ WHERE b", "SELECT a FROM t WHERE b"),
        ("SELECT $$a'b$$, $x$1$x$", "SELECT ?, ?"),
        ('SAVEPOINT "s140_x1"', "SAVEPOINT ?"),
        ('RELEASE SAVEPOINT "s140_x1"', "RELEASE SAVEPOINT ?"),
        (
            r"SELECT a FROM t WHERE a LIKE %s ESCAPE '\' AND b",
            "SELECT a FROM t WHERE a LIKE ? ESCAPE ? AND b",
        ),
        # The quote that a backslash may escape ends the string in some databases only.
        (r"SELECT a, 'b\', 'c'", "SELECT a, ?…"),
        ("SELECT 'never ends", "SELECT ?…"),
        ("", ""),
    ],
)
def test_literals_and_parameters_become_question_marks(sql: str, shown: str) -> None:
    assert without_literals(sql, "postgresql") == shown


def test_double_quotes_hold_strings_in_mysql() -> None:
    assert (
        without_literals('SELECT `a` FROM t WHERE b = "x"', "mysql")
        == "SELECT `a` FROM t WHERE b = ?"
    )


def test_statements_that_differ_in_literals_are_one() -> None:
    assert without_literals("SELECT 1 IN (1, 2)") == without_literals("SELECT 2 IN (3, 4, 5)")


def test_a_statement_in_no_grammar_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(sql: str) -> None:
        raise ValueError(sql)

    monkeypatch.setattr("sqlparse.lexer.tokenize", fails)
    assert without_literals(f"SELECT '{SECRET}'", "none") == "a statement that can't be read"


def test_a_long_statement_is_cut() -> None:
    text = without_literals(f"SELECT {'column, ' * 1000} a FROM t")
    assert len(text) == LONGEST
    assert text.endswith("…")


@given(
    st.lists(
        st.sampled_from(
            [
                "'",
                "''",
                "\\",
                "\\'",
                '"',
                "$$",
                "$a$",
                "--",
                "/*",
                "*/",
                "E'",
                "x'",
                "%",
                "%s",
                "(",
                ",",
                " ",
                "\n",
                "ab",
                "9",
            ]
        )
    )
)
@example(["\\'"])
@example(["$$"])
def test_no_string_survives_whatever_is_before_it(before: list[str]) -> None:
    text = without_literals(f"SELECT {''.join(before)} , '{SECRET}'", "postgresql")
    # Behind an odd number of quotes, or in double ones, it is a name or a part of one.
    if "".join(before).count("'") % 2 == 0 and '"' not in before:
        assert SECRET not in text


@given(st.text(max_size=40), st.sampled_from(["postgresql", "sqlite", "mysql", "oracle"]))
@example("\\", "mysql")
@example("'", "sqlite")
@example("$$", "postgresql")
def test_no_quoted_string_survives(value: str, vendor: str) -> None:
    quoted = value.replace("\\", "\\\\") if vendor == "mysql" else value
    quoted = quoted.replace("'", "''")
    text = without_literals(
        f"SELECT a FROM t WHERE b = '{SECRET}{quoted}{SECRET}' AND c = 1", vendor
    )
    assert SECRET not in text
    assert text.startswith("SELECT a FROM t WHERE b = ?")


@given(st.text())
def test_any_text_can_be_given(sql: str) -> None:
    text = without_literals(sql)
    assert len(text) <= LONGEST
    assert "\n" not in text


@given(
    st.one_of(
        st.integers(min_value=0), st.floats(min_value=0, allow_nan=False, allow_infinity=False)
    )
)
def test_no_number_survives(number: float) -> None:
    assert not any(map(str.isdigit, without_literals(f"SELECT a FROM t WHERE b = {number}")))

from __future__ import annotations

from pytest_djworkers.report.alignment import align


def test_words_stand_left_and_figures_right() -> None:
    rows = [("name", "n", "note"), ("a", "1,000", ""), ("longer", "7", "x")]
    # No line ends in blanks.
    assert align(rows, text_columns={"name", "note"}) == [
        "name        n  note",
        "a       1,000",
        "longer      7  x",
    ]


def test_a_column_with_nothing_but_its_heading_is_left_out() -> None:
    rows = [("name", "empty", "n"), ("a", "", "1")]
    assert align(rows, text_columns={"name"}) == ["name  n", "a     1"]

"""Text in aligned columns: the one aligner for the terminal, the command and the benchmarks."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

GAP = "  "


def align(rows: Sequence[Sequence[str]], *, text_columns: Container[str]) -> list[str]:
    """Return the rows as lines, each column as wide as its widest cell.

    The first row has the headings. Columns whose heading is in ``text_columns`` are aligned to
    the left, the others, which have figures, to the right. A column that is empty but for its
    heading is left out.
    """
    return [in_a_line(cells) for cells in pad(rows, text_columns=text_columns)]


def pad(rows: Sequence[Sequence[str]], *, text_columns: Container[str]) -> list[list[str]]:
    """Return the cells of the same lines, each as wide as its column."""
    # The headings don't count: a column that no row fills would only take room.
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    are_text = [column[0] in text_columns for column in columns]
    return [_padded(cells, widths, are_text) for cells in zip(*columns, strict=True)]


def align_row(cells: Iterable[str], widths: Iterable[int], are_text: Iterable[bool]) -> str:
    """Return one row as a line, for a table that is printed while it grows.

    ``widths`` are the columns' widths in characters; ``are_text`` is true for a column that is
    aligned to the left.
    """
    return in_a_line(_padded(cells, widths, are_text))


def in_a_line(padded: Iterable[str]) -> str:
    """Return cells of full width as a line."""
    # Blanks at the end of a line would be wrapped by a narrow terminal.
    return GAP.join(padded).rstrip()


def _padded(cells: Iterable[str], widths: Iterable[int], are_text: Iterable[bool]) -> list[str]:
    return [
        cell.ljust(width) if is_text else cell.rjust(width)
        for cell, width, is_text in zip(cells, widths, are_text, strict=True)
    ]

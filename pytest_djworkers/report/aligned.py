"""Columns of text, for what is printed outside of pytest."""

from __future__ import annotations

from collections.abc import Container, Sequence

_GAP = "  "


def aligned(rows: Sequence[Sequence[str]], *, words: Container[int]) -> list[str]:
    """The rows as lines, each column as wide as its widest cell.

    The columns of these numbers are aligned to the left; figures to the right. A column that has
    nothing but a heading is left out.
    """
    columns = [
        [cell.ljust(width) if number in words else cell.rjust(width) for cell in column]
        for number, column in enumerate(zip(*rows, strict=True))
        if any(column[1:])
        for width in [max(map(len, column))]
    ]
    return [_GAP.join(row).rstrip() for row in zip(*columns, strict=True)]

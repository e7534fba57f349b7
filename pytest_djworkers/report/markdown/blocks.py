"""Blocks of Markdown: tables, lists, and what is folded until somebody clicks on it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from html import escape

from pytest_djworkers.printable import printable
from pytest_djworkers.report.markdown.text import escaped

_FENCE = "```"


def heading(text: str) -> list[str]:
    """Return a heading of the third level, and the empty line below it."""
    return [f"### {escaped(text)}", ""]


def table(rows: Sequence[Mapping[str, str]], *, text_columns: Container[str]) -> list[str]:
    """Return the lines of a table. A row has the texts, not yet escaped, by their headings.

    Columns whose heading is in ``text_columns`` are aligned to the left, the others, which have
    figures, to the right. A column that is empty but for its heading is left out.
    """
    texts = [list(rows[0]), *(list(row.values()) for row in rows)]
    columns = [
        [escaped(cell) for cell in column] for column in zip(*texts, strict=True) if any(column[1:])
    ]
    widths = [max(3, *map(len, column)) for column in columns]
    are_text = [column[0] in text_columns for column in columns]
    # Padded, so that the text is a table for people, too.
    padded = [
        [
            cell.ljust(width) if is_text else cell.rjust(width)
            for cell, width, is_text in zip(cells, widths, are_text, strict=True)
        ]
        for cells in zip(*columns, strict=True)
    ]
    rule = [
        "-" * width if is_text else "-" * (width - 1) + ":"
        for width, is_text in zip(widths, are_text, strict=True)
    ]
    return [f"| {' | '.join(cells)} |" for cells in (padded[0], rule, *padded[1:])]


def item(*texts: str, about: str = "") -> list[str]:
    """Return the lines of a list's item, which begins with what it is about, in bold.

    Several texts, or lines of a text, become a list of their own.
    """
    lines = [escaped(line) for text in texts for line in text.splitlines()]
    title = f"**{escaped(about)}**" if about else ""
    if len(lines) <= 1:
        return [f"- {': '.join(filter(None, (title, *lines)))}"]
    first, *others = [title, *lines] if title else lines
    return [f"- {first}", *(f"  - {line}" for line in others)]


def folded(summary: str, lines: Iterable[str]) -> list[str]:
    """Return lines that are hidden under a summary until somebody clicks on it."""
    # The summary is HTML, in which Markdown's escapes mean nothing. Without the empty lines, what
    # is inside would be HTML, too.
    return [f"<details><summary>{escape(summary)}</summary>", "", *lines, "", "</details>"]


def fenced(lines: Iterable[str]) -> list[str]:
    """Return lines shown as they are, in a fixed-width font."""
    # The blank keeps GitLab from taking a line such as "/close" of a note for an order.
    shown = [re.sub("^/", " /", printable(line).replace("\n", " ")) for line in lines]
    # A fence is closed by one at least as long, so it is longer than any in the text.
    longest = max(map(len, re.findall("`+", "\n".join(shown))), default=0)
    fence = "`" * max(len(_FENCE), longest + 1)
    return [f"{fence}text", *shown, fence]

"""Tables of figures with bars, as text while they grow and as reStructuredText at the end."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from machine import describe_machine
from pytest_djworkers.report.alignment import align_row

HELD, MISSED = "held", "MISSED"


@dataclass(frozen=True)
class Bar:
    """The range that a figure must be in, both ends included."""

    least: float
    most: float
    text: str

    def verdict(self, figure: float) -> str:
        """Return ``held`` or ``MISSED``."""
        return verdict_of(self.least <= figure <= self.most)


def at_most(value: float, text: str = "") -> Bar:
    """Return a bar to stay under."""
    return Bar(-math.inf, value, f"at most {text or format(value, 'g')}")


def at_least(value: float, text: str = "") -> Bar:
    """Return a bar to reach."""
    return Bar(value, math.inf, f"at least {text or format(value, 'g')}")


def between(least: float, most: float) -> Bar:
    """Return a bar with two ends."""
    return Bar(least, most, f"{least:g} to {most:g}")


def verdict_of(is_held: bool) -> str:
    """Return the word for a bar that was held or missed."""
    return HELD if is_held else MISSED


@dataclass
class Table:
    """Rows that are printed as they come; the first column is text, the others are figures."""

    title: str
    columns: Sequence[tuple[str, int]]
    """The headings, and the columns' widths in characters: a row is printed before the next one
    is known."""
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Print a row, and keep it."""
        if not self.rows:
            print(f"\n{self.title}\n{self._line(self._headings)}")
        self.rows.append(cells)
        print(self._line(cells), flush=True)

    @property
    def _headings(self) -> list[str]:
        return [heading for heading, _ in self.columns]

    def _line(self, cells: Sequence[str]) -> str:
        widths = [width for _, width in self.columns]
        return align_row(cells, widths, [True, *[False] * (len(widths) - 1)])

    @property
    def missed(self) -> bool:
        """True if a bar of any row was missed."""
        return any(MISSED in row for row in self.rows)

    def rst(self) -> str:
        """Return the table as a list-table."""
        lines = [f".. list-table:: {self.title}", "   :header-rows: 1", ""]
        for row in (self._headings, *self.rows):
            for number, cell in enumerate(row):
                lines.append(f"   {'  -' if number else '* -'} {cell}".rstrip())
        return "\n".join(lines) + "\n"


def finish(tables: Sequence[Table], file: Path | None) -> int:
    """Write the tables for the documentation if there is a file; return the exit status.

    The status is 1 if a bar was missed.
    """
    if file is not None:
        script = Path(sys.argv[0])
        arguments = _without_rst(sys.argv[1:])
        command = " ".join(["python", f"{script.parent.name}/{script.name}", *arguments])
        parts = [f"``{command}`` on {describe_machine()}.\n"]
        parts += [table.rst() for table in tables]
        file.write_text("\n".join(parts))
    return 1 if any(table.missed for table in tables) else 0


def _without_rst(arguments: Sequence[str]) -> list[str]:
    """Return a command line without ``--rst`` and its file, which say nothing of the figures."""
    kept = []
    is_value = False
    for argument in arguments:
        if not is_value and not argument.startswith("--rst"):
            kept.append(argument)
        is_value = argument == "--rst"
    return kept

"""Tables of figures with bars, as text while they grow and as reStructuredText at the end."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from example_site import machine_line


@dataclass(frozen=True)
class Bar:
    """What a figure must be: ``at most`` or ``at least`` a value."""

    holds: Callable[[float, float], bool]
    value: float
    text: str

    def verdict(self, figure: float) -> str:
        """In one word."""
        return "held" if self.holds(figure, self.value) else "MISSED"


def at_most(value: float, text: str = "") -> Bar:
    """A bar to stay under."""
    return Bar(operator.le, value, f"at most {text or format(value, 'g')}")


def at_least(value: float, text: str = "") -> Bar:
    """A bar to reach."""
    return Bar(operator.ge, value, f"at least {text or format(value, 'g')}")


@dataclass
class Table:
    """Rows that are printed as they come; the first column is text, the others are figures."""

    title: str
    columns: Sequence[tuple[str, int]]
    """Names, and widths in the printed table."""
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Print a row, and keep it."""
        if not self.rows:
            print(f"\n{self.title}\n{self._line([name for name, _ in self.columns])}")
        self.rows.append(cells)
        print(self._line(cells), flush=True)

    def _line(self, cells: Sequence[str]) -> str:
        first, *others = (
            f"{cell:<{width}}" if number == 0 else f"{cell:>{width}}"
            for number, (cell, (_, width)) in enumerate(zip(cells, self.columns, strict=True))
        )
        return "  ".join([first, *others]).rstrip()

    @property
    def missed(self) -> bool:
        """Whether a bar of any row was missed."""
        return any("MISSED" in row for row in self.rows)

    def rst(self) -> str:
        """As a list-table."""
        lines = [f".. list-table:: {self.title}", "   :header-rows: 1", ""]
        for row in ([name for name, _ in self.columns], *self.rows):
            for number, cell in enumerate(row):
                lines.append(f"   {'  -' if number else '* -'} {cell}".rstrip())
        return "\n".join(lines) + "\n"


def finish(tables: Sequence[Table], file: Path | None) -> int:
    """Write the tables for the documentation where asked to; the exit status."""
    if file is not None:
        script = Path(sys.argv[0])
        arguments = _without_rst(sys.argv[1:])
        command = " ".join(["python", f"{script.parent.name}/{script.name}", *arguments])
        parts = [f"``{command}`` on {machine_line()}.\n"]
        parts += [table.rst() for table in tables]
        file.write_text("\n".join(parts))
    return 1 if any(table.missed for table in tables) else 0


def _without_rst(arguments: Sequence[str]) -> list[str]:
    kept = []
    skip = False
    for argument in arguments:
        if not skip and not argument.startswith("--rst"):
            kept.append(argument)
        skip = argument == "--rst"
    return kept

"""Outcomes of comparisons, kept in a file with one line of JSON each.

A series that was stopped goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kept_lines import KeptLines
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.report.alignment import align_row
from pytest_djworkers.report.comparison_lines import findings, lines
from pytest_djworkers.verdict.judgement import Judgement

_WIDTHS = (len("2026-01-02T03:04:05+00:00"), 15, 10, 22, 2)


@dataclass(frozen=True)
class Place:
    """The place of a comparison: the server, and the database."""

    server: str
    database: str


@dataclass(frozen=True)
class Outcome:
    """One comparison of a series."""

    series: str
    place: Place
    number: int
    """The number in its series, from 1."""
    when: str
    """The time at which it began, in ISO 8601."""
    package: str
    """The commit of this package, with ``+`` if files differ from it."""
    wall_s: float
    """The seconds that the whole run of pytest took; ``compared`` has the comparison's own time."""
    status: int
    """pytest's exit status."""
    compared: ArmComparison | None
    said: str
    """The end of pytest's output if there was no comparison."""

    @property
    def judgement(self) -> Judgement | None:
        """The judgement on requests/s; None if there was no comparison."""
        judged = self.compared.judgements if self.compared else ()
        return judged[0] if judged else None

    @property
    def verdict(self) -> str:
        """The verdict as a word; ``error`` if there was no comparison."""
        verdict = self.compared and self.compared.verdict
        return verdict.value if verdict else "error"

    def __str__(self) -> str:
        cells = (self.when, self.place.server, self.place.database, self.series, str(self.number))
        parts = [align_row(cells, _WIDTHS, (True, True, True, True, False))]
        if self.compared is None:
            return f"{parts[0]}  error (exit status {self.status})\n{self.said}"
        compared = self.compared
        parts += [self.verdict, f"{compared.took_s:.0f} s", f"{compared.blocks} blocks"]
        parts += [f"seed {compared.seed}"]
        parts += lines(compared, findings(compared))
        return "  ".join(parts)


class Results:
    """The file of outcomes."""

    def __init__(self, file: Path) -> None:
        self._kept = KeptLines(file, Outcome)

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """All of them, in the order in which they were measured."""
        return self._kept.lines

    def of(self, series: str, place: Place) -> list[Outcome]:
        """Return the outcomes of one series in one place."""
        return [
            outcome
            for outcome in self.outcomes
            if (outcome.series, outcome.place) == (series, place)
        ]

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome."""
        self._kept.add(outcome)

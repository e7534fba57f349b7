"""Which table a run's records make, and what is said below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report import calibration, comparison, table
from pytest_djworkers.report.table import Row


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table, and a record's rows in it."""

    columns: tuple[str, ...]
    rows: Callable[[BurstRecord], list[Row]]
    first_to_go: tuple[str, ...]
    """What a narrow window has no room for."""


BURSTS = Layout(table.COLUMNS, table.rows, ("memory", "CPU/req."))
COMPARISONS = Layout(comparison.COLUMNS, comparison.rows, ("CPU/req.", "p95", "took"))
CALIBRATIONS = Layout(calibration.COLUMNS, calibration.rows, ("blocks", "took"))


def layout_of(records: Sequence[BurstRecord]) -> Layout:
    """The table of a run: all of its records are of one kind."""
    compared = next((record.against_base for record in records if record.against_base), None)
    if compared is None:
        return BURSTS
    return COMPARISONS if compared.is_judged else CALIBRATIONS


def notes(records: Iterable[BurstRecord]) -> list[str]:
    """What must be said in words below the table, the verdict first."""
    found = list(records)
    said = [note for one in found for note in (*table.notes([one]), *comparison.notes(one))]
    differing = dict.fromkeys(one.other_settings for one in found if one.other_settings)
    said += [
        f"settings: in the server the settings module makes others of {', '.join(names)} than in"
        " this process, such as by looking whether pytest is there"
        for names in differing
    ]
    return said

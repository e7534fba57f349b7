"""The summary of a run: the kind of its table, the lines below its rows, and the notes on it."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.bisection_lines import result_lines
from pytest_djworkers.report.burst_rows import BURSTS
from pytest_djworkers.report.calibration_rows import CALIBRATIONS
from pytest_djworkers.report.comparison_details import details, noise_in_words
from pytest_djworkers.report.comparison_lines import lines
from pytest_djworkers.report.comparison_rows import COMPARISONS
from pytest_djworkers.report.ranking_rows import RANKING
from pytest_djworkers.report.reasons import (
    baseline_reason,
    other_settings,
    remarks_of_burst,
    worth_saying,
)
from pytest_djworkers.report.table import Table
from pytest_djworkers.report.worst_first import worst_first


def table_of(records: Sequence[BurstRecord]) -> Table:
    """Return the kind of table that a run has: all of its records are of one kind."""
    compared = next((record.against_base for record in records if record.against_base), None)
    if compared is None:
        return BURSTS
    if not compared.is_judged:
        return CALIBRATIONS
    return RANKING if compared.of_backends else COMPARISONS


def remarks_below(record: BurstRecord, *, with_details: bool) -> list[str]:
    """Return the lines below a burst's row: kinds of errors, and workers that were idle or ended.

    With details, also how a comparison was made.
    """
    compared = record.against_base
    how = details(compared) if with_details and compared is not None else []
    return [*remarks_of_burst(record), *how]


def missed_limits(record: BurstRecord) -> list[str]:
    """Return a line for each limit that the burst missed: figure, limit and distance."""
    return [f"missed: {limit.miss}" for limit in record.limits if limit.miss]


def notes(records: Sequence[BurstRecord]) -> list[str]:
    """Return the lines below the table: each verdict but ``ok``, with its reason, worst first."""
    found = [note for record in worst_first(records) for note in _notes(record)]
    return [*found, *other_settings(records)]


def noise_note(records: Sequence[BurstRecord]) -> str:
    """Return the noise of the run's comparisons in a line; empty if it is not known."""
    return noise_in_words(one.against_base for one in records if one.against_base)


def _notes(record: BurstRecord) -> list[str]:
    about, compared = f"{record.test} {record.result.name}", record.against_base
    arms = [] if compared is None else lines(compared, worth_saying(compared), about)
    return [*_of_bisection(record), *baseline_reason(record, about), *arms]


def _of_bisection(record: BurstRecord) -> list[str]:
    found = record.bisection
    return [] if found is None else result_lines(found, record.result.name)

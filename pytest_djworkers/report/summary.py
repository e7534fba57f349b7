"""The summary of a run: the kind of its table, the lines below its rows, and the notes on it."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.burst_rows import BURSTS
from pytest_djworkers.report.calibration_rows import CALIBRATIONS
from pytest_djworkers.report.comparison_details import details, noise_in_words
from pytest_djworkers.report.comparison_lines import findings, lines, with_names
from pytest_djworkers.report.comparison_rows import COMPARISONS
from pytest_djworkers.report.ranking_rows import RANKING
from pytest_djworkers.report.table import Table
from pytest_djworkers.report.worst_first import worst_first
from pytest_djworkers.unexpected_responses import in_words, kinds_of
from pytest_djworkers.verdict.judgement import Verdict


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
    found = []
    if kinds := kinds_of(record.result):
        found.append(f"errors: {in_words(kinds)}")
    if (compared := record.against_base) is not None:
        said = " ".join(judgement.reason for judgement in compared.judgements)
        if compared.worker_exits not in (said or compared.not_compared):
            found.append(with_names(compared, compared.worker_exits))
        if compared.idle_workers:
            found.append(with_names(compared, compared.idle_workers))
        if with_details:
            found += details(compared)
    return found


def missed_limits(record: BurstRecord) -> list[str]:
    """Return a line for each limit that the burst missed: figure, limit and distance."""
    return [f"missed: {limit.miss}" for limit in record.limits if limit.miss]


def notes(records: Sequence[BurstRecord]) -> list[str]:
    """Return the lines below the table: each verdict but ``ok``, with its reason, worst first."""
    found = [
        note
        for record in worst_first(records)
        for note in (*_baseline_note(record), *_arms_notes(record))
    ]
    # Often the same for every burst, and then said once.
    differing = dict.fromkeys(record.other_settings for record in records if record.other_settings)
    found += [
        f"settings: the settings module gives {', '.join(names)} other values in the server than in"
        " this process, for example because it checks if pytest is running"
        for names in differing
    ]
    return found


def noise_note(records: Sequence[BurstRecord]) -> str:
    """Return the noise of the run's comparisons in a line; empty if it is not known."""
    return noise_in_words(one.against_base for one in records if one.against_base)


def _baseline_note(record: BurstRecord) -> list[str]:
    comparison = record.against_baseline
    if comparison is None or comparison.verdict is Verdict.OK:
        return []
    # Most losses against a baseline only warn, since sessions differ by more than the code does.
    only_warns = comparison.verdict is Verdict.REGRESSED and not comparison.fails
    verdict = f"{comparison.verdict.value}{' (a warning)' if only_warns else ''}"
    return [f"{verdict}: {record.test} {record.result.name}: {comparison.reason}"]


def _arms_notes(record: BurstRecord) -> list[str]:
    compared = record.against_base
    if compared is None:
        return []
    # What is said of an `ok`, too: that it may not be worth much.
    always = bool(compared.responses_differ or compared.ended_early)
    shown = [one for one in findings(compared) if always or one.verdict is not Verdict.OK]
    return lines(compared, shown, about=f"{record.test} {record.result.name}")

"""Saves a run's bursts as the baseline."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pytest_djworkers.baseline.document import StoredBurst
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.session import run_facts, session_of
from pytest_djworkers.baseline.storable import why_not_stored
from pytest_djworkers.baseline.store import save
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.file_outcomes import FileOutcomes
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.units import counted


def save_baseline(
    settings: Settings,
    machine: Machine,
    records: Iterable[BurstRecord],
    passed: Collection[str],
    outcomes: FileOutcomes,
) -> None:
    """Store the bursts that may enter a baseline, and note in ``outcomes`` what became of each.

    ``passed`` are the node ids of the tests that passed. Raises BaselineError and OSError.
    """
    facts = run_facts(settings.root)
    sessions, not_saved = {}, {}
    for record in records:
        key = record.key
        if reason := _why_not_saved(record, passed):
            not_saved[key] = reason
        else:
            session = session_of(record.result, facts)
            sessions[key] = StoredBurst(record.stored_under, (session,))
    outcomes.bursts_not_saved.extend(f"{key}: {reason}" for key, reason in not_saved.items())
    if not sessions:
        if not not_saved:
            outcomes.bursts_not_saved.append("no burst was fired")
        return
    saved = save(settings.root, settings.baseline, machine, sessions)
    file = saved.file.relative_to(settings.root)
    outcomes.baseline_saved = f"{counted(len(sessions), 'burst')} in {file}"
    outcomes.bursts_kept.extend(key for key in saved.kept if key not in not_saved)
    outcomes.bursts_started_over.extend(saved.begun_anew)


def _why_not_saved(record: BurstRecord, passed: Collection[str]) -> str | None:
    # A failed test may have fired its burst at a site that was broken.
    if record.test not in passed:
        return "the test did not pass"
    return why_not_stored(record.result)

"""The document of a run, and the reports that are written of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pytest_djworkers.baseline.session import own_versions, run_facts
from pytest_djworkers.errors import ReportError
from pytest_djworkers.load.masking import MASK
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.document import SCHEMA, Document, RunSummary, TestOutcome, entry_of
from pytest_djworkers.report.file_outcomes import FileOutcomes
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.settings.report_files import ReportFile
from pytest_djworkers.settings.settings import Settings

_USER = re.compile(r"(?<=://)[^/\s]*@")


def document_of(
    run: RunContext,
    records: Iterable[BurstRecord],
    tests: Iterable[TestOutcome],
    *,
    command: Sequence[str],
    exit_status: int,
) -> Document:
    """Return the document of a run that has ended with this exit status."""
    stored, settings = run.baseline.bursts, run.settings
    facts = run_facts(settings.root)
    return Document(
        SCHEMA,
        RunSummary(
            began=datetime.fromtimestamp(run.began_at, UTC).isoformat(timespec="seconds"),
            ended=facts.saved,
            command=tuple(map(_without_password, command)),
            exit_status=exit_status,
            commit=facts.commit,
            machine=run.baseline.machine,
            surroundings=facts.surroundings,
            versions=own_versions(),
            tolerance=settings.tolerance,
            baseline=settings.baseline,
        ),
        tuple(tests),
        tuple(entry_of(one, stored.get(one.key)) for one in records),
    )


def _without_password(argument: str) -> str:
    """Return an argument of the command line without the user and the password of a URL."""
    return _USER.sub(f"{MASK}@", argument)


def write_reports(document: Document, files: Iterable[ReportFile], outcomes: FileOutcomes) -> None:
    """Write each report, whole or not at all, and note in ``outcomes`` what became of it."""
    # Runs without reports don't wait for the modules of all formats.
    from pytest_djworkers.report.formats import why_left_out, write_report

    for one in files:
        if why := why_left_out(one.format, document):
            outcomes.reports_left_out.append(f"{one.file}: {why}")
            continue
        try:
            write_report(one.file, one.format, document)
        except (OSError, ReportError) as error:
            outcomes.problems.append(str(error))
        else:
            outcomes.reports_written.append(str(one.file))


def report_to_github(document: Document, settings: Settings, outcomes: FileOutcomes) -> None:
    """Add the report to the summary of GitHub's step, and note the annotations in ``outcomes``.

    Nothing is done outside of GitHub Actions, or if nothing was measured and no test failed.
    """
    step = settings.github
    if step is None or not (document.bursts or any(one.has_failed for one in document.tests)):
        return
    from pytest_djworkers.report.github.annotations import commands
    from pytest_djworkers.report.github.step_summary import add_to_summary

    outcomes.for_github += commands(document, settings.root, step.workspace)
    try:
        if not add_to_summary(step.summary, document):
            outcomes.for_github.append("djworkers: the step's summary is full: nothing was added")
    except OSError as error:
        outcomes.problems.append(str(error))

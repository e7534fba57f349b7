"""Why a burst or a test has the standing that it has, in lines."""

from __future__ import annotations

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_lines import findings, lines, with_names
from pytest_djworkers.report.document import TestOutcome
from pytest_djworkers.unexpected_responses import in_words, kinds_of
from pytest_djworkers.verdict.judgement import Verdict

_ERROR_LINE = "E "
"""The beginning of the lines of a traceback, as pytest prints it, that say what was raised."""
_MOST_LINES = 20


def reasons_of_burst(record: BurstRecord) -> list[str]:
    """Return why a burst fails its test, and each verdict but ``ok``, a line or more each."""
    return [*record.failures, *_of_baseline(record), *_of_comparison(record)]


def remarks_of_burst(record: BurstRecord) -> list[str]:
    """Return what a reader must know of a burst beside its figures, a line each."""
    found = []
    if kinds := kinds_of(record.result):
        found.append(f"errors: {in_words(kinds)}")
    if record.attempt > 1:
        found.append(f"rerun: these figures are of attempt {record.attempt} at the test")
    if (compared := record.against_base) is not None:
        said = " ".join((compared.not_compared, *(one.reason for one in compared.judgements)))
        workers = (compared.worker_exits, compared.idle_workers)
        found += [with_names(compared, one) for one in workers if one and one not in said]
    return found


def reason_of_test(outcome: TestOutcome) -> list[str]:
    """Return the lines that say why a test failed: of a traceback, those of what was raised."""
    told = outcome.message.splitlines()
    raised = [line.removeprefix(_ERROR_LINE).strip() for line in told if line.startswith("E  ")]
    return [line for line in (raised or told) if line.strip()][:_MOST_LINES]


def _of_baseline(record: BurstRecord) -> list[str]:
    found = record.against_baseline
    if found is None or found.verdict is Verdict.OK or _is_said(record, found.reason):
        return []
    # Most losses against a baseline only warn, since sessions differ by more than the code does.
    warns = " (a warning)" if found.verdict is Verdict.REGRESSED and not found.fails else ""
    return [f"{found.verdict.value}{warns}: {found.reason}"]


def _of_comparison(record: BurstRecord) -> list[str]:
    compared = record.against_base
    if compared is None:
        return []
    # Said of an `ok`, too: that it may not be worth much.
    always = bool(compared.responses_differ or compared.ended_early)
    found = [one for one in findings(compared) if always or one.verdict is not Verdict.OK]
    # Those that fail the test come first, since the first line has the figures of both arms.
    found.sort(key=lambda one: not _is_said(record, one.reason))
    said = sum(_is_said(record, one.reason) for one in found)
    return lines(compared, found)[said:]


def _is_said(record: BurstRecord, reason: str) -> bool:
    return any(reason in failure for failure in record.failures)

"""Why a burst or a test has the standing that it has, in lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.cause_lines import cause_lines, time_lines
from pytest_djworkers.report.comparison_lines import Finding, findings, lines, with_names
from pytest_djworkers.report.document import TestOutcome
from pytest_djworkers.report.figures import queries_by_part
from pytest_djworkers.unexpected_responses import in_words, kinds_of
from pytest_djworkers.units import before_and_after
from pytest_djworkers.verdict.judgement import Verdict

_ERROR_LINE = "E "
"""The beginning of the lines of a traceback, as pytest prints it, that say what was raised."""
_MOST_LINES = 20
_PHASE = "phase="
"""The argument of a limit on a time within a response."""


def reasons_of_burst(record: BurstRecord) -> list[str]:
    """Return why a burst fails its test, and each verdict but ``ok``, a line or more each."""
    return [*record.failures, *_of_baseline(record), *_of_comparison(record)]


def remarks_of_burst(record: BurstRecord) -> list[str]:
    """Return what a row has no room for, a line each.

    That is the kinds of errors, a query that is repeated, the first bytes or events of a stream,
    and which workers were idle or ended.
    """
    found = []
    if record.result.is_stream or any(_PHASE in limit.text for limit in record.limits):
        found.append(record.result.stream_in_words)
    if kinds := kinds_of(record.result):
        found.append(f"errors: {in_words(kinds)}")
    found += _repeated_queries(record)
    if record.time_spent is not None:
        found += time_lines(record.time_spent)
    if (compared := record.against_base) is not None:
        said = " ".join(judgement.reason for judgement in compared.judgements)
        if compared.worker_exits not in (said or compared.not_compared):
            found.append(with_names(compared, compared.worker_exits))
        causes = cause_lines(compared)
        if not any("queries " in one for one in causes):
            found += _changed_queries(record, compared)
        if compared.idle_workers:
            found.append(with_names(compared, compared.idle_workers))
        found += causes
    return found


def other_settings(records: Iterable[BurstRecord]) -> list[str]:
    """Return a line for each set of settings that have other values in the server."""
    # Often the same for every burst, and then said once.
    differing = dict.fromkeys(record.other_settings for record in records if record.other_settings)
    return [
        f"settings: the settings module gives {', '.join(names)} other values in the server than in"
        " this process, for example because it checks if pytest is running"
        for names in differing
    ]


def reason_of_test(outcome: TestOutcome) -> list[str]:
    """Return the lines that say why a test failed: of a traceback, those of what was raised."""
    told = outcome.message.splitlines()
    raised = [line.removeprefix(_ERROR_LINE).strip() for line in told if line.startswith("E  ")]
    return [line for line in (raised or told) if line.strip()][:_MOST_LINES]


def baseline_reason(record: BurstRecord, about: str = "") -> list[str]:
    """Return the line on a burst's verdict against the baseline; none for ``ok``.

    ``about`` follows the verdict.
    """
    found = record.against_baseline
    if found is None or found.verdict is Verdict.OK:
        return []
    # Most losses against a baseline only warn, since sessions differ by more than the code does.
    only_warns = found.verdict is Verdict.REGRESSED and not found.fails
    verdict = f"{found.verdict.value}{' (a warning)' if only_warns else ''}"
    return [": ".join(filter(None, (verdict, about, found.reason)))]


def worth_saying(compared: ArmComparison) -> list[Finding]:
    """Return the findings of a comparison but ``ok``; all of them if they may not be worth much."""
    always = bool(compared.responses_differ or compared.ended_early)
    return [one for one in findings(compared) if always or one.verdict is not Verdict.OK]


def _of_baseline(record: BurstRecord) -> list[str]:
    found = record.against_baseline
    return [] if found is None or _is_said(record, found.reason) else baseline_reason(record)


def _of_comparison(record: BurstRecord) -> list[str]:
    compared = record.against_base
    if compared is None:
        return []
    found = worth_saying(compared)
    # Those that fail the test come first, since the first line has the figures of both arms.
    found.sort(key=lambda one: not _is_said(record, one.reason))
    said = sum(_is_said(record, one.reason) for one in found)
    return lines(compared, found)[said:]


def _changed_queries(record: BurstRecord, compared: ArmComparison) -> list[str]:
    base, head = compared.base_queries, record.result.queries
    if base is None or head is None or base.count == head.count:
        return []
    return [f"queries per request: {before_and_after(f'{base.count:,}', f'{head.count:,}')}"]


def _repeated_queries(record: BurstRecord) -> Iterator[str]:
    """Yield what each part of a burst repeats, unless a limit that it missed has named it."""
    for part, queries in queries_by_part(record.result).items():
        repeated = queries.repetition
        if repeated is not None and not any(repeated.at in one.miss for one in record.limits):
            of_part = f" of {part}" if part else ""
            yield f"queries{of_part}: {queries.repetition_in_words}"


def _is_said(record: BurstRecord, reason: str) -> bool:
    return any(reason in failure for failure in record.failures)

"""Why a test fails by one of its bursts, in words."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

import pytest

from pytest_djworkers.limits.failed_requests import MaxErrors, Share
from pytest_djworkers.limits.kinds import misses
from pytest_djworkers.limits.protocol import Limit
from pytest_djworkers.limits.queries import MaxQueries
from pytest_djworkers.limits.regression import MaxRegression
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.markers import TestPlan
from pytest_djworkers.printable import printable
from pytest_djworkers.record import BurstRecord, LimitOutcome
from pytest_djworkers.report.figures import with_arrows_for
from pytest_djworkers.run.comparison_failures import bisection_failures, comparison_failures
from pytest_djworkers.run.measurement import MeasuredBurst
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.unexpected_responses import why_nothing_expected

_ADVICE = "allow more with the marker max_errors, or for all tests with djworkers_max_errors"


def failed(lines: Iterable[str]) -> BaseException:
    """Return the exception that fails a test with these lines, and without a traceback."""
    # sys.stdout is captured while a test runs; pytest prints the failure to the original one.
    encoding = getattr(sys.__stdout__, "encoding", None)
    text = with_arrows_for(encoding, printable("\n".join(lines)))
    return pytest.fail.Exception(text, pytrace=False)


def failures_of(measured: MeasuredBurst, plan: TestPlan, settings: Settings) -> list[str]:
    """Return why a burst fails its test, a line or a few for each reason; empty if it doesn't."""
    found = [
        *_unexpected_responses(measured, plan, settings),
        *_missed_limits(measured, plan, settings),
    ]
    if found and measured.record.overridden:
        found.append(f"fired with {', '.join(measured.record.overridden)}")
    return found


def with_judgement(measured: MeasuredBurst, plan: TestPlan, settings: Settings) -> BurstRecord:
    """Return the record of a burst with its limits, and with why it fails its test."""
    record = measured.record
    judged = [
        LimitOutcome(limit.text, next(iter(misses([limit], record.result)), ""))
        for limit in _limits_of(record, plan)
        # Its verdict is the record's own: one burst shows no loss.
        if not isinstance(limit, MaxRegression)
    ]
    failures = failures_of(measured, plan, settings)
    return replace(record, limits=tuple(judged), failures=tuple(failures))


def _parts_of(result: BurstResult) -> Collection[str]:
    """Return the names of a burst's parts; one that is no mix has one, of its own name."""
    return result.parts or {result.name}


def _limits_of(record: BurstRecord, plan: TestPlan) -> Sequence[Limit]:
    """Return the limits that hold for a burst: of those on parts, those on parts that it has."""
    parts = _parts_of(record.result)
    held = [limit for limit in plan.limits if limit.part is None or limit.part in parts]
    if record.against_base is None:
        return held
    return [limit for limit in held if _holds_in_comparison(limit)]


def _holds_in_comparison(limit: Limit) -> bool:
    # A comparison has a load of its own, and many windows: a share of errors means the same there
    # as in a burst, and so do the queries of one request.
    is_share = isinstance(limit, MaxErrors) and isinstance(limit.bound, Share)
    return is_share or isinstance(limit, MaxQueries)


def _unexpected_responses(measured: MeasuredBurst, plan: TestPlan, settings: Settings) -> list[str]:
    """Return the failures that a test gets without a limit of its own."""
    result = measured.record.result
    if nothing := list(_without_expected(measured)):
        return nothing
    if any(isinstance(limit, MaxErrors) and limit.part is None for limit in plan.limits):
        return []
    missed = misses([MaxErrors(Share(settings.max_errors))], result)
    return [f"{miss}; {_ADVICE}" for miss in missed]


def _without_expected(measured: MeasuredBurst) -> Iterator[str]:
    """Yield why a burst, or a part of a mix, had no expected response."""
    result = measured.record.result
    if not result.parts:
        if nothing := why_nothing_expected(result, measured.first_refusal):
            yield nothing
        return
    for name in result.parts:
        part = result.part(name)
        # A part with a small weight may not have come up, or only at the end.
        if part.judged and (nothing := why_nothing_expected(part, measured.first_refusal)):
            yield f"{name}: {nothing}"


def unjudged_parts(bursts: Sequence[MeasuredBurst], plan: TestPlan) -> list[str]:
    """Return a line for each part that a limit of a test is for and that no burst of it has."""
    found = {name for burst in bursts for name in _parts_of(burst.record.result)}
    missing = dict.fromkeys(
        limit.part for limit in plan.limits if limit.part is not None and limit.part not in found
    )
    names = ", ".join(map(repr, sorted(found)))
    return [
        f"no burst of this test has a part {part!r}, which a limit is for: their parts are {names}"
        for part in missing
    ]


def _missed_limits(measured: MeasuredBurst, plan: TestPlan, settings: Settings) -> list[str]:
    record, strict = measured.record, settings.strict
    found = misses(_limits_of(record, plan), record.result)
    if record.against_base is not None:
        return [
            *found,
            *bisection_failures(record),
            *comparison_failures(record.against_base, plan, settings),
        ]
    verdict = record.against_baseline
    if verdict and (verdict.fails or (strict and verdict.is_open)):
        found.append(f"{verdict.verdict.value}: {verdict.reason}")
    return found

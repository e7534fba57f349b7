"""One burst held to all that its test asks of it: why the test fails by it, in words."""

from __future__ import annotations

from pytest_djworkers.limits.failures import MaxErrors, Share
from pytest_djworkers.limits.kinds import misses
from pytest_djworkers.markers import TestPlan
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.unexpected_responses import why_nothing_expected

_SAY_SO = "a test that may have more says so with max_errors (all of them: djworkers_max_errors)"


def failures_of(
    record: BurstRecord, plan: TestPlan, settings: Settings, log_says: str = ""
) -> list[str]:
    """Why a test fails by one of its bursts, a line or a few for each reason.

    ``log_says`` is what Django refused first, as the server's log says it.
    """
    found = _failures(record, plan, settings, log_says)
    if found and record.overridden:
        found.append(f"fired with {', '.join(record.overridden)}")
    return found


def _failures(record: BurstRecord, plan: TestPlan, settings: Settings, log_says: str) -> list[str]:
    result, strict = record.result, settings.strict
    on_errors = [limit for limit in plan.limits if isinstance(limit, MaxErrors)]
    found = []
    if nothing := why_nothing_expected(result, log_says):
        found.append(nothing)
    elif not on_errors:
        missed = misses([MaxErrors(Share(settings.max_errors))], result)
        found.extend(f"{miss}; {_SAY_SO}" for miss in missed)
    if record.against_base is not None:
        # Of two arms under moderate load: other absolute limits, and counts, are for bursts.
        shares = [limit for limit in on_errors if isinstance(limit.bound, Share)]
        found.extend(misses(shares, result))
        return found + record.against_base.failures(strict=strict, limits=plan.regressions)
    found.extend(misses(plan.limits, result))
    comparison = record.against_baseline
    if comparison and (comparison.fails or (strict and comparison.is_open)):
        found.append(f"{comparison.verdict.value}: {comparison.reason}")
    return found

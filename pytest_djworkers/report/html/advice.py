"""Advice on a verdict or a missed limit, in sentences."""

from __future__ import annotations

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.document import TestOutcome
from pytest_djworkers.units import before_and_after, format_duration
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict

_DEARER = 1.1
"""The factor from which on the CPU time of a request says why it takes longer."""


def advice_on(record: BurstRecord, test: TestOutcome | None) -> tuple[str, ...]:
    """Return what to do about a burst; ``test`` is its test, if that is known."""
    found = []
    if test is not None and any(limit.miss for limit in record.limits):
        found.append(
            f"The limits are in {test.file}, line {test.line}. Mend the view, or set them to what"
            " this machine can do."
        )
    if record.against_base is not None:
        found += _on_comparison(record.against_base)
    elif record.against_baseline is not None:
        found += _on_baseline(record.against_baseline)
    return tuple(found)


def _on_comparison(compared: ArmComparison) -> list[str]:
    if compared.of_backends:
        return []
    base, head = compared.labels
    if compared.verdict is Verdict.REGRESSED:
        return [f"Look at what {head} changes in this view against {base}.{_by_cpu(compared)}"]
    if compared.verdict is Verdict.INCONCLUSIVE:
        return ["Give the comparison more time with --djworkers-compare-budget."]
    return []


def _by_cpu(compared: ArmComparison) -> str:
    """Return if the view computes more or waits more; empty if that is not known."""
    if compared.figures is None:
        return ""
    base, head = (one.cpu_per_request_s for one in compared.figures)
    if not base or not head:
        return ""
    cost = f"CPU time per request {before_and_after(format_duration(base), format_duration(head))}"
    if head >= _DEARER * base:
        return f" It computes more: {cost}."
    return f" It does not compute more, so it waits longer: {cost}."


def _on_baseline(verdict: BaselineVerdict) -> list[str]:
    if verdict.verdict is Verdict.REGRESSED:
        return [
            "Sessions differ by more than the code does. To be sure, compare with the revision in"
            " one run: --djworkers-compare=main."
        ]
    return []

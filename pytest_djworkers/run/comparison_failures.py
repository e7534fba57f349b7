"""Why a test fails by a comparison, in words."""

from __future__ import annotations

from collections.abc import Container, Iterator

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.compare.same_work import MOST_DIFFERENCE, lengths_differ
from pytest_djworkers.markers import TestPlan
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.bisection_lines import result_lines
from pytest_djworkers.report.cause_lines import main_cause
from pytest_djworkers.report.comparison_lines import Finding, findings, lines
from pytest_djworkers.run.plans import max_regressions
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.units import format_share, format_size
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.rounds import Metric

_OPEN = {Verdict.INCONCLUSIVE, Verdict.NOT_COMPARED}


def comparison_failures(
    compared: ArmComparison, plan: TestPlan, settings: Settings
) -> Iterator[str]:
    """Yield why the test fails, a line for each reason.

    A regression is one. With ``strict``, having no verdict is, too. If backends are compared, a
    slower one fails only a test that has a limit on the figure.
    """
    limits, found = max_regressions(plan, settings), findings(compared)
    failing = [one for one in found if _fails(compared, one, limits, strict=settings.strict)]
    failures = lines(compared, failing)
    if failures and (cause := main_cause(compared)):
        failures[-1] = f"{failures[-1]}\n{cause}"
    yield from failures
    if not settings.strict:
        yield from _limits_without_figure(found, plan.regressions)
    yield from _different_size(compared, plan)


def bisection_failures(record: BurstRecord) -> list[str]:
    """Return which commit made a burst slower, if a bisection has found it."""
    found = record.bisection
    if found is None or not found.has_found:
        return []
    # Each failure of a burst begins with its name.
    return ["\n".join(result_lines(found))]


def _fails(
    compared: ArmComparison, found: Finding, limits: Container[Metric], *, strict: bool
) -> bool:
    if found.verdict in _OPEN:
        return strict
    if found.verdict is not Verdict.REGRESSED:
        return False
    # Nobody expects two servers to be equally fast.
    return not compared.of_backends or (
        found.judgement is not None and _is_asked_for(found.judgement.metric, limits)
    )


def _is_asked_for(metric: Metric, limits: Container[Metric]) -> bool:
    # Errors come first whatever figure has a limit: no speed makes up for them.
    return metric in limits or (metric is Metric.ERRORS and any(one in limits for one in Metric))


def _limits_without_figure(found: list[Finding], limits: Container[Metric]) -> Iterator[str]:
    """Yield the limits on a figure that an arm does not have.

    Without strict, "not compared" passes. But a marker that asks for a figure must not be passed
    because an arm lacks the figure.
    """
    for one in found:
        judgement = one.judgement
        if (
            judgement is not None
            and judgement.verdict is Verdict.NOT_COMPARED
            and judgement.without_figure
            and judgement.metric in limits
        ):
            yield (
                f"{one.word}: {one.reason}; so max_regression(metric={judgement.metric.value!r})"
                " can't pass"
            )


def _different_size(compared: ArmComparison, plan: TestPlan) -> Iterator[str]:
    """Yield that the arms' bodies differ in length if the test wants them to be alike."""
    limit = plan.same_size
    if limit is None or compared.figures is None:
        return
    base, head = compared.body_bytes
    if base is None or head is None:
        yield f"length of the responses: it is not known, so {limit.text} can't pass"
    elif lengths_differ(base, head):
        base_label, head_label = compared.labels
        yield (
            f"length of the responses: {format_size(base)} from {base_label} and"
            f" {format_size(head)} from {head_label}, which differ by more than"
            f" {format_share(MOST_DIFFERENCE)}, limit {limit.text}"
        )

"""An arm's windows as the result of one burst, for the test that asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_djworkers.load.builtin import AsyncioGenerator, first_unexpected, merge, sums
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.tally import AgentReport

_SUMS = (
    "ok",
    "late",
    "unexpected",
    "error",
    "unanswered",
    "in_flight",
    "outside",
    "closed_idle",
    "resent",
    "reconnects",
    "wrong_bodies",
    "in_service_s",
    "window_s",
    "cpu_s",
    "stopped_s",
)


def as_one_burst(
    profile: Profile, reports: Sequence[AgentReport], server: ServerFacts
) -> BurstResult:
    """The windows that one agent after the other reported, added up.

    There is no series and no longest gap: between the windows nobody looked.
    """
    result = merge(profile, [in_a_row(reports)], version=AsyncioGenerator().version)
    return replace(result, series=None, longest_gap_s=None, server=server)


def in_a_row(reports: Sequence[AgentReport]) -> AgentReport:
    """Reports of windows on the same number of connections, one after the other, as one."""
    added = {name: sum(getattr(report, name) for report in reports) for name in _SUMS}
    return replace(
        reports[0],
        **added,
        opened=min(report.opened for report in reports),
        served=max(report.served for report in reports),
        connect_max_s=max(report.connect_max_s for report in reports),
        statuses=sums(report.statuses for report in reports),
        error_kinds=sums(report.error_kinds for report in reports),
        latency=sorted(sums(dict(report.latency) for report in reports).items()),
        lag=sorted(sums(dict(report.lag) for report in reports).items()),
        per_connection=[sum(one) for one in zip(*(r.per_connection for r in reports), strict=True)],
        requests=[],
        errors=[],
        outstanding=[],
        gaps=[],
        first_unexpected=first_unexpected(reports),
    )

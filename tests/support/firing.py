"""Bursts of the built-in generator in the test's own process, and what must hold for each."""

from __future__ import annotations

import asyncio
import time
from dataclasses import fields
from typing import Any

from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.part_report import PartReport
from pytest_djworkers.load.pool import Pool
from pytest_djworkers.load.profile import Profile, SentRequest
from pytest_djworkers.load.rate import Share
from pytest_djworkers.load.route import PLAIN, Route
from tests.support.profiles import ROOT, make_profile

_OPEN_WITHIN_S = 0.5
_OF_PARTS = [field.name for field in fields(PartReport)]
_NO_HANG_S = 20.0


def fire(
    address: tuple[str, int],
    request: SentRequest = ROOT,
    *,
    connections: int = 4,
    drain_s: float = 0.0,
    route: Route = PLAIN,
    **shape: Any,
) -> AgentReport:
    """One burst, over in good time."""
    profile = make_profile(request, connections=connections, **shape)
    return fire_profile(address, profile, drain_s=drain_s, route=route)


def fire_profile(
    address: tuple[str, int],
    profile: Profile,
    *,
    drain_s: float = 0.0,
    share: Share = Share(),  # noqa: B008  # frozen
    route: Route = PLAIN,
) -> AgentReport:
    """One burst of any plan, by one agent or by one of several, over in good time."""

    async def burst() -> AgentReport:
        pool = Pool(profile, address, profile.shape.connections, share, route=route)
        try:
            await pool.open(_OPEN_WITHIN_S)
            return await pool.fire(time.monotonic_ns(), drain_s=drain_s)
        finally:
            pool.close()

    report = asyncio.run(asyncio.wait_for(burst(), _NO_HANG_S))
    check(report, waits=bool(profile.shape.rate or profile.shape.think_s))
    return report


def sent(report: AgentReport) -> int:
    """The sum of all classes."""
    counts = report.counts
    answered = counts.ok + counts.late + counts.unexpected
    return answered + counts.error + counts.unanswered + counts.in_flight + counts.outside


def classes(report: AgentReport) -> set[str]:
    """The classes that any request of the window is in, but for those in flight at its end."""
    every = ("ok", "late", "unexpected", "error", "unanswered")
    return {name for name in every if getattr(report.counts, name)}


def check(report: AgentReport, *, waits: bool = False) -> None:
    """Figures that are counted twice agree."""
    counts = report.counts
    answered = counts.ok + counts.late + counts.unexpected
    assert sum(counts.statuses.values()) == answered == sum(report.per_connection)
    assert sum(counts.error_kinds.values()) == counts.error
    assert sum(report.requests) == counts.ok + counts.late - counts.after_window
    assert sum(report.errors) <= counts.unexpected + counts.error
    expected = counts.ok + counts.late
    assert sum(count for _, count in counts.latency) == expected + counts.unanswered
    assert sum(count for _, count in counts.sizes) == expected
    in_pieces = sum(count for _, count in counts.in_pieces)
    assert (
        sum(count for _, count in counts.first_bytes) == in_pieces <= expected + counts.unanswered
    )
    # Where requests wait for their time, sending can lag as well.
    lags = sum(count for _, count in report.lag)
    assert lags >= answered if waits else lags == answered
    assert len(report.per_connection) == report.requested >= max(report.served, report.opened)
    assert 0 <= report.connect_max_s <= _NO_HANG_S


def fire_windows(
    address: tuple[str, int],
    count: int,
    early_close: EarlyClose,
    *,
    between_s: float = 0.0,
    request: SentRequest = ROOT,
    **shape: Any,
) -> list[AgentReport]:
    """Windows on the same connections, each over as soon as it has enough."""
    profile = make_profile(request, **shape)

    async def windows() -> list[AgentReport]:
        pool = Pool(profile, address, profile.shape.connections)
        reports = []
        try:
            for _ in range(count):
                await pool.open(_OPEN_WITHIN_S)
                now = time.monotonic_ns()
                reports.append(await pool.fire(now, drain_s=0.6, early_close=early_close))
                await asyncio.sleep(between_s)
        finally:
            pool.close()
        return reports

    reports = asyncio.run(asyncio.wait_for(windows(), _NO_HANG_S))
    for report in reports:
        check(report)
    return reports

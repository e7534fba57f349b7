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
    answered = report.ok + report.late + report.unexpected
    return answered + report.error + report.unanswered + report.in_flight + report.outside


def classes(report: AgentReport) -> set[str]:
    """The classes that any request of the window is in, but for those in flight at its end."""
    every = ("ok", "late", "unexpected", "error", "unanswered")
    return {name for name in every if getattr(report, name)}


def check(report: AgentReport, *, waits: bool = False) -> None:
    """Figures that are counted twice agree."""
    answered = report.ok + report.late + report.unexpected
    assert sum(report.statuses.values()) == answered == sum(report.per_connection)
    assert sum(report.error_kinds.values()) == report.error
    assert sum(report.requests) == report.ok + report.late - report.after_window
    assert sum(report.errors) <= report.unexpected + report.error
    expected = report.ok + report.late
    assert sum(count for _, count in report.latency) == expected + report.unanswered
    assert sum(count for _, count in report.sizes) == expected
    in_pieces = sum(count for _, count in report.in_pieces)
    assert (
        sum(count for _, count in report.first_bytes) == in_pieces <= expected + report.unanswered
    )
    # Where requests wait for their time, sending can lag as well.
    lags = sum(count for _, count in report.lag)
    assert lags >= answered if waits else lags == answered
    assert len(report.per_connection) == report.requested >= max(report.served, report.opened)
    assert 0 <= report.connect_max_s <= _NO_HANG_S
    if report.parts:
        whole = PartReport.sum(report.parts)
        assert all(getattr(report, name) == getattr(whole, name) for name in _OF_PARTS)


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

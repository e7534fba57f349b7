"""Add up the reports of agents into the result of a burst: side by side, or window by window."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, zip_longest

from pytest_djworkers.load.agent_protocol import ClockOffset
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.facts import (
    Connections,
    GeneratorFacts,
    LostAgent,
    Series,
    ServerFacts,
)
from pytest_djworkers.load.generator_names import ASYNCIO
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.pairs import mean_of
from pytest_djworkers.load.part_figures import PartFigures
from pytest_djworkers.load.part_report import PartReport, sum_of_pairs
from pytest_djworkers.load.profile import Profile, Shape
from pytest_djworkers.load.response_gaps import longest_common_ns
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.stages import StageFigures
from pytest_djworkers.load.tally import SERIES_INTERVAL_S

_ADDED_UP = (
    "closed_idle",
    "resent",
    "reconnects",
    "in_service_s",
    "thinking_s",
    "window_s",
    "cpu_s",
    "stopped_s",
)


def merge_agents(
    profile: Profile,
    reports: Sequence[AgentReport],
    *,
    lost: tuple[LostAgent, ...] = (),
    clocks: Sequence[ClockOffset] = (),
) -> BurstResult:
    """Return the result of a burst from the reports of the agents that fired it together.

    ``lost`` are the agents without a report, and ``clocks`` those of other machines.
    """
    parts = _sums(report.parts for report in reports)
    counts = PartReport.sum(parts)
    lag = sum_of_pairs(report.lag for report in reports)
    window_s = reports[0].window_s
    return BurstResult(
        profile=profile,
        window_s=window_s,
        ok=counts.ok,
        late=counts.late,
        unexpected=counts.unexpected,
        error=counts.error,
        unanswered=counts.unanswered,
        in_flight=counts.in_flight,
        outside=counts.outside,
        statuses=counts.statuses,
        error_kinds=counts.error_kinds,
        latency=Latency(tuple(counts.latency)),
        # Nothing is known of the connections of lost agents: they are neither served nor starved.
        connections=_connections(
            profile,
            profile.shape.connections - sum(agent.connections for agent in lost),
            reports,
            window_s,
        ),
        series=Series(
            SERIES_INTERVAL_S,
            _columns(report.requests for report in reports),
            _columns(report.errors for report in reports),
            outstanding=_columns(report.outstanding for report in reports),
        ),
        began_at=reports[0].began_at,
        wrong_bodies=counts.wrong_bodies,
        longest_gap_s=longest_common_ns(report.gaps for report in reports) / 1e9,
        generator=GeneratorFacts(
            name=ASYNCIO,
            version=interpreter(),
            agents=len(reports),
            cpu_share=max(_cpu_share(report, window_s) for report in reports),
            lag_p99_s=Latency(tuple(lag)).p99,
            stopped_s=max(report.stopped_s for report in reports),
            clock_offset_s=max((abs(clock.unix_s) for clock in clocks), default=None),
            clock_error_s=max((clock.error_s for clock in clocks), default=None),
            lost=lost,
        ),
        first_unexpected=counts.first_unexpected,
        after_window=counts.after_window,
        parts=_parts(profile, parts, window_s),
        stages=_stages(profile.shape, _sums(report.stages for report in reports)),
        in_pieces=counts.pieces,
        event_count=counts.events if profile.has_streams else None,
        body_bytes=mean_of(counts.sizes),
    )


def _sums(of_agents: Iterable[Sequence[PartReport]]) -> list[PartReport]:
    """Return the sums of what each agent has counted in the same order."""
    return [PartReport.sum(of_one) for of_one in zip(*of_agents, strict=True)]


def _parts(
    profile: Profile, counted: Sequence[PartReport], window_s: float
) -> dict[str, PartFigures]:
    """Return the figures of a mix's parts by their names; none of another burst."""
    if not profile.is_mix:
        return {}
    figures = _figures(counted, [window_s] * len(profile.parts))
    return {
        # Other parts have no events to count.
        part.name: one if part.requests[0].stream_s else replace(one, event_count=None)
        for part, one in zip(profile.parts, figures, strict=True)
    }


def _stages(shape: Shape, counted: Sequence[PartReport]) -> tuple[StageFigures, ...]:
    """Return the figures of the stages of a load that changes."""
    durations_s = [stage.duration_s for stage in shape.stages]
    begins_s = accumulate(durations_s[:-1], initial=0.0) if durations_s else ()
    figures = _figures(counted, durations_s)
    return tuple(
        StageFigures(f"stage {number}: {stage.load}", begin_s, stage.duration_s, one)
        for number, (stage, begin_s, one) in enumerate(
            zip(shape.stages, begins_s, figures, strict=True), 1
        )
    )


def _figures(counted: Sequence[PartReport], windows_s: Sequence[float]) -> list[PartFigures]:
    """Return the figures of parts, or of stages, of which each has its window."""
    judged = sum(one.judged for one in counted)
    return [
        PartFigures.of(one, window_s, one.judged / judged if judged else 0.0)
        for window_s, one in zip(windows_s, counted, strict=True)
    ]


def interpreter() -> str:
    """Return the name and version of the interpreter, on which the agents' speed depends."""
    return f"Python {platform.python_version()}"


def merge_windows(
    profile: Profile, reports: Sequence[AgentReport], server: ServerFacts
) -> BurstResult:
    """Return the result of windows that followed each other, as that of one burst.

    It has no series and no longest gap, since nobody looked between the windows.
    """
    result = merge_agents(profile, [_one_report(reports)])
    return replace(result, series=None, longest_gap_s=None, server=server)


def _one_report(reports: Sequence[AgentReport]) -> AgentReport:
    """Return the sum of reports on the same number of connections."""
    added = {name: sum(getattr(report, name) for report in reports) for name in _ADDED_UP}
    return replace(
        reports[0],
        **added,
        opened=min(report.opened for report in reports),
        served=max(report.served for report in reports),
        connect_max_s=max(report.connect_max_s for report in reports),
        parts=_sums(report.parts for report in reports),
        lag=sum_of_pairs(report.lag for report in reports),
        per_connection=[
            sum(counts) for counts in zip(*(r.per_connection for r in reports), strict=True)
        ],
        requests=[],
        errors=[],
        outstanding=[],
        gaps=[],
    )


def _connections(
    profile: Profile, requested: int, reports: Sequence[AgentReport], window_s: float
) -> Connections:
    per_connection = sorted(n for report in reports for n in report.per_connection)
    served = sum(report.served for report in reports)
    in_service_s = sum(report.in_service_s for report in reports)
    completed = sum(per_connection) + sum(part.error for report in reports for part in report.parts)
    has_streams = profile.has_streams
    # Streams are at work when they are open, and their connections are closed by ourselves.
    is_closed_loop = profile.shape.rate is None and not has_streams
    changes = any(stage.connections is not None for stage in profile.shape.stages)
    squares = sum(n * n for n in per_connection)
    # Little's law: the sum of the times in service, over the window, is the mean number of requests
    # in service. Without one that ended nothing is known, and at a fixed rate it says nothing.
    at_work = in_service_s / window_s if completed and window_s and is_closed_loop else None

    def rank(percent: int) -> int:
        # The nearest rank, in whole numbers: -(-a // b) rounds up.
        return per_connection[-(-percent * requested // 100) - 1]

    return Connections(
        requested=requested,
        opened=sum(report.opened for report in reports),
        served=served,
        # Those that no agent could open are among the never served.
        never_served=requested - served,
        requests_p10=rank(10),
        requests_p50=rank(50),
        requests_p90=rank(90),
        requests_max=per_connection[-1],
        # Jain's index: the square of the sum over n times the sum of squares. Connections that are
        # not open all the time, nor under the same load, can't get the same.
        fairness=sum(per_connection) ** 2 / (requested * squares)
        if squares and not changes
        else None,
        connect_max_s=max(report.connect_max_s for report in reports),
        at_work=at_work,
        mean=profile.shape.mean_connections * requested / profile.shape.connections
        if changes
        else None,
        thinking=sum(report.thinking_s for report in reports) / window_s
        if profile.shape.think_s and window_s
        else None,
        not_asked=sum(report.not_asked for report in reports),
        closed_idle=sum(report.closed_idle for report in reports),
        resent=sum(report.resent for report in reports),
        reconnects=None if has_streams else sum(report.reconnects for report in reports),
    )


def _cpu_share(report: AgentReport, window_s: float) -> float:
    """Return the CPU time as a share of what the agent could have; a quota may be below one CPU."""
    return report.cpu_s / (window_s * report.cpus) if window_s else 0.0


def _columns(rows: Iterable[Sequence[int]]) -> tuple[int, ...]:
    return tuple(map(sum, zip_longest(*rows, fillvalue=0)))

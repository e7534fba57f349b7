"""Add up the reports of agents into the result of a burst: side by side, or window by window."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest

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
from pytest_djworkers.load.in_pieces import InPieces
from pytest_djworkers.load.pairs import mean_of
from pytest_djworkers.load.part_figures import PartFigures
from pytest_djworkers.load.part_report import PartReport, first_of, sum_of_pairs, sums
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.response_gaps import longest_common_ns
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.tally import SERIES_INTERVAL_S

_ADDED_UP = (
    "ok",
    "late",
    "unexpected",
    "error",
    "unanswered",
    "in_flight",
    "outside",
    "after_window",
    "closed_idle",
    "resent",
    "reconnects",
    "wrong_bodies",
    "events",
    "in_service_s",
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
    # Histograms are added up, since percentiles of several agents can't be averaged.
    latency = sums(dict(report.latency) for report in reports)
    lag = sums(dict(report.lag) for report in reports)
    window_s = reports[0].window_s
    return BurstResult(
        profile=profile,
        window_s=window_s,
        ok=sum(report.ok for report in reports),
        late=sum(report.late for report in reports),
        unexpected=sum(report.unexpected for report in reports),
        error=sum(report.error for report in reports),
        unanswered=sum(report.unanswered for report in reports),
        in_flight=sum(report.in_flight for report in reports),
        outside=sum(report.outside for report in reports),
        statuses=sums(report.statuses for report in reports),
        error_kinds=sums(report.error_kinds for report in reports),
        latency=Latency.from_counts(latency),
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
        wrong_bodies=sum(report.wrong_bodies for report in reports),
        longest_gap_s=longest_common_ns(report.gaps for report in reports) / 1e9,
        generator=GeneratorFacts(
            name=ASYNCIO,
            version=interpreter(),
            agents=len(reports),
            cpu_share=max(_cpu_share(report, window_s) for report in reports),
            lag_p99_s=Latency.from_counts(lag).p99,
            stopped_s=max(report.stopped_s for report in reports),
            clock_offset_s=max((abs(clock.unix_s) for clock in clocks), default=None),
            clock_error_s=max((clock.error_s for clock in clocks), default=None),
            lost=lost,
        ),
        first_unexpected=first_of(report.first_unexpected for report in reports),
        after_window=sum(report.after_window for report in reports),
        parts=_parts(profile, reports, window_s),
        in_pieces=_in_pieces(reports),
        event_count=sum(r.events for r in reports) if profile.has_streams else None,
        body_bytes=mean_of(sums(dict(report.sizes) for report in reports).items()),
    )


def _in_pieces(reports: Sequence[AgentReport]) -> InPieces:
    return InPieces(
        Latency.from_counts(sums(dict(report.first_bytes) for report in reports)),
        Latency.from_counts(sums(dict(report.in_pieces) for report in reports)),
    )


def _parts(
    profile: Profile, reports: Sequence[AgentReport], window_s: float
) -> dict[str, PartFigures]:
    """Return the figures of a mix's parts by their names; none of another burst."""
    if not profile.is_mix:
        return {}
    counted = [PartReport.sum(of_one) for of_one in zip(*(r.parts for r in reports), strict=True)]
    judged = sum(one.judged for one in counted)
    return {
        part.name: PartFigures.of(
            one, window_s=window_s, judged=judged, is_stream=part.requests[0].stream_s > 0
        )
        for part, one in zip(profile.parts, counted, strict=True)
    }


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
        statuses=sums(report.statuses for report in reports),
        error_kinds=sums(report.error_kinds for report in reports),
        latency=sum_of_pairs(report.latency for report in reports),
        lag=sum_of_pairs(report.lag for report in reports),
        sizes=sorted(sums(dict(report.sizes) for report in reports).items()),
        first_bytes=sum_of_pairs(report.first_bytes for report in reports),
        in_pieces=sum_of_pairs(report.in_pieces for report in reports),
        per_connection=[
            sum(counts) for counts in zip(*(r.per_connection for r in reports), strict=True)
        ],
        requests=[],
        errors=[],
        outstanding=[],
        gaps=[],
        parts=[PartReport.sum(of_one) for of_one in zip(*(r.parts for r in reports), strict=True)],
        first_unexpected=first_of(report.first_unexpected for report in reports),
    )


def _connections(
    profile: Profile, requested: int, reports: Sequence[AgentReport], window_s: float
) -> Connections:
    per_connection = sorted(n for report in reports for n in report.per_connection)
    served = sum(report.served for report in reports)
    in_service_s = sum(report.in_service_s for report in reports)
    completed = sum(per_connection) + sum(report.error for report in reports)
    # Streams are at work when they are open, and their connections are closed by ourselves.
    has_streams = profile.has_streams
    is_closed_loop = profile.shape.rate is None and not has_streams
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
        # Jain's index: the square of the sum over n times the sum of squares.
        fairness=sum(per_connection) ** 2 / (requested * squares) if squares else None,
        connect_max_s=max(report.connect_max_s for report in reports),
        at_work=at_work,
        closed_idle=sum(report.closed_idle for report in reports),
        resent=sum(report.resent for report in reports),
        reconnects=None if has_streams else sum(report.reconnects for report in reports),
    )


def _cpu_share(report: AgentReport, window_s: float) -> float:
    """Return the CPU time as a share of what the agent could have; a quota may be below one CPU."""
    return report.cpu_s / (window_s * report.cpus) if window_s else 0.0


def _columns(rows: Iterable[Sequence[int]]) -> tuple[int, ...]:
    return tuple(map(sum, zip_longest(*rows, fillvalue=0)))

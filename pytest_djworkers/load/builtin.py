"""The built-in generator, seen from the pytest process: starts agents, merges their reports."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, ClassVar, TypeVar

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.agent_process import Agents
from pytest_djworkers.load.facts import Connections, GeneratorFacts, Series
from pytest_djworkers.load.gaps import longest_common_ns
from pytest_djworkers.load.generator import Target, lack_of_descriptors
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.names import ASYNCIO
from pytest_djworkers.load.profile import Profile, Shape
from pytest_djworkers.load.response_excerpt import ResponseExcerpt
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.tally import SERIES_INTERVAL_S, AgentReport
from pytest_djworkers.system.cpus import this_process

_Key = TypeVar("_Key")


@dataclass(frozen=True)
class AsyncioGenerator:
    """Fires with ``agents`` processes of the built-in client, the connections split evenly."""

    agents: int = 1
    name: ClassVar[str] = ASYNCIO

    @property
    def version(self) -> str:
        """The interpreter's, which is what its speed depends on."""
        return f"Python {platform.python_version()}"

    def cannot(self, profile: Profile) -> str | None:
        """Why it can't fire this burst: too few file descriptors."""
        return lack_of_descriptors(profile.shape.connections, processes=self.agents)

    def fire(self, profile: Profile, target: Target) -> BurstResult:
        """Warm up, fire, count. Raises GeneratorError when an agent fails."""
        reports = self._reports(profile, target, drain_s=0.0)
        return merge(profile, reports, version=self.version)

    def warm_up(self, profile: Profile, target: Target) -> None:
        """Warm the server up and leave no work behind in it.

        One connection a worker, for the warm-up's time, until all is answered. Raises
        GeneratorError when that takes longer than the start-up timeout.
        """
        shape = profile.shape
        gentle = Shape(
            connections=min(target.workers, shape.connections),
            duration_s=0.0,
            timeout_s=shape.timeout_s,
            warmup_s=shape.warmup_s,
        )
        reports = self._reports(
            replace(profile, shape=gentle), target, drain_s=target.startup_timeout_s
        )
        left = sum(report.unanswered + report.in_flight for report in reports)
        if left:
            raise GeneratorError(
                f"{profile.name}: {left} of the warm-up's requests were not answered within"
                f" {target.startup_timeout_s:g}s (--djworkers-startup-timeout)"
            )

    def _reports(self, profile: Profile, target: Target, *, drain_s: float) -> list[AgentReport]:
        if reason := self.cannot(profile):
            raise GeneratorError(f"{profile.name}: {reason}")
        with Agents(min(self.agents, profile.shape.connections), target) as agents:
            agents.open(profile, target, drain_s=drain_s)
            return agents.fire()


def merge(profile: Profile, reports: Sequence[AgentReport], *, version: str) -> BurstResult:
    """The result of a burst from the reports of its agents. Percentiles are never averaged."""
    latency: Counter[int] = Counter()
    lag: Counter[int] = Counter()
    for report in reports:
        latency.update(dict(report.latency))
        lag.update(dict(report.lag))
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
        statuses=sums({int(s): n for s, n in report.statuses.items()} for report in reports),
        error_kinds=sums(report.error_kinds for report in reports),
        latency=Latency.from_counts(latency),
        connections=_connections(profile, reports, window_s),
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
            version=version,
            agents=len(reports),
            cpu_share=_share(max(report.cpu_s for report in reports), window_s),
            lag_p99_s=Latency.from_counts(lag).p99,
            stopped_s=max(report.stopped_s for report in reports),
        ),
        first_unexpected=ResponseExcerpt.from_dict(first_unexpected(reports)),
    )


def first_unexpected(reports: Iterable[AgentReport]) -> dict[str, Any] | None:
    """The first unexpected response that any of them kept."""
    return next((one.first_unexpected for one in reports if one.first_unexpected), None)


def _connections(profile: Profile, reports: Sequence[AgentReport], window_s: float) -> Connections:
    per_connection = sorted(n for report in reports for n in report.per_connection)
    requested = profile.shape.connections
    served = sum(report.served for report in reports)
    in_service_s = sum(report.in_service_s for report in reports)
    completed = sum(per_connection) + sum(report.error for report in reports)
    is_closed_loop = profile.shape.rate is None
    squares = sum(n * n for n in per_connection)

    def rank(percent: int) -> int:
        return per_connection[-(-percent * requested // 100) - 1]

    return Connections(
        requested=requested,
        opened=sum(report.opened for report in reports),
        served=served,
        never_served=requested - served,
        requests_p10=rank(10),
        requests_p50=rank(50),
        requests_p90=rank(90),
        requests_max=per_connection[-1],
        fairness=sum(per_connection) ** 2 / (requested * squares) if squares else None,
        connect_max_s=max(report.connect_max_s for report in reports),
        at_work=in_service_s / window_s if completed and window_s and is_closed_loop else None,
        closed_idle=sum(report.closed_idle for report in reports),
        resent=sum(report.resent for report in reports),
        reconnects=sum(report.reconnects for report in reports),
    )


def _share(cpu_s: float, window_s: float) -> float:
    """The share of what a process may have of a CPU that it had: a quota may be less than one."""
    return cpu_s / (window_s * this_process().of_one_process) if window_s else 0.0


def sums(mappings: Iterable[Mapping[_Key, int]]) -> dict[_Key, int]:
    """Counts of the same things, added up."""
    total: Counter[_Key] = Counter()
    for mapping in mappings:
        total.update(mapping)
    return dict(total)


def _columns(rows: Iterable[Sequence[int]]) -> tuple[int, ...]:
    return tuple(map(sum, zip_longest(*rows, fillvalue=0)))

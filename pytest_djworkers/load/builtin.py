"""The built-in generator: starts agents, and merges their reports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.agent_group import AgentGroup, local_agents
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.gateways import Gateways
from pytest_djworkers.load.generator import Target, hard_limit, lack_of_descriptors
from pytest_djworkers.load.generator_names import ASYNCIO
from pytest_djworkers.load.merge import interpreter, merge_agents
from pytest_djworkers.load.profile import Profile, Shape
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.progress import NO_SINK, Phase, ProgressSink
from pytest_djworkers.system.clock import CLOCK


@dataclass(frozen=True)
class AsyncioGenerator:
    """Fires with this number of agents, which share the connections evenly.

    ``gateways`` lead to more agents, on other machines.
    """

    agents: int = 1
    gateways: Gateways | None = None
    name: ClassVar[str] = ASYNCIO

    @property
    def version(self) -> str:
        """The version of the interpreter."""
        return interpreter()

    def cannot(self, profile: Profile) -> str | None:
        """Return why it can't fire this burst (too few file descriptors); None if it can."""
        connections, total = profile.shape.connections, self._total
        if self.agents:
            lack = lack_of_descriptors(connections, hard_limit(), processes=total)
            if lack is not None:
                return lack
        if self.gateways is None:
            return None
        return next(self.gateways.lacks_of_descriptors(connections, total), None)

    @property
    def _total(self) -> int:
        """The number of all agents."""
        return self.agents + (len(self.gateways.specs) if self.gateways else 0)

    def fire(
        self, profile: Profile, target: Target, progress: ProgressSink = NO_SINK
    ) -> BurstResult:
        """Warm up, fire and count. Raises GeneratorError if an agent fails."""
        agents, reports = self._reports(profile, target, progress, drain_s=0.0)
        return merge_agents(profile, reports, lost=agents.lost, clocks=agents.clocks)

    def warm_up(self, profile: Profile, target: Target, progress: ProgressSink = NO_SINK) -> None:
        """Warm the server up, and wait until it has nothing left to do.

        Raises GeneratorError if that takes longer than the start-up timeout.
        """
        # One connection per worker reaches them all, and builds up no queue.
        shape = profile.shape
        gentle = Shape(
            connections=min(target.workers, shape.connections),
            duration_s=shape.warmup_s,
            timeout_s=min(shape.timeout_s, target.startup_timeout_s),
            warmup_s=0.0,
        )
        agents, reports = self._reports(
            replace(profile, shape=gentle), target, progress, drain_s=target.startup_timeout_s
        )
        if agents.lost:
            names = ", ".join(agent.name for agent in agents.lost)
            raise GeneratorError(f"{profile.name}: lost in the warm-up: {names}")
        left = sum(report.counts.unanswered for report in reports)
        if left:
            raise GeneratorError(
                f"{profile.name}: {left} of the warm-up's requests had no response within"
                f" {target.startup_timeout_s:g}s (--djworkers-startup-timeout)"
            )

    def _reports(
        self, profile: Profile, target: Target, progress: ProgressSink, *, drain_s: float
    ) -> tuple[AgentGroup, list[AgentReport]]:
        if reason := self.cannot(profile):
            raise GeneratorError(f"{profile.name}: {reason}")
        progress.begin(Phase("connect"))
        makers = local_agents(self.agents)
        if self.gateways is not None:
            makers += self.gateways.agents()
        with AgentGroup(makers[: profile.shape.connections], target) as agents:
            tells = progress.wants_figures and not drain_s
            agents.open(profile, target, drain_s=drain_s, tells=tells)
            progress.begin(*_phases(profile.shape, CLOCK.monotonic(), drains=bool(drain_s)))
            return agents, agents.fire(progress=progress)


def _phases(shape: Shape, now_s: float, *, drains: bool) -> tuple[Phase, ...]:
    """Return the phases of a burst that begins now, or those of a warm-up that drains."""
    if drains:
        return Phase("warm-up", now_s + shape.duration_s), Phase("drain")
    window_s = now_s + shape.warmup_s
    window = Phase("window", window_s + shape.duration_s)
    return (Phase("warm-up", window_s), window) if shape.warmup_s else (window,)

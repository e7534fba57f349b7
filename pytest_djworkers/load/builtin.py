"""The built-in generator: starts agents, and merges their reports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.agent_group import AgentGroup
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.generator import Target, lack_of_descriptors
from pytest_djworkers.load.generator_names import ASYNCIO
from pytest_djworkers.load.merge import interpreter, merge_agents
from pytest_djworkers.load.profile import Profile, Shape
from pytest_djworkers.load.result import BurstResult


@dataclass(frozen=True)
class AsyncioGenerator:
    """Fires with this number of agents, which share the connections evenly."""

    agents: int = 1
    name: ClassVar[str] = ASYNCIO

    @property
    def version(self) -> str:
        """The version of the interpreter."""
        return interpreter()

    def cannot(self, profile: Profile) -> str | None:
        """Return why it can't fire this burst (too few file descriptors); None if it can."""
        return lack_of_descriptors(profile.shape.connections, processes=self.agents)

    def fire(self, profile: Profile, target: Target) -> BurstResult:
        """Warm up, fire and count. Raises GeneratorError if an agent fails."""
        reports = self._reports(profile, target, drain_s=0.0)
        return merge_agents(profile, reports)

    def warm_up(self, profile: Profile, target: Target) -> None:
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
        reports = self._reports(
            replace(profile, shape=gentle), target, drain_s=target.startup_timeout_s
        )
        left = sum(report.unanswered for report in reports)
        if left:
            raise GeneratorError(
                f"{profile.name}: {left} of the warm-up's requests had no response within"
                f" {target.startup_timeout_s:g}s (--djworkers-startup-timeout)"
            )

    def _reports(self, profile: Profile, target: Target, *, drain_s: float) -> list[AgentReport]:
        if reason := self.cannot(profile):
            raise GeneratorError(f"{profile.name}: {reason}")
        with AgentGroup(min(self.agents, profile.shape.connections), target) as agents:
            agents.open(profile, target, drain_s=drain_s)
            return agents.fire()

"""Listens to the agents of a burst until each has reported, or is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.agent_protocol import Agent, AgentLost, wait_for_any
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.so_far import SO_FAR, SoFar, live_figures
from pytest_djworkers.progress import ProgressSink
from pytest_djworkers.serialization import from_simple
from pytest_djworkers.system.clock import CLOCK


class AgentReports:
    """The reports of agents that fire, as far as they have come.

    An agent that fails on this machine is a GeneratorError. One that is lost on another machine is
    noted, unless all are.
    """

    def __init__(self, agents: Sequence[Agent], within_s: float, progress: ProgressSink) -> None:
        self._agents = agents
        self._within_s = within_s
        self._progress = progress
        self._so_far: dict[Agent, SoFar] = {}
        self.reports: dict[Agent, AgentReport] = {}
        self.lost: dict[Agent, AgentLost] = {}

    def collect(self) -> None:
        """Listen until nobody is left to be heard. Raises GeneratorError."""
        deadline = CLOCK.monotonic() + self._within_s
        # All at once: an agent that nobody listens to would fill its pipe.
        while waiting := [one for one in self._agents if one not in self.reports | self.lost]:
            silent = [one.silent_after for one in waiting if one.silent_after is not None]
            readable = wait_for_any(waiting, min([deadline, *silent]))
            for agent in readable:
                self._hear(agent)
            # Only one that has nothing to be read is silent: this process may have been stopped.
            if not readable:
                self._give_up(waiting, deadline)
        if not self.reports:
            raise GeneratorError("\n".join(str(error) for error in self.lost.values()))

    def _hear(self, agent: Agent) -> None:
        try:
            messages = agent.read("in the middle of the burst")
        except AgentLost as error:
            self.lost[agent] = error
            return
        for message in messages:
            if SO_FAR not in message:
                report = from_simple(message, AgentReport)
                began_at = report.began_at - agent.clock.unix_s
                self.reports[agent] = replace(report, began_at=began_at)
                continue
            self._so_far[agent] = from_simple(message[SO_FAR], SoFar)
            if self._so_far.keys() | self.lost == set(self._agents):
                self._progress.show(live_figures(self._so_far.values()))

    def _give_up(self, waiting: Sequence[Agent], deadline: float) -> None:
        """Give up the agents that should have said something by now."""
        now = CLOCK.monotonic()
        for agent in waiting:
            if now < deadline and (agent.silent_after is None or now < agent.silent_after):
                continue
            error = agent.too_late(self._within_s)
            if not isinstance(error, AgentLost):
                raise error
            self.lost[agent] = error

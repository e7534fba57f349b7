"""Agents that fire together: started, given their parts of a burst, listened to, and ended."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from pytest_djworkers.load.agent_job import AgentJob, StartSignal
from pytest_djworkers.load.agent_process import AgentProcess, wait_for_any
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.rate import Share
from pytest_djworkers.load.so_far import SO_FAR, SoFar, live_figures
from pytest_djworkers.progress import NO_SINK, ProgressSink
from pytest_djworkers.serialization import from_simple
from pytest_djworkers.system.clock import CLOCK

_OPEN_WITHIN_S = 30.0
_OPENED_AT_ONCE = 512
"""The number of connections that may be opening at a time. It keeps the bursts of connecting
small: most servers' backlogs are several times that."""
_REPORT_WITHIN_S = 30.0
_START_AFTER_NS = 20_000_000
"""The time in which all agents have read the signal, so that they start at the same moment."""


class AgentGroup:
    """Agents that fire together, from ``__enter__`` to ``__exit__``.

    They can be started while the server still starts: until ``open``, only the target's folder and
    the processes to watch are used.
    """

    def __init__(self, count: int, target: Target) -> None:
        self._count = count
        self._target = target
        self._agents: list[AgentProcess] = []
        self._stack = ExitStack()
        self._fire_within_s = 0.0

    def __enter__(self) -> Self:
        with self._stack:
            # If one can't be started, the stack ends those before it.
            for number in range(1, self._count + 1):
                agent = AgentProcess(self._target, number, of=self._count)
                self._stack.callback(agent.stop)
                self._agents.append(agent)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def open(
        self,
        profile: Profile,
        target: Target,
        *,
        drain_s: float,
        early_close: EarlyClose | None = None,
        under_load: bool = False,
        tells: bool = False,
    ) -> None:
        """Have the agents open the profile's connections, split evenly.

        With ``drain_s`` they fire windows that count every request sent in them; see ``Pool``. The
        drain is made as long as the timeout, since no younger request may be given up. With
        ``under_load``, each connection is opened while those before it have requests. With
        ``tells``, the agents tell the figures of a window while it is open. Raises GeneratorError
        if an agent fails.
        """
        if drain_s:
            drain_s = max(drain_s, profile.shape.timeout_s)
        shares = _split(profile.shape.connections, self._count)
        for agent, connections in zip(self._agents, shares, strict=True):
            job = AgentJob(
                profile,
                target.address,
                target.authority,
                connections,
                Share(agent.index, self._count),
                _at_once(target, self._count),
                drain_s,
                early_close,
                under_load,
                tells,
            )
            agent.say(job)
        within_s = _OPEN_WITHIN_S + (drain_s if under_load else 0)
        for agent in self._agents:
            agent.hear(within_s, "while it opened its connections")
        shape = profile.shape
        self._fire_within_s = shape.warmup_s + shape.duration_s + drain_s + _REPORT_WITHIN_S

    def fire(
        self, *, early_close: EarlyClose | None = None, progress: ProgressSink = NO_SINK
    ) -> list[AgentReport]:
        """Have the agents fire one window together, and return their reports.

        It can be repeated if ``open`` was given a time to drain. ``early_close`` is for this window
        alone, in place of that of ``open``. ``progress`` is shown what the agents tell meanwhile.
        Raises GeneratorError if one of them fails.
        """
        self.begin(early_close=early_close)
        return self.reports(progress)

    def begin(self, *, early_close: EarlyClose | None = None) -> None:
        """Have the agents fire one window together, as ``fire`` does, and don't wait for it."""
        # The monotonic clock is the same in all processes of a machine.
        start_ns = CLOCK.monotonic_ns() + (_START_AFTER_NS if self._count > 1 else 0)
        for agent in self._agents:
            agent.say(StartSignal(start_ns, early_close))

    def reports(self, progress: ProgressSink = NO_SINK) -> list[AgentReport]:
        """Return the agents' reports on the window begun. Raises GeneratorError if one fails."""
        reports: dict[int, AgentReport] = {}
        so_far: dict[int, SoFar] = {}
        deadline = CLOCK.monotonic() + self._fire_within_s
        # All at once: an agent that nobody listens to would fill its pipe.
        while waiting := [agent for agent in self._agents if agent.index not in reports]:
            readable = wait_for_any(waiting, deadline)
            if not readable:
                raise waiting[0].too_late(self._fire_within_s)
            for agent in readable:
                for message in agent.read("in the middle of the burst"):
                    if SO_FAR not in message:
                        reports[agent.index] = from_simple(message, AgentReport)
                        continue
                    so_far[agent.index] = from_simple(message[SO_FAR], SoFar)
                    if len(so_far) == self._count:
                        progress.show(live_figures(so_far.values()))
        return [reports[agent.index] for agent in self._agents]


def _split(connections: int, agents: int) -> list[int]:
    """Return the number of connections of each agent; the first ones get one more."""
    each, over = divmod(connections, agents)
    return [each + (index < over) for index in range(agents)]


def _at_once(target: Target, agents: int) -> int:
    """Return the number of connections that each agent may be opening at a time."""
    most = _OPENED_AT_ONCE if target.backlog is None else min(target.backlog, _OPENED_AT_ONCE)
    return max(1, most // agents)

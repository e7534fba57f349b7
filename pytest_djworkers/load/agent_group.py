"""Agents that fire together: started, given their parts of a burst, listened to, and ended."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from pytest_djworkers.load.agent_job import AgentJob, StartSignal
from pytest_djworkers.load.agent_process import AgentProcess
from pytest_djworkers.load.agent_protocol import SAME_CLOCK, Agent, ClockOffset, MakeAgent, hear
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.agent_reports import AgentReports
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.facts import LostAgent
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.rate import Share
from pytest_djworkers.progress import NO_SINK, ProgressSink
from pytest_djworkers.system.clock import CLOCK

_OPEN_WITHIN_S = 30.0
_OPENED_AT_ONCE = 512
"""The number of connections that may be opening at a time. It keeps the bursts of connecting
small: most servers' backlogs are several times that."""
_REPORT_WITHIN_S = 30.0
_START_AFTER_NS = 20_000_000
"""The time in which all agents have read the signal, so that they start at the same moment."""
_TRIPS = 8
"""The same for agents on other machines, in times that the signal took there when the clocks were
compared. Under load it takes longer."""


class AgentGroup:
    """Agents that fire together, from ``__enter__`` to ``__exit__``.

    They can be started while the server still starts: until ``open``, only the target's folder and
    the processes to watch are used.
    """

    def __init__(self, makers: Sequence[MakeAgent], target: Target) -> None:
        self._makers = makers
        self._target = target
        self._agents: list[Agent] = []
        self._connections: list[int] = []
        self._stack = ExitStack()
        self._fire_within_s = 0.0
        self.lost: tuple[LostAgent, ...] = ()
        """The agents whose reports are missing in those of the last window."""

    @property
    def clocks(self) -> list[ClockOffset]:
        """The clocks of the agents behind gateways."""
        return [agent.clock for agent in self._agents if agent.clock is not SAME_CLOCK]

    def __enter__(self) -> Self:
        with self._stack:
            # If one can't be started, the stack ends those before it.
            for number, make in enumerate(self._makers, 1):
                agent = make(self._target, number, of=len(self._makers))
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
        count = len(self._agents)
        self._connections = _split(profile.shape.connections, count)
        within_s = 0.0
        for index, agent in enumerate(self._agents):
            job = AgentJob(
                profile,
                target.address,
                target.authority,
                self._connections[index],
                Share(index, count),
                _at_once(target, count),
                drain_s,
                early_close,
                under_load,
                tells,
                target.route,
            )
            agent.say(job)
            within_s = max(within_s, _OPEN_WITHIN_S + job.handshakes_s)
        within_s += drain_s if under_load else 0
        for agent in self._agents:
            hear(agent, within_s, "while it opened its connections")
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
        start_ns = CLOCK.monotonic_ns() + self._start_after_ns
        for agent in self._agents:
            agent.say(StartSignal(start_ns + agent.clock.monotonic_ns, early_close))

    @property
    def _start_after_ns(self) -> int:
        # The monotonic clock is the same in all processes of a machine.
        if len(self._agents) == 1:
            return 0
        trip_s = max((clock.error_s for clock in self.clocks), default=0.0)
        return max(_START_AFTER_NS, round(trip_s * _TRIPS * 1e9))

    def reports(self, progress: ProgressSink = NO_SINK) -> list[AgentReport]:
        """Return the agents' reports on the window begun, without those of ``lost`` ones.

        Raises GeneratorError if an agent of this machine fails, or all others do.
        """
        heard = AgentReports(self._agents, self._fire_within_s, progress)
        heard.collect()
        self.lost = tuple(
            LostAgent(agent.name, connections)
            for agent, connections in zip(self._agents, self._connections, strict=True)
            if agent in heard.lost
        )
        return [heard.reports[agent] for agent in self._agents if agent in heard.reports]


def local_agents(count: int) -> list[MakeAgent]:
    """Return what starts so many agents on this machine."""
    return [AgentProcess] * count


def _split(connections: int, agents: int) -> list[int]:
    """Return the number of connections of each agent; the first ones get one more."""
    each, over = divmod(connections, agents)
    return [each + (index < over) for index in range(agents)]


def _at_once(target: Target, agents: int) -> int:
    """Return the number of connections that each agent may be opening at a time."""
    most = _OPENED_AT_ONCE if target.backlog is None else min(target.backlog, _OPENED_AT_ONCE)
    return max(1, most // agents)

"""The server of one arm in one block, and the agent that stays connected to it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pytest_djworkers.compare.arms import Arm
from pytest_djworkers.compare.balance import idle_workers
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.compare.worker_exits import explain_worker_exits
from pytest_djworkers.entry.stack_sampling import StackSampling
from pytest_djworkers.entry.strays import refusal, strays_told
from pytest_djworkers.errors import ServerError
from pytest_djworkers.load.agent_group import AgentGroup, local_agents
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.probe import ProbeResult
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.sample_requests import sample_queries
from pytest_djworkers.server.sampled_queries import SampledQueries
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.cpu_time import CpuSnapshot, cpu_time_between
from pytest_djworkers.system.machine_lock import NullLock

_IDLE_S = 120
"""The seconds for which connections must stay open while the other arm is measured. If a server
closes them, they are opened anew all at once for the next window, and one worker may get all of
them. gunicorn would after 2 s."""


@dataclass(frozen=True, slots=True)
class Fired:
    """One window: the agent's report on it, and what the server did meanwhile."""

    report: AgentReport
    cpu_s: float | None
    """The CPU time that the server used until nothing was in flight; None if it isn't known."""
    cpu_of_workers: tuple[float, ...] | None
    """The part of it that each worker used that the server was launched with; None if it isn't
    known."""
    lost_worker: bool
    """True if a worker that the server was launched with is gone, or the server as a whole."""

    @property
    def idle_workers(self) -> int:
        """The number of workers that no connection reached; 0 if it isn't known."""
        return idle_workers(self.cpu_of_workers or ())


class ArmServer:
    """One arm's server, which is launched once and measured in several windows.

    The agent's process starts with this object, so that it is there as soon as the server is.
    """

    def __init__(self, arm: Arm, spec: LaunchSpec, profile: Profile) -> None:
        self._profile = profile
        self._roots = tuple(filter(None, (arm.runtime.folder, arm.runtime.tree)))
        # The lock is the caller's: both arms' servers run at the same time, so neither can hold it.
        self._server = Server(arm.backend, spec, NullLock())
        self._stack = ExitStack()
        self._agents = self._new_agents()
        self._is_connected = False
        self._used_before: CpuSnapshot | None = None

    @property
    def facts(self) -> ServerFacts:
        """The facts about the launch; there must have been one."""
        assert self._server.facts is not None
        return self._server.facts

    @property
    def probed(self) -> ProbeResult:
        """The response to the probe; there must have been a launch."""
        assert self._server.probed is not None
        return self._server.probed

    @property
    def workers(self) -> frozenset[int]:
        """The ids of the processes that serve."""
        return self._server.workers

    @property
    def stacks(self) -> StackSampling | None:
        """The place where its processes tell the stacks of their requests; None if they don't."""
        return self._server.stacks

    @property
    def folder(self) -> Path:
        """The folder for its files."""
        return self._server.log.parent

    @property
    def ended(self) -> str | None:
        """The way in which the server ended by itself, in words; None while it runs."""
        return self._server.ended

    def start(self, needs: BurstNeeds) -> None:
        """Start the server's processes. Raises ServerError."""
        self._server.start(replace(needs, idle_s=_IDLE_S))

    def wait_until_ready(self) -> None:
        """Wait until the server serves. Raises ServerError if it doesn't get ready."""
        try:
            self._server.wait_until_ready()
        except ServerError:
            # Code from the other tree may be the reason, and then it is what the user must know.
            self.refuse_strays()
            raise

    def sample_queries(self, needs: BurstNeeds) -> Mapping[str, SampledQueries]:
        """Count the queries of each part of the burst, before any load; empty if it doesn't count.

        ``needs`` are those that it was started for.
        """
        if self._server.sampling is None:
            return {}
        return sample_queries(self._server, self._profile, needs, roots=self._roots, needed=True)

    def connect(self, size: WindowSize, *, under_load: bool = False) -> None:
        """Open the connections, in place of those that are open. Raises GeneratorError.

        With ``under_load``, each is opened while those before it have requests.
        """
        if self._is_connected:
            self._stack.close()
            self._agents = self._new_agents()
        self._is_connected = True
        shape = replace(
            self._profile.shape,
            connections=size.connections,
            warmup_s=0.0,
            duration_s=size.longest_s,
            rate=None,
            think_s=None,
            stages=(),
        )
        self._agents.open(
            replace(self._profile, shape=shape),
            self._server.target,
            drain_s=size.drain_s,
            early_close=size.early_close,
            under_load=under_load,
        )

    def fire(self, early_close: EarlyClose | None = None) -> Fired:
        """Apply the load for one window, which closes early as this says; None: as its size does.

        Raises GeneratorError.
        """
        self.begin(early_close)
        return self.finish()

    def begin(self, early_close: EarlyClose | None = None) -> None:
        """Begin a window, as ``fire`` does, and don't wait for its end. Raises GeneratorError."""
        self._used_before = self._server.cpu_used()
        self._agents.begin(early_close=early_close)

    def finish(self) -> Fired:
        """Return what happened in the window that was begun. Raises GeneratorError."""
        before = self._used_before
        (report,) = self._agents.reports()
        after = self._server.cpu_used()
        workers = self._server.workers
        cpu_s = cpu_of_workers = None
        if before is not None and after is not None:
            cpu_s = cpu_time_between(before, after)
            cpu_of_workers = _cpu_of_each(workers, before, after)
        return Fired(
            report,
            cpu_s,
            cpu_of_workers,
            lost_worker=self.ended is not None or not workers <= self._server.pids,
        )

    def refuse_strays(self) -> None:
        """Raise ServerError if the server has loaded code of the other arm.

        Call it after the last window, too: a view may import modules when it is called.
        """
        if strays := strays_told(self._server.strays):
            raise ServerError(refusal(strays))

    def explain_worker_exits(self) -> str:
        """Return why workers ended, as far as the server's log and settings say."""
        if how := self.ended:
            return f"its server ended: {how}"
        return explain_worker_exits(self.facts.options, self._server.log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill the server and the agent."""
        try:
            self._server.stop()
        finally:
            self._stack.close()

    def _new_agents(self) -> AgentGroup:
        return self._stack.enter_context(AgentGroup(local_agents(1), self._server.target))


def _cpu_of_each(
    workers: frozenset[int], before: CpuSnapshot, after: CpuSnapshot
) -> tuple[float, ...]:
    """Return the CPU seconds of each worker that was there before and after."""
    there = sorted(workers & before.keys() & after.keys())
    return tuple(after[pid].own_s - before[pid].own_s for pid in there)

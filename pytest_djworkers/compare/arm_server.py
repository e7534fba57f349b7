"""The server of one arm in one block, and the agent that stays connected to it."""

from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.compare.arms import Arm
from pytest_djworkers.compare.numbers import ComparisonNumbers
from pytest_djworkers.compare.worker_exits import explain_worker_exits
from pytest_djworkers.entry.strays import refusal, strays_told
from pytest_djworkers.errors import ServerError
from pytest_djworkers.load.agent_group import AgentGroup
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.protocol import BurstNeeds, check_alive
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.cpu_time import CpuSnapshot, cpu_time_between
from pytest_djworkers.system.machine_lock import NullLock
from pytest_djworkers.verdict.rounds import Window


class TooSlow(Exception):
    """A view gives too few responses for a window."""


class ArmServer:
    """One arm's server, which is launched once and measured in several windows.

    ``agents`` must hold one agent. Its process should run before the server does, so that it is
    there as soon as the server is.
    """

    def __init__(
        self, arm: Arm, spec: LaunchSpec, profile: Profile, numbers: ComparisonNumbers
    ) -> None:
        self._arm = arm
        self._numbers = numbers
        shape = replace(profile.shape, warmup_s=0.0, duration_s=numbers.longest_window_s, rate=None)
        self._profile = replace(profile, shape=shape)
        # The lock is the caller's: both arms' servers run at the same time, so neither can hold it.
        self._server = Server(arm.backend, spec, NullLock())
        self.agents = AgentGroup(1, self._server.target)
        self.reports: list[AgentReport] = []
        """The agent's reports on the windows after the warm-up."""

    @property
    def facts(self) -> ServerFacts:
        """The facts about the launch; there must have been one."""
        assert self._server.facts is not None
        return self._server.facts

    def launch(self, needs: BurstNeeds) -> None:
        """Launch the server, and open the agent's connections.

        Raises ServerError if the server doesn't get ready, and GeneratorError.
        """
        try:
            self._server.launch(needs)
        except ServerError:
            # Code from the other tree may be the reason, and then it is what the user must know.
            self.refuse_strays()
            raise
        numbers = self._numbers
        self.agents.open(
            self._profile,
            self._server.target,
            drain_s=numbers.drain_s,
            early_close=numbers.early_close,
        )

    def warm_up(self) -> None:
        """Measure windows and throw them away. Raises as ``measure_window`` does."""
        spent_s = 0.0
        for _ in range(self._numbers.most_warm_up_windows):
            self.measure_window()
            spent_s += self.reports.pop().window_s
            if spent_s >= self._numbers.warm_up_s:
                break

    def measure_window(self) -> Window:
        """Apply the load for one window.

        Raises TooSlow, ServerDiedError if the server ended meanwhile, and GeneratorError.
        """
        before = self._server.cpu_used()
        (report,) = self.agents.fire()
        after = self._server.cpu_used()
        # Without this check, every later window would run to its time limit, and its errors would
        # count as figures of the view.
        check_alive(self._server, self._profile.name)
        window = window_of(report, _cpu_time(before, after))
        longest_s, needed = self._numbers.longest_window_s, self._numbers.early_close.responses
        if report.window_s >= longest_s and window.judged < needed:
            raise TooSlow(
                f"too slow: {self._arm.name} gave {window.judged} responses in {longest_s:g}s, and"
                f" a window needs {needed}"
            )
        self.reports.append(report)
        return window

    def refuse_strays(self) -> None:
        """Raise ServerError if the server has loaded code of the other arm.

        Call it after the last window, too: a view may import modules when it is called.
        """
        if strays := strays_told(self._server.strays):
            raise ServerError(refusal(strays))

    def has_lost_worker(self) -> bool:
        """Return True if a worker that the server was launched with is gone."""
        return not self._server.workers <= self._server.pids

    def explain_worker_exits(self) -> str:
        """Return why workers ended, as far as the server's log and settings say."""
        return explain_worker_exits(self.facts.options, self._server.log)

    def stop(self) -> None:
        """Kill the server."""
        self._server.stop()


def window_of(report: AgentReport, cpu_s: float | None) -> Window:
    """Return the figures of a window that are compared.

    ``cpu_s`` is the CPU time that the server used from applying the load to the last response, in
    seconds. That covers requests before and after the window, so those count as well in the CPU
    time per request.
    """
    responses = report.ok + report.late + report.unexpected
    counts = [(value, count) for value, count in report.latency]
    return Window(
        responses=report.ok + report.late - report.after_window,
        window_s=report.window_s,
        errors=report.unexpected + report.error,
        timeouts=report.late + report.unanswered,
        judged=report.ok + report.late + report.unexpected + report.error + report.unanswered,
        p95_s=Latency(tuple(counts)).nearest_rank(95),
        cpu_per_request_s=None if cpu_s is None or not responses else cpu_s / responses,
    )


def _cpu_time(before: CpuSnapshot | None, after: CpuSnapshot | None) -> float | None:
    return None if before is None or after is None else cpu_time_between(before, after)

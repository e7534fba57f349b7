"""A block: both arms launched and warmed, then rounds of windows in alternating order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from pytest_djworkers.compare.arms import BASE, HEAD, NAMES, Arm
from pytest_djworkers.compare.discard import DiscardLimits, Moment, spoilt
from pytest_djworkers.compare.numbers import ComparisonNumbers
from pytest_djworkers.compare.plan import BlockPlan
from pytest_djworkers.compare.worker_ends import why_workers_ended
from pytest_djworkers.entry.strays import refusal, strays_told
from pytest_djworkers.errors import DjworkersError, GeneratorError, ServerError
from pytest_djworkers.load.agent_group import AgentGroup
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.protocol import BurstNeeds, check_alive
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.cpu_count import available_cpus
from pytest_djworkers.system.cpu_time import CpuSnapshot, cpu_time_between
from pytest_djworkers.system.machine_lock import NullLock
from pytest_djworkers.verdict.rounds import Round, Window


class ArmError(Exception):
    """An arm that could not be measured: which one, and why."""

    def __init__(self, arm: int, error: DjworkersError) -> None:
        super().__init__(str(error))
        self.arm = arm
        self.error = error


class TooSlow(Exception):
    """An arm's view gives too few answers for a window."""


@dataclass(frozen=True, slots=True)
class Block:
    """What a block found: its rounds, and what is behind those of head."""

    rounds: tuple[Round, ...]
    head_reports: tuple[AgentReport, ...]
    head_server: ServerFacts
    ends: tuple[str, ...] = ()
    """Why workers ended while they were measured, a line for each arm that has lost one."""


def run_block(
    plan: BlockPlan,
    arms: tuple[Arm, Arm],
    specs: Callable[[int, int], LaunchSpec],
    profile: Profile,
    needs: BurstNeeds,
    numbers: ComparisonNumbers,
) -> Block:
    """Launch, warm up, fire, stop. ``specs`` gives what to launch for an arm at a port of
    the plan.

    The profile's shape has the connections; times are a window's. Raises ArmError, TooSlow, or
    GeneratorError.
    """
    with ExitStack() as stack:
        sides: dict[int, _Side] = {}
        for arm in plan.launches:
            spec = specs(arm, plan.ports[arm])
            side = _Side(arms[arm], spec, profile, plan.hash_seed, numbers)
            sides[arm] = side
            stack.callback(side.server.stop)
            # Started first, so that it is there when the server is.
            agents = stack.enter_context(AgentGroup(1, side.server.target))
            with _blaming(arm):
                side.launch(needs, agents)
        for arm in plan.launches:
            with _blaming(arm):
                sides[arm].warm_up()
        rounds = tuple(_round(plan, sides, order, numbers.discard) for order in plan.rounds())
        for arm, side in sides.items():
            with _blaming(arm):
                side.check()
        ends = tuple(
            f"{NAMES[arm]}: {sides[arm].why_workers_ended()}"
            for arm in (BASE, HEAD)
            if sides[arm].has_lost_a_worker()
        )
        return Block(rounds, tuple(sides[HEAD].reports), sides[HEAD].facts, ends)


def window_of(report: AgentReport, cpu_s: float | None) -> Window:
    """What is compared of a window; ``cpu_s`` is the server's from load on to all answered."""
    answers = report.ok + report.late + report.unexpected + report.outside
    counts = [(value, count) for value, count in report.latency]
    return Window(
        requests=report.ok + report.late,
        window_s=report.window_s,
        errors=report.unexpected + report.error,
        timeouts=report.late + report.unanswered,
        judged=report.ok + report.late + report.unexpected + report.error + report.unanswered,
        p95_s=Latency(tuple(counts)).nearest_rank(95),
        cpu_per_request_s=None if cpu_s is None or not answers else cpu_s / answers,
    )


def _round(
    plan: BlockPlan, sides: dict[int, _Side], order: Sequence[int], limits: DiscardLimits
) -> Round:
    before = Moment.now()
    windows = {}
    for arm in order:
        with _blaming(arm):
            windows[arm] = sides[arm].window()
    reports = [sides[arm].reports[-1] for arm in order]
    return Round(
        windows[BASE],
        windows[HEAD],
        plan.number,
        spoilt(
            before,
            Moment.now(),
            reports,
            ended=[NAMES[arm] for arm in sorted(order) if sides[arm].has_lost_a_worker()],
            cpus=available_cpus().of_one_process,
            limits=limits,
        ),
    )


@contextmanager
def _blaming(arm: int) -> Iterator[None]:
    """Say whose server it was. A generator's failure is no arm's."""
    try:
        yield
    except GeneratorError:
        raise
    except DjworkersError as error:
        raise ArmError(arm, error) from None


class _Side:
    """One arm in one block: its server, and the agent that stays connected to it."""

    def __init__(
        self,
        arm: Arm,
        spec: LaunchSpec,
        profile: Profile,
        hash_seed: int,
        numbers: ComparisonNumbers,
    ) -> None:
        self._arm = arm
        self._numbers = numbers
        shape = replace(
            profile.shape, warmup_s=numbers.settle_s, duration_s=numbers.longest_window_s, rate=None
        )
        self._profile = replace(profile, shape=shape)
        environment = {"PYTHONHASHSEED": str(hash_seed)}
        spec = replace(
            spec,
            databases=arm.databases,
            runtime=arm.runtime,
            environment=environment,
            isolation=arm.isolation,
        )
        self.server = Server(arm.backend, spec, NullLock())
        self.reports: list[AgentReport] = []
        self._agents: AgentGroup | None = None

    @property
    def facts(self) -> ServerFacts:
        assert self.server.facts is not None
        return self.server.facts

    def launch(self, needs: BurstNeeds, agents: AgentGroup) -> None:
        try:
            self.server.launch(needs)
        except ServerError:
            # Why it did not start, where that is it.
            self._refuse_strays()
            raise
        numbers = self._numbers
        agents.open(
            self._profile,
            self.server.target,
            drain_s=numbers.drain_s,
            early_close=numbers.early_close,
        )
        self._agents = agents

    def warm_up(self) -> None:
        spent_s = 0.0
        for _ in range(self._numbers.most_warm_up_windows):
            self.window()
            spent_s += self.reports.pop().window_s
            if spent_s >= self._numbers.warm_up_s:
                break

    def window(self) -> Window:
        assert self._agents is not None
        before = self.server.cpu_used()
        (report,) = self._agents.fire()
        after = self.server.cpu_used()
        # Each window of a server that is gone would take its time, and its errors be figures.
        check_alive(self.server, self._profile.name)
        window = window_of(report, _between(before, after))
        longest_s, least = self._numbers.longest_window_s, self._numbers.early_close.responses
        if report.window_s >= longest_s and window.judged < least:
            raise TooSlow(
                f"too slow: {window.judged} answers in {longest_s:g}s of"
                f" {self._arm.name}, and a window takes {least}"
            )
        self.reports.append(report)
        return window

    def check(self) -> None:
        """Raise ServerError where the server has loaded the other arm's code: its views may import
        late."""
        self._refuse_strays()

    def _refuse_strays(self) -> None:
        if strays := strays_told(self.server.strays):
            raise ServerError(refusal(strays))

    def why_workers_ended(self) -> str:
        """In words, as far as its log and its settings say."""
        return why_workers_ended(self.facts.options, self.server.log)

    def has_lost_a_worker(self) -> bool:
        return not self.server.workers <= self.server.pids


def _between(before: CpuSnapshot | None, after: CpuSnapshot | None) -> float | None:
    return None if before is None or after is None else cpu_time_between(before, after)

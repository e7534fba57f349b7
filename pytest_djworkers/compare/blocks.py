"""A block: launch and warm up both arms, then measure rounds of windows in alternating order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pytest_djworkers.compare.arm_server import ArmServer, Fired
from pytest_djworkers.compare.arms import BASE, HEAD, PreparedArms
from pytest_djworkers.compare.block_phases import BlockPhases
from pytest_djworkers.compare.discard import DiscardLimits, Moment, reason_to_discard
from pytest_djworkers.compare.launches import ArmError, blaming, launch_both
from pytest_djworkers.compare.numbers import ComparisonNumbers
from pytest_djworkers.compare.parts import BlockParts, PartsWatch
from pytest_djworkers.compare.plan import BlockPlan
from pytest_djworkers.compare.same_work import Responses
from pytest_djworkers.compare.view_speed import measure_size
from pytest_djworkers.compare.warm_up import warm_up, warm_up_together
from pytest_djworkers.compare.window_figures import window_of
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.errors import ServerDiedError
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.sampled_queries import SampledQueries
from pytest_djworkers.system.cpu_count import available_cpus
from pytest_djworkers.verdict.rounds import Round


@dataclass(frozen=True, slots=True)
class Block:
    """The rounds of a block, and what results are made from."""

    rounds: tuple[Round, ...]
    reports: tuple[tuple[AgentReport, ...], tuple[AgentReport, ...]]
    """The agents' reports on base's and head's windows."""
    head_server: ServerFacts
    responses: tuple[Responses, Responses]
    """The responses of base and head in all windows."""
    size: WindowSize
    parts: BlockParts
    worker_exits: tuple[str, str] = ("", "")
    """Why workers of base and of head ended while they were measured; empty if none did."""
    idle_workers: tuple[int, int] = (0, 0)
    """The number of base's and of head's workers that no connection would reach."""
    unbalanced: frozenset[int] = frozenset()
    """The rounds, by their place in the block, in which a worker was idle that had been busy."""
    queries: tuple[Mapping[str, SampledQueries], Mapping[str, SampledQueries]] = ({}, {})
    """The queries of base's and head's parts, which only the first block counts."""


class _Servers:
    """The running servers of both arms, and what they were measured to do."""

    def __init__(
        self, both: Mapping[int, ArmServer], size: WindowSize, numbers: ComparisonNumbers
    ) -> None:
        self.both = both
        self.windows: dict[int, list[Fired]] = {BASE: [], HEAD: []}
        self.idle_workers = [0, 0]
        self._size = size
        self._numbers = numbers

    def warm_up(self, order: Sequence[int]) -> None:
        """Connect to these arms, and warm them up. Raises ArmError and GeneratorError."""
        if self._size.one_wave:
            servers = [self.both[arm] for arm in order]
            warmed = warm_up_together(servers, self._size, self._numbers)
            for arm, last in zip(order, warmed, strict=True):
                self._is_warm(arm, last)
            return
        # One after the other: both at once would share the CPUs.
        for arm in order:
            with blaming(arm):
                last = warm_up(self.both[arm], self._size, self._numbers)
            self._is_warm(arm, last)

    def _is_warm(self, arm: int, warmed: Fired) -> None:
        self.idle_workers[arm] = warmed.idle_workers
        if self.both[arm].ended:
            self._refuse_dead_base(arm)
            self.windows[arm].append(warmed)

    def is_unbalanced(self, arm: int) -> bool:
        """Return True if a worker idled in the arm's last window that had been busy before."""
        windows = self.windows[arm]
        return bool(windows and windows[-1].idle_workers and not self.idle_workers[arm])

    def block(self, rounds: Sequence[tuple[Round, bool]], probe_is_request: bool) -> Block:
        """Return the block of these rounds, without the time of its parts.

        Each round comes with True if a worker was idle in it that had been busy.
        """
        both = self.both
        reports = self._reports_of(BASE), self._reports_of(HEAD)
        types = [both[arm].probed.content_type if probe_is_request else "" for arm in (BASE, HEAD)]
        return Block(
            tuple(one for one, _ in rounds),
            reports,
            both[HEAD].facts,
            (_responses(types[BASE], reports[BASE]), _responses(types[HEAD], reports[HEAD])),
            self._size,
            BlockParts(),
            (self._explain_exits(BASE), self._explain_exits(HEAD)),
            (self.idle_workers[BASE], self.idle_workers[HEAD]),
            frozenset(place for place, (_, unbalanced) in enumerate(rounds) if unbalanced),
        )

    def _explain_exits(self, arm: int) -> str:
        has_lost_one = any(fired.lost_worker for fired in self.windows[arm])
        return self.both[arm].explain_worker_exits() if has_lost_one else ""

    def measure(self, arm: int) -> Fired:
        """Measure a window of an arm. Raises ArmError if base's server ended, and GeneratorError.

        If head's server has ended, its last window stands for all later ones.
        """
        server, windows = self.both[arm], self.windows[arm]
        # At a dead server, every window would run to its time limit without saying anything new.
        if windows and windows[-1].lost_worker and server.ended:
            return windows[-1]
        if self.is_unbalanced(arm):
            self.warm_up([arm])
        fired = server.fire()
        windows.append(fired)
        self._refuse_dead_base(arm)
        return fired

    def _refuse_dead_base(self, arm: int) -> None:
        server = self.both[arm]
        if arm == BASE and (how := server.ended):
            name = server.facts.backend
            raise ArmError(BASE, ServerDiedError(f"{name} died while it was measured: {how}"))

    def _reports_of(self, arm: int) -> tuple[AgentReport, ...]:
        return tuple(fired.report for fired in self.windows[arm])


def run_block(
    plan: BlockPlan,
    arms: PreparedArms,
    profile: Profile,
    needs: BurstNeeds,
    size: WindowSize | None,
) -> Block:
    """Run a block, and stop its servers.

    Without a size, base's view is measured for it first. Only the request and the timeout of the
    profile count. Raises ArmError, TooSlow or GeneratorError.
    """
    watch, stack = PartsWatch(), ExitStack()
    phases = BlockPhases(arms.launch_spec.progress, plan.number, arms.names)
    try:
        phases.begin("launch")
        both = launch_both(plan, arms, profile, needs, watch, stack)
        phases.begin("warm-up")
        with watch.timing("warm_up_s"):
            # Both arms alike, and long before a window.
            base, head = (both[arm].sample_queries(needs) for arm in (BASE, HEAD))
            if size is None:
                with blaming(BASE):
                    size = measure_size(
                        both[BASE],
                        connections=arms.connections,
                        timeout_s=profile.shape.timeout_s,
                    )
            servers = _Servers(both, size, arms.numbers)
            servers.warm_up(plan.launches)
        with watch.timing("windows_s"):
            rounds = tuple(_rounds(plan, servers, size, arms.numbers.discard, phases))
        for arm, server in both.items():
            with blaming(arm):
                server.refuse_strays()
        block = replace(servers.block(rounds, needs.probe == profile.request), queries=(base, head))
    finally:
        phases.begin("stop")
        with watch.timing("stop_s"):
            stack.close()
    reports = [report for arm in block.reports for report in arm]
    open_s = sum(report.window_s for report in reports)
    return replace(block, parts=watch.parts(open_s=open_s))


def _rounds(
    plan: BlockPlan,
    servers: _Servers,
    size: WindowSize,
    limits: DiscardLimits,
    phases: BlockPhases,
) -> Iterator[tuple[Round, bool]]:
    """Measure the rounds of a block, and stop after one in which a worker is gone.

    Each comes with True if a worker was idle in it that had been busy.
    """
    for number, order in enumerate(plan.rounds(size.rounds_per_block), 1):
        before = Moment.now()
        fired = {}
        for arm in order:
            phases.begin_window(arm, number, size.rounds_per_block)
            fired[arm] = servers.measure(arm)
        discarded = reason_to_discard(
            before,
            Moment.now(),
            [fired[arm].report for arm in order],
            cpus=available_cpus().of_one_process,
            limits=limits,
        )
        base, head = (window_of(fired[arm], size.slow_s) for arm in (BASE, HEAD))
        yield Round(base, head, plan.number, discarded), any(map(servers.is_unbalanced, order))
        # The worker in its place has not been warmed up, so this block can't tell any speed.
        if any(one.lost_worker for one in fired.values()):
            break


def _responses(probed: str, reports: Sequence[AgentReport]) -> Responses:
    statuses: Counter[int] = Counter()
    sizes: Counter[int] = Counter()
    for report in reports:
        counts = report.counts
        statuses.update(counts.statuses)
        sizes.update(dict(counts.sizes))
    return Responses(statuses, probed, sizes)

"""Launches both arms anew after a verdict, and samples what they spend their time on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pytest_djworkers.compare.arm_server import ArmServer
from pytest_djworkers.compare.arms import BASE, HEAD, PreparedArms
from pytest_djworkers.compare.launches import ArmError, blaming, launch_both
from pytest_djworkers.compare.parts import PartsWatch
from pytest_djworkers.compare.plan import BlockPlan, plan_block
from pytest_djworkers.compare.sampled_launch import sample_cpu, sample_waiting
from pytest_djworkers.compare.warm_up import warm_up
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.errors import DjworkersError
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.queries import QueryFigures
from pytest_djworkers.profiling.bottleneck import Capacity
from pytest_djworkers.profiling.code_changes import CodeChanges
from pytest_djworkers.profiling.explain import Measured, explain, is_exact
from pytest_djworkers.profiling.explanation import Explanation
from pytest_djworkers.profiling.launch_stacks import LaunchStacks
from pytest_djworkers.profiling.pooled_queries import pooled
from pytest_djworkers.profiling.query_changes import QueryChanges, changes_of_parts
from pytest_djworkers.progress import Phase
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.system.cpu_count import available_cpus

_TRIED = 2
"""The number of launches after which py-spy is not tried again if it never worked."""


@dataclass(frozen=True, slots=True)
class Question:
    """A change that is to be explained."""

    profile: Profile
    needs: BurstNeeds
    size: WindowSize
    """The size of the comparison's windows."""
    changes: CodeChanges
    is_slower: bool | None
    """True if head is slower, False if it is faster; None if neither is known."""


def explain_change(arms: PreparedArms, question: Question) -> Explanation:
    """Launch both arms several times, in alternating order, and return what explains the change.

    What goes wrong is among the problems of the explanation, and raises nothing.
    """
    return _Explaining(arms, question).run()


class _Explaining:
    """The launches of one explanation."""

    def __init__(self, arms: PreparedArms, question: Question) -> None:
        self._arms = arms
        self._question = question
        self._numbers = arms.numbers.explanation
        base, head = arms.pair
        self._folders = base.code_folders, head.code_folders
        self._found: tuple[list[LaunchStacks], list[LaunchStacks]] = ([], [])
        self._queries: tuple[dict[str, list[QueryFigures]], dict[str, list[QueryFigures]]] = {}, {}
        self._workers = 1

    def run(self) -> Explanation:
        """Launch and sample until a small change could be told."""
        numbers = self._numbers
        problems: tuple[str, ...] = ()
        try:
            for launches in range(1, 1 + numbers.most_launches):
                self._launch_pair(plan_block(self._arms.seed, launches - 1))
                is_enough = launches >= numbers.least_launches
                if is_enough and is_exact(self._measured, numbers.visible):
                    break
        except (ArmError, DjworkersError, OSError) as error:
            problems = (f"no further launch was sampled: {error}".splitlines()[0],)
        explained = explain(self._measured)
        return replace(explained, problems=(*explained.problems, *problems))

    @property
    def _measured(self) -> Measured:
        question, (base, head) = self._question, self._found
        capacity = Capacity(question.size.connections, self._workers, available_cpus().usable)
        return Measured(
            tuple(base),
            tuple(head),
            question.changes,
            self._query_changes,
            question.is_slower,
            capacity,
        )

    def _launch_pair(self, plan: BlockPlan) -> None:
        question, progress = self._question, self._arms.launch_spec.progress
        progress.begin(Phase(f"explain, launch {plan.number + 1}"))
        with ExitStack() as stack:
            needs = replace(question.needs, plans=True)
            servers = launch_both(
                plan, self._arms, question.profile, needs, PartsWatch(), stack, is_profiled=True
            )
            self._workers = servers[HEAD].facts.workers
            self._count_queries(servers, needs)
            found = {}
            for arm in plan.launches:
                progress.begin(Phase(f"explain, launch {plan.number + 1}: {self._arms.names[arm]}"))
                with blaming(arm):
                    found[arm] = self._sample(servers[arm], arm)
        # Both or none: neither arm has more launches than the other.
        for arm in (BASE, HEAD):
            self._found[arm].append(found[arm])

    @property
    def _query_changes(self) -> QueryChanges | None:
        """What changed of the queries; None if those of one arm aren't known."""
        base, head = (
            {part: pooled(launches) for part, launches in arm.items()} for arm in self._queries
        )
        return changes_of_parts(base, head)

    def _count_queries(self, servers: Mapping[int, ArmServer], needs: BurstNeeds) -> None:
        """Count the queries of the parts of both arms, which are told in the order of launches."""
        sampled = {arm: server.sample_queries(needs) for arm, server in servers.items()}
        # None are told of a server that doesn't count.
        for part in sampled[BASE] if sampled[HEAD] else ():
            known = {arm: found[part].figures for arm, found in sampled.items()}
            for arm, figures in known.items():
                # Both or none: a time is told by comparing as many launches of each.
                if figures is not None and None not in known.values():
                    self._queries[arm].setdefault(part, []).append(figures)

    def _sample(self, server: ArmServer, arm: int) -> LaunchStacks:
        folders, numbers = self._folders[arm], self._numbers
        warm_up(server, self._size, self._arms.numbers)
        earlier = self._found[arm]
        if len(earlier) >= _TRIED and all(one.cpu_load is None for one in earlier):
            found = LaunchStacks(problems=earlier[0].problems)
        else:
            found = sample_cpu(server, folders, numbers)
        return sample_waiting(server, folders, numbers, found)

    @property
    def _size(self) -> WindowSize:
        """The size of the windows: with the comparison's connections, and as long as samples
        need."""
        size, numbers = self._question.size, self._numbers
        longest_s = max(size.longest_s, 4 * numbers.cpu_s)
        return replace(size, longest_s=longest_s, one_wave=False)

"""The blocks that a comparison has run, and the results that are made of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pytest_djworkers.compare.arms import BASE, HEAD, NAMES
from pytest_djworkers.compare.blocks import Block
from pytest_djworkers.compare.parts import BlockParts
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.compare.same_work import Responses, describe_difference
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.merge import merge_windows
from pytest_djworkers.load.part_report import PartReport, sum_of_pairs
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.server.call_counts import CallCounts
from pytest_djworkers.server.sampled_queries import whole_of, with_queries
from pytest_djworkers.verdict.reliability import IDLE_WORKER
from pytest_djworkers.verdict.rounds import Round

_BY_CHANCE = 0.25
"""The largest share of rounds in which a worker may be idle by chance."""


@dataclass(frozen=True, slots=True)
class History:
    """The blocks that a comparison has run, with which it can be continued."""

    blocks: tuple[Block, ...] = ()
    took_s: float = 0.0
    counts: tuple[CallCounts, CallCounts] | None = None
    """The calls of base and head, if they have been counted."""

    @property
    def size(self) -> WindowSize | None:
        """The size of all windows; None before the first block."""
        return self.blocks[0].size if self.blocks else None

    @property
    def rounds(self) -> list[Round]:
        """The rounds of all blocks; those with an idle worker are discarded if they are few."""
        rounds = [one for block in self.blocks for one in block.rounds]
        unlucky = [is_one for block in self.blocks for is_one in _unlucky_rounds(block)]
        # The kernel decides who gets a connection, and an arm with an idle worker looks slow. But a
        # worker that hangs is idle, too: what happens more than now and then lies in the code.
        if sum(unlucky) > _BY_CHANCE * len(rounds):
            return rounds
        return [
            _discarded(one) if is_one else one for one, is_one in zip(rounds, unlucky, strict=True)
        ]

    @property
    def worker_exits(self) -> tuple[str, ...]:
        """Why workers ended, for each arm from the last block in which any of it did."""
        return tuple(
            f"{NAMES[arm]}: {found[-1]}"
            for arm in (BASE, HEAD)
            if (found := [*filter(None, (block.worker_exits[arm] for block in self.blocks))])
        )

    @property
    def idle_workers(self) -> str:
        """In how many launches workers idled, in words; empty if they did in none."""
        said = [
            f"{sum(bool(block.idle_workers[arm]) for block in self.blocks)} of {NAMES[arm]}'s"
            for arm in (BASE, HEAD)
            if any(block.idle_workers[arm] for block in self.blocks)
        ]
        return f"some workers got no connection in {' and '.join(said)} launches" if said else ""

    def head_result(self, profile: Profile) -> BurstResult:
        """Return head's windows as one burst; there must be a block."""
        size = self.blocks[0].size
        shape = replace(profile.shape, connections=size.connections)
        merged = merge_windows(
            replace(profile, shape=shape), self._reports_of(HEAD), self.blocks[-1].head_server
        )
        sampled = self.blocks[0].queries[HEAD]
        return with_queries(merged, sampled) if sampled else merged

    def add_figures(self, comparison: ArmComparison, profile: Profile) -> ArmComparison:
        """Return the comparison with the figures of all blocks; itself without any."""
        if not self.blocks:
            return comparison
        base, head = (
            Responses.sum([block.responses[arm] for block in self.blocks]) for arm in (BASE, HEAD)
        )
        of_base = self.blocks[0].queries[BASE]
        return replace(
            comparison,
            rounds=tuple(self.rounds),
            size=self.size,
            latencies=(_latency(self._counts_of(BASE)), _latency(self._counts_of(HEAD))),
            part_latencies=self._part_latencies(profile),
            body_bytes=(base.body_bytes, head.body_bytes),
            responses_differ=describe_difference(base, head),
            base_queries=whole_of(of_base).figures if of_base else None,
            idle_workers=self.idle_workers,
            worker_exits="; ".join(self.worker_exits),
            parts=BlockParts.mean([block.parts for block in self.blocks]),
        )

    def _part_latencies(self, profile: Profile) -> dict[str, tuple[Latency, Latency]]:
        """Return the latencies of base and head for each part of a mix; none of another burst."""
        if not profile.is_mix:
            return {}
        arms = [self._reports_of(arm) for arm in (BASE, HEAD)]
        return {
            part.name: (
                _latency([report.parts[number] for report in arms[0]]),
                _latency([report.parts[number] for report in arms[1]]),
            )
            for number, part in enumerate(profile.parts)
        }

    def _counts_of(self, arm: int) -> list[PartReport]:
        return [part for report in self._reports_of(arm) for part in report.parts]

    def _reports_of(self, arm: int) -> list[AgentReport]:
        return [report for block in self.blocks for report in block.reports[arm]]


def _unlucky_rounds(block: Block) -> list[bool]:
    """Return for each round whether a worker got no connection in it."""
    is_idle = any(block.idle_workers)
    return [is_idle or place in block.unbalanced for place in range(len(block.rounds))]


def _discarded(one: Round) -> Round:
    return replace(one, discarded=one.discarded or IDLE_WORKER)


def _latency(reports: Iterable[PartReport]) -> Latency:
    return Latency(tuple(sum_of_pairs(report.latency for report in reports)))

"""The result of a comparison: plain, frozen data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Self

from pytest_djworkers.compare.parts import BlockParts
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.legend import Remark, Sign
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.queries import QueryFigures
from pytest_djworkers.profiling.explanation import Explanation
from pytest_djworkers.server.call_counts import CallCounts
from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import Metric, Round, Window, counted_rounds

# A figure that can't be compared may hide a loss; an inconclusive one has at least been looked at.
WORST_FIRST = (
    Verdict.REGRESSED,
    Verdict.NOT_COMPARED,
    Verdict.INCONCLUSIVE,
    Verdict.IMPROVED,
    Verdict.OK,
)


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """An arm's figures over several rounds: medians, but sums of errors and timeouts."""

    rps: float
    p95_s: float | None
    cpu_per_request_s: float | None
    errors: int
    timeouts: int

    @classmethod
    def of(cls, windows: Sequence[Window]) -> Self:
        """Return the figures of an arm's windows; there must be one."""
        return cls(
            median(window.responses / window.window_s for window in windows),
            _median(window.p95_s for window in windows),
            _median(window.cpu_per_request_s for window in windows),
            sum(window.errors for window in windows),
            sum(window.timeouts for window in windows),
        )


@dataclass(frozen=True, slots=True)
class ArmComparison:
    """A comparison of two arms under one request."""

    labels: tuple[str, str]
    """The names of base and head for people."""
    seed: int
    took_s: float
    is_judged: bool = True
    """False for a calibration, which has rounds and no verdict."""
    of_backends: bool = False
    """True if the arms are two backends that serve the same code."""
    judgements: tuple[Judgement, ...] = ()
    """A judgement for each figure, requests/s first; none if nothing could be compared."""
    not_compared: str = ""
    """Why nothing could be compared; empty if something could."""
    rounds: tuple[Round, ...] = ()
    """All rounds as measured, so that a later version can judge them again."""
    size: WindowSize | None = None
    """The size of all windows; None if nothing was measured."""
    latencies: tuple[Latency, Latency] | None = None
    """The latencies of base and head, each of all requests sent in all windows; None if nothing
    was measured."""
    part_latencies: Mapping[str, tuple[Latency, Latency]] = field(default_factory=dict)
    """The same for each part of a mix, by its name; empty for other bursts."""
    body_bytes: tuple[float | None, float | None] = (None, None)
    """The mean length of base's and head's response bodies, in bytes; None where it isn't known."""
    responses_differ: str = ""
    """The difference between base's and head's responses (``responses differ: 12.4 kB against
    0.3 kB``); empty if they are alike."""
    base_queries: QueryFigures | None = None
    """The SQL queries of base's request; None if they aren't known. Head's are the result's."""
    counts: tuple[CallCounts, CallCounts] | None = None
    """The Python calls and the memory of base's and head's requests; None if they were not
    counted."""
    parts: BlockParts | None = None
    """The mean time of each part of a block; None if nothing was measured."""
    idle_workers: str = ""
    """In which launches some workers got no connection, in words; empty if in none."""
    worker_exits: str = ""
    """Why workers ended while they were measured, in words; empty if none did."""
    explanation: Explanation | None = None
    """Why head is slower or faster; None if nobody looked for it."""
    ended_early: str = ""
    """Why the comparison ended before every figure had a verdict; empty if it did not."""

    @property
    def verdict(self) -> Verdict | None:
        """The worst verdict of all figures; None for a calibration."""
        if not self.is_judged:
            return None
        found = {judgement.verdict for judgement in self.judgements}
        if self.not_compared:
            found.add(Verdict.NOT_COMPARED)
        return next((one for one in WORST_FIRST if one in found), Verdict.NOT_COMPARED)

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """The texts that a reader must know before believing the verdict."""
        differ = [Remark(Sign.RESPONSES_DIFFER)] if self.responses_differ else []
        return (*differ, *([Remark(Sign.ENDED_EARLY)] if self.ended_early else []))

    @property
    def blocks(self) -> int:
        """The number of blocks that were run."""
        return len({one.block for one in self.rounds})

    @property
    def figures(self) -> tuple[ArmFigures, ArmFigures] | None:
        """The figures of base and head, over the rounds that count; None if nothing was measured.

        Over all rounds if none of them counts.
        """
        counting = counted_rounds(self.rounds) or self.rounds
        if not counting:
            return None
        return (
            ArmFigures.of([one.base for one in counting]),
            ArmFigures.of([one.head for one in counting]),
        )


def is_slower(compared: ArmComparison) -> bool | None:
    """Return True if head was found to be slower or dearer than base, and False if it was found to
    be faster or cheaper; None for any other verdict, and if errors decided.

    Calls are no time, so their number decides nothing here.
    """
    changes = {Verdict.REGRESSED: True, Verdict.IMPROVED: False}
    found = [
        changes[one.verdict]
        for one in compared.judgements
        if one.verdict in changes and one.metric not in {Metric.ERRORS, Metric.CALLS}
    ]
    return max(found, default=None)


def _median(values: Iterable[float | None]) -> float | None:
    # An arm may lack a figure in some windows: there is no p95 without an expected response.
    known = [value for value in values if value is not None]
    return median(known) if known else None

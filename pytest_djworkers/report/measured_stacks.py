"""The stacks of a document, for the formats that other programs read, or why there are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_djworkers.profiling.explanation import Explanation, FlameGraph
from pytest_djworkers.profiling.time_spent import TimeSpent
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.document import Document

CPU, WAITING = "CPU", "waiting"
_LEAST_WAITING_S = 1e-4
"""The time of a request that is worth a look: a tenth of what Django itself computes for one."""


@dataclass(frozen=True, slots=True)
class MeasuredStacks:
    """The stacks of one burst: all of CPU time, or all of waiting."""

    burst: str
    """The burst, its test and its server."""
    kind: str
    """``CPU`` or ``waiting``."""
    graph: FlameGraph
    has_base: bool
    """False for those of one server alone, which are head's."""


def stacks_of(document: Document) -> list[MeasuredStacks]:
    """Return the stacks of all bursts that have some."""
    return [one for record in document.records for one in _of_record(record)]


def profiles_of(record: BurstRecord) -> Iterator[Explanation | TimeSpent]:
    """Yield what the profiler found in a burst and in its comparison."""
    if record.time_spent is not None:
        yield record.time_spent
    if record.against_base is not None and record.against_base.explanation is not None:
        yield record.against_base.explanation


def graphs_of(found: Explanation | TimeSpent) -> dict[str, FlameGraph]:
    """Return the stacks of each kind of time that a request spends, ``CPU`` or ``waiting``.

    A site that hardly waits has those of waiting that were met by chance: they are left out.
    """
    graphs = {}
    if found.cpu_flame.stacks:
        graphs[CPU] = found.cpu_flame
    if longer_s(found.waiting_flame) >= _LEAST_WAITING_S:
        graphs[WAITING] = found.waiting_flame
    return graphs


def longer_s(graph: FlameGraph) -> float:
    """Return the sum over the stacks of the longer time of both arms, in seconds of a request."""
    return sum(max(one.base_s, one.head_s) for one in graph.stacks)


def why_no_stacks(document: Document) -> str:
    """Return why no burst has stacks; empty if one has."""
    if stacks_of(document):
        return ""
    profiles = [one for record in document.records for one in profiles_of(record)]
    if problems := [text for one in profiles for text in one.problems]:
        return f"no stacks were sampled: {problems[0]}"
    if profiles:
        return "no stacks were sampled"
    return (
        "nothing was profiled: that is done after a comparison that finds a change, and always with"
        " --djworkers-profile"
    )


def _of_record(record: BurstRecord) -> Iterator[MeasuredStacks]:
    where = f"{record.result.name} ({record.test_function})"
    name = ", ".join(filter(None, (where, record.backend)))
    for one in profiles_of(record):
        for kind, graph in graphs_of(one).items():
            yield MeasuredStacks(name, kind, graph, has_base=isinstance(one, Explanation))

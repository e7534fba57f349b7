"""The stacks of a document, for the formats that other programs read, or why there are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_djworkers.profiling.explanation import Explanation, FlameGraph
from pytest_djworkers.profiling.time_spent import TimeSpent
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.document import Document


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


def why_no_stacks(document: Document) -> str:
    """Return why no burst has stacks; empty if one has."""
    if stacks_of(document):
        return ""
    profiles = [one for record in document.records for one in _profiles(record)]
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
    for one in _profiles(record):
        for kind, graph in (("CPU", one.cpu_flame), ("waiting", one.waiting_flame)):
            if graph.stacks:
                yield MeasuredStacks(name, kind, graph, has_base=isinstance(one, Explanation))


def _profiles(record: BurstRecord) -> Iterator[Explanation | TimeSpent]:
    if record.time_spent is not None:
        yield record.time_spent
    if record.against_base is not None and record.against_base.explanation is not None:
        yield record.against_base.explanation

"""The stacks of a document, for the formats that other programs read, or why there are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_djworkers.profiling.code_folders import Function
from pytest_djworkers.profiling.explanation import FlameGraph
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


def stacks_of(document: Document) -> list[MeasuredStacks]:
    """Return the stacks of all bursts that have some."""
    return [one for record in document.records for one in _of_record(record)]


def why_no_stacks(document: Document) -> str:
    """Return why no burst has stacks; empty if one has."""
    if stacks_of(document):
        return ""
    comparisons = [one.against_base for one in document.records if one.against_base is not None]
    explained = [one.explanation for one in comparisons if one.explanation is not None]
    if problems := [text for one in explained for text in one.problems]:
        return f"no stacks were sampled: {problems[0]}"
    if explained:
        return "no stacks were sampled"
    return (
        "nothing was profiled: that is done after a comparison that finds a change, and always with"
        " --djworkers-profile"
    )


def frame_name(function: Function) -> str:
    """Return a function as a frame's name, in one line: ``burn (shop/urls.py)``."""
    return str(function) if function.file else function.name


def _of_record(record: BurstRecord) -> Iterator[MeasuredStacks]:
    explained = None if record.against_base is None else record.against_base.explanation
    if explained is None:
        return
    name = ", ".join(
        filter(None, (f"{record.result.name} ({record.test_function})", record.backend))
    )
    for kind, graph in (("CPU", explained.cpu_flame), ("waiting", explained.waiting_flame)):
        if graph.stacks:
            yield MeasuredStacks(name, kind, graph)

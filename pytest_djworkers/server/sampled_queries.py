"""The queries of a burst's parts, as sampled, and the result of the burst with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pytest_djworkers.load.queries import QueryFigures
from pytest_djworkers.load.result import BurstResult


@dataclass(frozen=True, slots=True)
class SampledQueries:
    """The queries of a part's request, or why they are not known."""

    figures: QueryFigures | None
    why_unknown: str = ""


def whole_of(sampled: Mapping[str, SampledQueries]) -> SampledQueries:
    """Return the queries of the part with the most of them; unknown if those of any part are."""
    for name, one in sampled.items():
        if one.figures is None:
            of_part = f"{name}: " if len(sampled) > 1 else ""
            return replace(one, why_unknown=f"{of_part}{one.why_unknown}")
    known = [one.figures for one in sampled.values() if one.figures is not None]
    return SampledQueries(max(known, key=lambda one: one.count))


def with_queries(result: BurstResult, sampled: Mapping[str, SampledQueries]) -> BurstResult:
    """Return a burst's result with the queries of its parts, which are not empty."""
    whole = whole_of(sampled)
    parts = {
        name: replace(
            figures, queries=sampled[name].figures, queries_unknown=sampled[name].why_unknown
        )
        for name, figures in result.parts.items()
    }
    return replace(result, queries=whole.figures, queries_unknown=whole.why_unknown, parts=parts)

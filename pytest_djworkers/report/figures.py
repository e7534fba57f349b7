"""Figures as text, the same in every output."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.queries import QueryFigures
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.units import ARROW, counted, format_duration, format_rate

UNKNOWN = "-"


def format_latency(seconds: float | None) -> str:
    """Return a latency as text, or a dash for None."""
    return UNKNOWN if seconds is None else format_duration(seconds)


def format_pace(shape: Shape) -> str:
    """Return a burst's fixed rate, think time and stages, to follow the rest of its shape.

    It is empty if it has none of them.
    """
    is_fixed = shape.rate is not None and not shape.stages
    rate = f", {format_rate(shape.rate or 0.0)} requests/s" if is_fixed else ""
    think = f", think time {format_duration(shape.think_s)}" if shape.think_s else ""
    return f"{rate}{think}{format_stages(shape)}"


def format_stages(shape: Shape) -> str:
    """Return a burst's stages, to follow the rest of its shape; empty without stages."""
    if not shape.stages:
        return ""
    by_load = sorted(shape.stages, key=lambda stage: (stage.connections or 0, stage.rate or 0.0))
    ends = dict.fromkeys((by_load[0].load, by_load[-1].load))
    return f", {counted(len(by_load), 'stage')}: {' to '.join(ends)}"


def format_timeouts(result: BurstResult) -> str:
    """Return the number of timeouts; with a sign if the generator may have missed some."""
    # wrk counts no request that never ends.
    return f"{result.timeouts:,}{'+?' if result.hides_timeouts else ''}"


def format_queries(queries: QueryFigures | None) -> str:
    """Return the number of a request's queries as text; empty if it isn't known."""
    return "" if queries is None else f"{queries.count:,}"


def queries_by_part(result: BurstResult) -> Mapping[str, QueryFigures]:
    """Return the queries that are known of each part of a mix; of another burst, those of its
    request, under an empty name."""
    if not result.parts:
        return {} if result.queries is None else {"": result.queries}
    known = {name: figures.queries for name, figures in result.parts.items()}
    return {name: queries for name, queries in known.items() if queries is not None}


def with_arrows_for(encoding: str | None, text: str) -> str:
    """Return the text with ``->`` for each arrow if the encoding doesn't have arrows.

    ``encoding`` is None for a stream that takes any character.
    """
    try:
        ARROW.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):  # LookupError: Python doesn't know the encoding
        return text.replace(ARROW, "->")
    return text

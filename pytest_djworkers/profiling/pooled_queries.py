"""The queries of a request, from sample requests of several launches of the same code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from pytest_djworkers.load.queries import QueryFigures, Statement
from pytest_djworkers.load.query_plan import Plan

_Key = tuple[str, str, bool, str]


def pooled(launches: Sequence[QueryFigures]) -> QueryFigures:
    """Return the figures of several launches as one; there must be one.

    Counts and statements are those of the launch with the median number of queries: one in fifty
    requests may run another one. A statement's times are the least of each launch.
    """
    if len(launches) == 1:
        return launches[0]
    times: defaultdict[_Key, list[float]] = defaultdict(list)
    plans: dict[_Key, Plan] = {}
    for figures in launches:
        for one in figures.statements:
            times[_key(one)].append(min(one.times_s or (one.time_s,)))
            plans[_key(one)] = plans.get(_key(one)) or one.plan
    usual = sorted(launches, key=lambda one: one.count)[(len(launches) - 1) // 2]
    samples = sum(one.samples for one in launches)
    return replace(
        usual,
        statements=tuple(
            replace(one, times_s=tuple(times[_key(one)]), plan=plans[_key(one)])
            for one in usual.statements
        ),
        time_s=sum(one.time_s * one.samples for one in launches) / samples,
        samples=samples,
        launches=len(launches),
    )


def _key(statement: Statement) -> _Key:
    return statement.alias, statement.sql, statement.many, statement.place

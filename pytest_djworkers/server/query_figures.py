"""Makes figures of the queries that a server has counted in sample requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pytest_djworkers.entry.sampling import Sample, SampledQuery
from pytest_djworkers.load.queries import QueryFigures, Statement
from pytest_djworkers.load.query_plan import Plan
from pytest_djworkers.server.statements import without_literals

MOST_STATEMENTS = 50
"""The number of different statements in the figures."""
_DIGITS = 7
"""The decimals of a statement's times, in seconds: more are noise, and make reports long."""


class _Key(NamedTuple):
    """What makes queries one statement."""

    sql: str
    place: str
    alias: str
    many: bool


class _Executions(NamedTuple):
    """The executions of a statement in one sample."""

    times: int = 0
    time_s: float = 0.0
    plan: Plan = ()


def figures_of(samples: Sequence[Sample], roots: Sequence[Path]) -> QueryFigures:
    """Return the figures of samples, in the order in which they were taken; there must be one.

    A place in one of the folders ``roots`` is told relative to the first that contains it.
    """
    counting = _warm(samples)
    largest = max(counting, key=_count)
    executed = {id(one): _executed(one.queries, tuple(roots)) for one in samples}
    # A plan is told once in each process, often in a sample that doesn't count.
    plans = _costliest_plans(executed.values())
    each = [executed[id(one)] for one in counting]
    statements = [
        Statement(
            **key._asdict(),
            count=one.times,
            time_s=one.time_s,
            times_s=tuple(round(of.get(key, _Executions()).time_s, _DIGITS) for of in each),
            plan=plans[key],
        )
        for key, one in executed[id(largest)].items()
    ]
    statements.sort(key=lambda one: (-one.count, -one.time_s))
    return QueryFigures(
        count=_count(largest),
        time_s=sum(one.time_s for of in each for one in of.values()) / len(each),
        duplicates=_duplicates(statements),
        by_alias=_by_alias(largest.queries),
        statements=tuple(statements[:MOST_STATEMENTS]),
        samples=len(counting),
    )


def _warm(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples that are not the first of their process, which fills caches. If all are,
    return all but the very first; or that one, if it is the only one."""
    first_of: dict[int, Sample] = {}
    for sample in samples:
        first_of.setdefault(sample.pid, sample)
    warm = [one for one in samples if first_of[one.pid] is not one]
    return warm or list(samples[1:] or samples)


def _count(sample: Sample) -> int:
    return sum(query.count for query in sample.queries)


def _by_alias(queries: Iterable[SampledQuery]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for query in queries:
        found[query.alias] += query.count
    return dict(found)


def _executed(queries: Iterable[SampledQuery], roots: tuple[Path, ...]) -> dict[_Key, _Executions]:
    """Return the statements that queries come to without their literals."""
    found: dict[_Key, _Executions] = {}
    for query in queries:
        sql = without_literals(query.sql, query.vendor)
        key = _Key(sql, _in_project(query.place, roots), query.alias, query.many)
        times, time_s, plan = found.get(key, _Executions())
        found[key] = _Executions(
            times + query.count, time_s + query.time_s, max(plan, query.plan, key=_cost)
        )
    return found


def _costliest_plans(samples: Iterable[Mapping[_Key, _Executions]]) -> Mapping[_Key, Plan]:
    """Return the plan of each statement: of several, the one that costs most."""
    found: dict[_Key, Plan] = {}
    for executed in samples:
        for key, one in executed.items():
            found[key] = max(found.get(key, ()), one.plan, key=_cost)
    return found


def _cost(plan: Plan) -> float:
    """Return a plan's cost, by which no plan at all comes last."""
    return (plan[0].cost or 0.0) if plan else -1.0


def _duplicates(statements: Iterable[Statement]) -> int:
    """Return the number of executions that repeat a statement, whichever line ran it."""
    found: Counter[tuple[str, str]] = Counter()
    for one in statements:
        found[one.alias, one.sql] += one.count
    return sum(count - 1 for count in found.values())


@lru_cache(maxsize=4096)
def _in_project(place: str, roots: tuple[Path, ...]) -> str:
    """Return a place relative to the first of these folders that contains it."""
    file = Path(place)
    if not file.is_absolute():
        return place
    for root in roots:
        # With links resolved, too: the server may know the folder by another path.
        for inside, folder in ((file, root), (file.resolve(), root.resolve())):
            if inside.is_relative_to(folder):
                return str(inside.relative_to(folder))
    return place

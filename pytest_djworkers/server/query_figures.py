"""Makes figures of the queries that a server has counted in sample requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pytest_djworkers.entry.sampling import Sample, SampledQuery
from pytest_djworkers.load.queries import QueryFigures, Statement
from pytest_djworkers.server.statements import without_literals

MOST_STATEMENTS = 50
"""The number of different statements in the figures."""


def figures_of(samples: Sequence[Sample], roots: Sequence[Path]) -> QueryFigures:
    """Return the figures of samples, in the order in which they were taken; there must be one.

    A place in one of the folders ``roots`` is told relative to the first that contains it.
    """
    counting = _warm(samples)
    largest = max(counting, key=_count)
    statements = _statements(largest.queries, roots)
    times = [sum(query.time_s for query in one.queries) for one in counting]
    return QueryFigures(
        count=_count(largest),
        time_s=sum(times) / len(times),
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


def _statements(queries: Iterable[SampledQuery], roots: Sequence[Path]) -> list[Statement]:
    """Return the statements that queries come to without their literals, most frequent first."""
    found: dict[tuple[str, str, str, bool], tuple[int, float]] = {}
    for query in queries:
        sql = without_literals(query.sql, query.vendor)
        key = sql, _in_project(query.place, roots), query.alias, query.many
        count, time_s = found.get(key, (0, 0.0))
        found[key] = count + query.count, time_s + query.time_s
    statements = [
        Statement(sql, count, time_s, place, alias, many)
        for (sql, place, alias, many), (count, time_s) in found.items()
    ]
    return sorted(statements, key=lambda one: (-one.count, -one.time_s))


def _duplicates(statements: Iterable[Statement]) -> int:
    """Return the number of executions that repeat a statement, whichever line ran it."""
    found: Counter[tuple[str, str]] = Counter()
    for one in statements:
        found[one.alias, one.sql] += one.count
    return sum(count - 1 for count in found.values())


def _in_project(place: str, roots: Iterable[Path]) -> str:
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

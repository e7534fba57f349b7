"""The conditions of a burst: what must be the same for two bursts to be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from pytest_djworkers.baseline.document import Condition
from pytest_djworkers.load.masking import query_hash
from pytest_djworkers.load.result import BurstResult


def conditions_of(result: BurstResult) -> dict[str, Condition]:
    """Return the conditions that a burst was measured under.

    The file is committed, so no secret may be in it: of the query's values there is a hash, of
    the headers the names, of the body the length. A header's value (a session's key) and the
    body may change from run to run, so they are no conditions.
    """
    shape, request = result.profile.shape, result.profile.request
    conditions: dict[str, Condition] = {
        "generator": result.generator.name,
        "request": request.shown,
        **asdict(shape),
    }
    if query := query_hash(request.path):
        conditions["query"] = query
    if request.headers:
        conditions["headers"] = ", ".join(sorted(name.lower() for name, _ in request.headers))
    if request.body:
        conditions["body_bytes"] = len(request.body)
    if request.stream_s:
        conditions["stream_s"] = request.stream_s
    if result.server is not None:
        conditions["backend"] = result.server.backend
        conditions["workers"] = result.server.workers
        conditions.update(result.server.options)
    return conditions


def differing_conditions(
    before: Mapping[str, Condition], now: Mapping[str, Condition]
) -> Iterator[str]:
    """Yield the conditions that differ, in words, sorted by name."""
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            yield f"{key} was {before.get(key)} and is {now.get(key)}"


def first_difference(before: Mapping[str, Condition], now: Mapping[str, Condition]) -> str | None:
    """Return the first condition that differs, in words; None if none does."""
    return next(differing_conditions(before, now), None)

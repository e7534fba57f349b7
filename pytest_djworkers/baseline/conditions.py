"""The conditions of a burst: what must be the same for two bursts to be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_djworkers.baseline.document import Condition
from pytest_djworkers.load.masking import paths_hash, query_hash
from pytest_djworkers.load.profile import Part, Shape
from pytest_djworkers.load.result import BurstResult


def conditions_of(result: BurstResult) -> dict[str, Condition]:
    """Return the conditions that a burst was measured under.

    The file is committed, so no secret may be in it: of the query's values there is a hash, of
    the headers the names, of the body the length. A header's value (a session's key) and the
    body may change from run to run, so they are no conditions.
    """
    profile = result.profile
    conditions: dict[str, Condition] = {
        "generator": result.generator.name,
        "request": "a mix" if profile.is_mix else profile.request.shown,
        **_of_shape(profile.shape),
    }
    if profile.is_mix:
        for part in profile.parts:
            conditions[f"part {part.name}"] = _in_words(part)
    else:
        (part,) = profile.all_parts
        conditions.update(_of_requests(part))
    if result.server is not None:
        conditions["backend"] = result.server.backend
        conditions["workers"] = result.server.workers
        conditions.update(result.server.options)
    return conditions


def _of_shape(shape: Shape) -> dict[str, Condition]:
    """Return the conditions that lie in the shape of the load."""
    conditions: dict[str, Condition] = {
        "connections": shape.connections,
        "duration_s": shape.duration_s,
        "timeout_s": shape.timeout_s,
        "warmup_s": shape.warmup_s,
        "rate": shape.rate,
    }
    # Bursts that were stored before there were think times and stages have no such key.
    if shape.think_s:
        conditions["think_s"] = shape.think_s
    if shape.stages:
        conditions["stages"] = ", ".join(stage.shown for stage in shape.stages)
    return conditions


def _of_requests(part: Part) -> Iterator[tuple[str, Condition]]:
    """Yield the conditions that lie in the requests of a part."""
    first = part.requests[0]
    # Users differ in their sessions, and send the same.
    sent = dict.fromkeys((request.path, request.body) for request in part.requests)
    if len(sent) > 1:
        yield "variants", len(sent)
        yield "order", part.order.value
        yield "paths", paths_hash(path for path, _ in sent)
    elif query := query_hash(first.path):
        yield "query", query
    if first.headers:
        yield "headers", ", ".join(sorted(name.lower() for name, _ in first.headers))
    if sessions := _sessions(part):
        yield "sessions", sessions
    if size := sum(len(body) for _, body in sent):
        yield "body_bytes", size
    if first.websocket:
        yield "websocket", first.websocket
    if first.stream_s:
        yield "stream_s", first.stream_s


def _sessions(part: Part) -> int:
    """Return the number of sessions that the plugin made for the users of a part."""
    requests = (one for one in part.requests if one.as_user)
    return len({value for one in requests for name, value in one.headers if name == "Cookie"})


def _in_words(part: Part) -> str:
    """Return the conditions of a mix's part as one."""
    others = (f"{name} {value}" for name, value in _of_requests(part))
    return ", ".join([f"weight {part.weight:g}", part.requests[0].shown, *others])


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

"""The variants of a request: what ``paths=`` and ``bodies=`` vary from one request to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Order, SentRequest
from pytest_djworkers.request.asked import Request
from pytest_djworkers.request.build import body_bytes, make_draft, target
from pytest_djworkers.request.uploads import MOST_BYTES
from pytest_djworkers.units import format_size, written

MOST_VARIANTS = 100_000
_OTHER_BODIES = ("body", "json", "form", "files")


@dataclass(frozen=True, slots=True)
class Variants:
    """The requests that are sent in place of one, and their order."""

    requests: tuple[SentRequest, ...]
    order: Order
    paths: tuple[str, ...]
    """The paths that were asked for, without what ``query=`` adds."""
    form_type: str = ""
    """The Content-Type of the form that the bodies were made from; empty for other bodies."""


def variants_of(asked: Request) -> Variants:
    """Return the variants of a request; one of a plain one. Raises BurstArgumentError."""
    paths = None if asked.paths is None else _listed("paths", asked.paths)
    bodies = None if asked.bodies is None else _listed("bodies", asked.bodies)
    order = _order(asked, is_needed=paths is not None or bodies is not None)
    if paths is not None and asked.path is not None:
        raise BurstArgumentError("a path and paths= can't be combined")
    if paths is None and asked.path is None:
        raise BurstArgumentError("there is no path: give one, or several with paths=, or mix=")
    if asked.websocket is not None and (paths is not None or bodies is not None):
        raise BurstArgumentError("websocket= is one message, without paths= and bodies=")
    if bodies is not None:
        for name in _OTHER_BODIES:
            if name in asked.given:
                raise BurstArgumentError(f"{name}= and bodies= can't be combined")
    if paths is not None and bodies is not None and len(paths) != len(bodies):
        raise BurstArgumentError(
            f"paths= has {len(paths):,} and bodies= {len(bodies):,}: they are paired, so they must"
            " have the same number"
        )
    first_path = asked.path if paths is None else paths[0]
    first_body = asked.body if bodies is None else bodies[0]
    draft = make_draft(
        first_path,
        asked.method,
        headers=asked.headers,
        body=first_body,
        json=asked.json,
        form=asked.form,
        files=asked.files,
        query=asked.query,
        cookies=asked.cookies,
        expect=asked.expect,
        contains=asked.contains,
        stream=asked.stream,
        websocket=asked.websocket,
    )
    requests: Iterable[SentRequest] = [draft.request]
    if paths is not None:
        requests = [replace(draft.request, path=target(path, asked.query)) for path in paths]
    if bodies is not None:
        each = requests if paths is not None else [draft.request] * len(bodies)
        requests = [
            replace(one, body=body) for one, body in zip(each, _bodies(bodies), strict=True)
        ]
    asked_paths = (first_path,) if paths is None else paths
    return Variants(tuple(requests), order, tuple(map(str, asked_paths)), draft.form_type)


def _listed(argument: str, values: object) -> list[Any]:
    """Return the values as a list; at most ``MOST_VARIANTS`` are taken of an iterable."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise BurstArgumentError(f"{argument}= is {type(values).__name__}, not a list")
    found = list(islice(values, MOST_VARIANTS + 1))
    if not found:
        raise BurstArgumentError(f"{argument}= is empty: it must have at least one")
    if len(found) > MOST_VARIANTS:
        raise BurstArgumentError(
            f"{argument}= has more than {MOST_VARIANTS:,}: all of them are read before the burst."
            " Of a generator without end, take some with itertools.islice"
        )
    return found


def _bodies(values: Iterable[Any]) -> list[bytes]:
    bodies = [body_bytes("bodies", value) for value in values]
    size = sum(map(len, bodies))
    if size > MOST_BYTES:
        raise BurstArgumentError(
            f"bodies= has {format_size(size)}, and a burst holds {format_size(MOST_BYTES)} at most"
        )
    return bodies


def _order(asked: Request, *, is_needed: bool) -> Order:
    if asked.order is None:
        return Order.SEQUENTIAL
    if not is_needed:
        raise BurstArgumentError("order= needs paths= or bodies=, whose order it is")
    if asked.order not in list(Order):
        known = ", ".join(repr(order.value) for order in Order)
        raise BurstArgumentError(f"order={written(asked.order)} must be one of {known}")
    return Order(asked.order)

"""The parts of a burst, from what its call asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Part
from pytest_djworkers.request.asked import Request
from pytest_djworkers.request.login import Login, login_of, with_room_for
from pytest_djworkers.request.name import part_name
from pytest_djworkers.request.variants import variants_of
from pytest_djworkers.users.wanted import GivenUsers, given_users


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """A part, and what is to be added to its requests once the site is prepared."""

    part: Part
    login: Login


def plan_part(
    asked: Request,
    users: GivenUsers | None,
    connections: int,
    *,
    weight: float = 1.0,
    taken: Collection[str] = (),
) -> PlannedPart:
    """Return the part of a burst with so many connections that sends what is asked for.

    ``users`` are those of requests that name none, and ``taken`` the names of others. Raises
    BurstArgumentError.
    """
    variants = variants_of(asked)
    first = variants.requests[0]
    given = given_users(asked.user, asked.users) or users
    wanted = None if given is None else given.wanted(connections)
    name = part_name(asked.name, first.method, variants.paths, taken)
    part = Part(name, variants.requests, weight, variants.order)
    login = login_of(first, wanted, form_type=variants.form_type)
    return PlannedPart(with_room_for(wanted, part), login)


def plan_mix(
    mix: Iterable[tuple[Request, float]], users: GivenUsers | None, connections: int
) -> Sequence[PlannedPart]:
    """Return the parts of a mix. Raises BurstArgumentError, which names the part."""
    planned: dict[str, PlannedPart] = {}
    for number, (asked, weight) in enumerate(mix, 1):
        try:
            one = plan_part(asked, users, connections, weight=weight, taken=planned)
        except BurstArgumentError as error:
            raise BurstArgumentError(f"mix=: part {number}, {asked!r}: {error}") from None
        if one.part.name in planned:
            raise BurstArgumentError(
                f"mix=: two parts are named {one.part.name!r}: tell them apart with"
                " Request(..., name=...)"
            )
        planned[one.part.name] = one
    return tuple(planned.values())

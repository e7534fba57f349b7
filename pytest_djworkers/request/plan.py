"""The plan of a burst, from the arguments of its call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Part, Profile, Shape
from pytest_djworkers.request.asked import Request
from pytest_djworkers.request.mix import weighted_requests
from pytest_djworkers.request.name import burst_name
from pytest_djworkers.request.parts import PlannedPart, plan_mix, plan_part
from pytest_djworkers.units import written
from pytest_djworkers.users.wanted import GivenUsers, given_users


@dataclass(frozen=True, slots=True)
class BurstPlan:
    """The profile of a burst, and its parts as they were planned."""

    profile: Profile
    parts: Sequence[PlannedPart]


def plan_burst(
    asked: Request,
    mix: object,
    *,
    shape: Shape,
    seed: object,
    taken: Collection[str],
    users: GivenUsers | None,
    root: Path,
) -> BurstPlan:
    """Return the plan of a burst of one request, or of a mix. Raises BurstArgumentError.

    ``taken`` are the names of the test's earlier bursts, ``users`` those of its marker, and
    ``root`` is the folder from which a mix's file is found.
    """
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise BurstArgumentError(f"seed={written(seed)} must be a whole number")
    if mix is None:
        parts: Sequence[PlannedPart] = [plan_part(asked, users, shape.connections, taken=taken)]
        name = burst_name(asked.name, parts[0].part.name, taken)
    else:
        _refuse_beside_mix(asked)
        users = given_users(asked.user, asked.users) or users
        parts = plan_mix(weighted_requests(mix, root), users, shape.connections)
        several = f"mix of {len(parts)}" if len(parts) > 1 else parts[0].part.name
        name = burst_name(asked.name, several, taken)
    if len(parts) > 1 and any(one.part.requests[0].websocket for one in parts):
        raise BurstArgumentError(
            "mix=: a WebSocket can't be a part of a mix, since its connections send messages only"
        )
    parts = [replace(one, part=_streams_within(one.part, shape)) for one in parts]
    profile = Profile.of_parts(name, tuple(one.part for one in parts), shape, seed)
    return BurstPlan(profile, parts)


def _streams_within(part: Part, shape: Shape) -> Part:
    """Return a part whose streams are read for the burst's duration at most.

    A flag may have made the burst shorter than the test expects. With longer streams than that,
    begun in the warm-up, no request would begin in the window.
    """
    if part.requests[0].stream_s <= shape.duration_s:
        return part
    requests = (replace(one, stream_s=shape.duration_s) for one in part.requests)
    return replace(part, requests=tuple(requests))


def _refuse_beside_mix(asked: Request) -> None:
    if given := asked.given_beside_mix:
        argument = "a path" if given[0] == "path" else f"{given[0]}="
        raise BurstArgumentError(
            f"{argument} and mix= can't be combined: it belongs into the mix, such as"
            " mix={Request('/search', method='POST'): 1}"
        )

"""The stages of a burst, as a call gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.stages import Stage
from pytest_djworkers.options import BY_NAME
from pytest_djworkers.units import LONGEST_S, parse_rate, parse_whole, written

MOST_STAGES = 100
"""The most stages of a burst: each has figures of its own."""
_RATE = re.compile(r"\s*(?P<number>[0-9.]+)\s*/s\s*")
_FORMS = 'such as [("10s", 100), ("30s", 500)], or at a fixed rate [("10s", "50/s")]'


def parse_stages(value: Any, given: Mapping[str, object]) -> tuple[Stage, ...]:
    """Return the stages that a call gives; none for None.

    ``given`` has the call's other values of the shape. Raises BurstArgumentError for a value that
    can't be used, or one beside it that the stages set themselves.
    """
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise BurstArgumentError(f"stages={written(value)}: must be a list of stages, {_FORMS}")
    if not 1 <= len(value) <= MOST_STAGES:
        raise BurstArgumentError(
            f"stages: {len(value)} stages are not 1 to {MOST_STAGES}: give a list {_FORMS}"
        )
    stages = tuple(_stage(number, one) for number, one in enumerate(value, 1))
    if len({stage.rate is None for stage in stages}) > 1:
        raise BurstArgumentError(
            "stages: some have a number of connections and others a rate: give all of one kind,"
            f" {_FORMS}"
        )
    if sum(stage.duration_s for stage in stages) > LONGEST_S:
        raise BurstArgumentError(f"stages: they last for more than {LONGEST_S / 86_400:g} days")
    _refuse_beside(stages, given)
    return stages


def values_of_stages(stages: tuple[Stage, ...]) -> dict[str, float | None]:
    """Return what stages say of a burst's shape, by the names of the options."""
    if not stages:
        return {}
    connections = [stage.connections for stage in stages if stage.connections is not None]
    rates = [stage.rate for stage in stages if stage.rate is not None]
    return {
        "duration": sum(stage.duration_s for stage in stages),
        "rate": max(rates, default=None),
        **({"connections": max(connections)} if connections else {}),
    }


def with_stages(shape: Shape, stages: tuple[Stage, ...]) -> Shape:
    """Return a shape with stages, each of them changed as flags have changed the whole.

    With ``--djworkers-duration``, all become shorter or longer in proportion, and with
    ``--djworkers-connections`` or ``--djworkers-rate`` their loads. Raises BurstArgumentError if
    there is a rate beside stages of connections.
    """
    if not stages:
        return shape
    own = values_of_stages(stages)
    if own["rate"] is None and shape.rate is not None:
        raise BurstArgumentError(
            f"stages of connections are a closed loop, which {BY_NAME['rate'].flag} can't shape:"
            ' leave the flag out, or give stages of rates, such as ("10s", "50/s")'
        )
    longer = shape.duration_s / (own["duration"] or 1.0)
    more = shape.connections / (own.get("connections") or shape.connections)
    faster = (shape.rate or 1.0) / (own["rate"] or shape.rate or 1.0)
    changed = tuple(
        Stage(
            stage.duration_s * longer,
            None if stage.connections is None else max(1, round(stage.connections * more)),
            None if stage.rate is None else stage.rate * faster,
        )
        for stage in stages
    )
    return replace(shape, stages=changed)


def _stage(number: int, value: Any) -> Stage:
    """Return the stage that a pair of a duration and a load is."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise BurstArgumentError(
            f"stages: stage {number}, {written(value)}, must be a duration and a load, {_FORMS}"
        )
    duration, load = value
    try:
        duration_s = BY_NAME["duration"].parse(duration)
        if isinstance(load, str) and (match := _RATE.fullmatch(load)):
            return Stage(duration_s, rate=parse_rate(match["number"]))
        return Stage(duration_s, connections=_connections(load))
    except ValueError as error:
        raise BurstArgumentError(f"stages: stage {number}: {error}") from None


def _connections(load: object) -> int:
    # "500" might be meant as a rate.
    if isinstance(load, str):
        raise ValueError(f"{written(load)} is neither a number of connections nor a rate, {_FORMS}")
    return parse_whole(load)


def _refuse_beside(stages: tuple[Stage, ...], given: Mapping[str, object]) -> None:
    what = "of connections" if stages[0].rate is None else "of rates"
    for name in values_of_stages(stages):
        if name in given:
            raise BurstArgumentError(
                f"{name}= can't be given beside stages {what}, which decide it: leave it out"
            )

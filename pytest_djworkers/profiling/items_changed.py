"""The items whose time differs between the arms, by more than launches differ by chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pytest_djworkers.profiling.differences import (
    FALSE_DISCOVERIES,
    Difference,
    Launches,
    discoveries,
)
from pytest_djworkers.profiling.launch_stacks import TimedStack

LEAST_SHARE = 0.01
"""The share of all time that an item must have in one of the arms to be looked at."""
LEAST_CHANGE = 0.02
"""The least change that is named, as a share of base's time."""
_Key = TypeVar("_Key", bound=Hashable)
LaunchTimes = Sequence[Sequence[TimedStack]]
"""The stacks of each launch of an arm."""


@dataclass(frozen=True, slots=True)
class ArmTimes:
    """The stacks of both arms' launches, of which there are two or more."""

    base: LaunchTimes
    head: LaunchTimes
    share: float = FALSE_DISCOVERIES
    """The share of differences by chance among those that are called certain."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The difference of an item."""

    difference: Difference
    is_certain: bool
    """True if it is not by chance, and large enough to be named."""


def times_by(
    launches: LaunchTimes, keys_of: Callable[[TimedStack], Iterable[_Key]]
) -> dict[_Key, list[float]]:
    """Return the time of each key in each launch, in seconds; each key counts once per stack."""
    found: dict[_Key, list[float]] = defaultdict(lambda: [0.0] * len(launches))
    for number, stacks in enumerate(launches):
        for stack in stacks:
            for key in set(keys_of(stack)):
                found[key][number] += stack.time_s
    return dict(found)


def changed_items(
    arms: ArmTimes, keys_of: Callable[[TimedStack], Iterable[_Key]]
) -> Mapping[_Key, Changed]:
    """Return the difference of each key that has some time."""
    times = times_by(arms.base, keys_of), times_by(arms.head, keys_of)
    samples_s = _sample_s(arms.base), _sample_s(arms.head)
    none = [0.0] * len(arms.base)
    whole_s = _mean_sum(arms.base)
    least_s = LEAST_SHARE * max(whole_s, _mean_sum(arms.head))
    differences = {}
    # In the order in which they were found, so that the same data give the same result.
    for key in {**times[0], **times[1]}:
        launches = Launches(times[0].get(key, none), times[1].get(key, none), *samples_s)
        difference = launches.difference()
        if max(difference.base_s, difference.head_s) >= least_s:
            differences[key] = difference
    chances = {key: one.chance for key, one in differences.items()}
    certain = discoveries(chances, arms.share)
    return {
        key: Changed(one, key in certain and abs(one.change_s) >= LEAST_CHANGE * whole_s)
        for key, one in differences.items()
    }


def whole_difference(arms: ArmTimes) -> Difference:
    """Return the difference of all time together."""
    of_base, of_head = ([_sum(stacks) for stacks in arm] for arm in (arms.base, arms.head))
    return Launches(of_base, of_head, _sample_s(arms.base), _sample_s(arms.head)).difference()


def _mean_sum(launches: LaunchTimes) -> float:
    return sum(map(_sum, launches)) / len(launches)


def _sum(stacks: Iterable[TimedStack]) -> float:
    return sum((one.time_s for one in stacks), 0.0)


def _sample_s(launches: LaunchTimes) -> float:
    """Return the time that one sample of a launch stands for, on average."""
    listed = [one for stacks in launches for one in stacks]
    samples = sum(one.samples for one in listed)
    return sum(one.time_s for one in listed) / samples if samples else 0.0

"""The order in which an agent sends a burst's requests."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from math import gcd
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.connection import Connection
from pytest_djworkers.load.profile import Order, Part, Profile, SentRequest, Shape
from pytest_djworkers.load.rate import Share
from pytest_djworkers.load.schedule import Schedule, turns

PATHS = tuple(SentRequest(f"/{number}") for number in range(4))


def taken(weights: list[float], number: int) -> Counter[int]:
    """The number of times that each part is among the first requests."""
    return Counter(islice(turns(weights, Random(1)), number))


@pytest.mark.parametrize(
    ("weights", "cycle", "counts"),
    [
        ([6, 3, 1], 10, [6, 3, 1]),
        ([60, 30, 10], 10, [6, 3, 1]),
        ([0.6, 0.3, 0.1], 10, [6, 3, 1]),
        ([0.1, 0.2], 3, [1, 2]),
        ([1.5, 1], 5, [3, 2]),
        ([7], 1, [1]),
    ],
)
def test_each_cycle_has_the_exact_shares(
    weights: list[float], cycle: int, counts: list[int]
) -> None:
    for cycles in (1, 2, 5):
        found = taken(weights, cycles * cycle)
        assert [found[number] for number in range(len(weights))] == [n * cycles for n in counts]


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=6), st.integers(1, 4))
def test_any_weights_have_their_shares_to_within_a_cycle_or_a_request(
    weights: list[int], cycles: int
) -> None:
    number, total = 1000 * cycles, sum(weights)
    found = taken([float(weight) for weight in weights], number)
    cycle = total // gcd(*weights)
    most = cycle if cycle <= 1000 else len(weights)
    for part, weight in enumerate(weights):
        assert abs(found[part] - number * weight / total) <= most


def test_a_rare_part_comes_up_in_the_end() -> None:
    assert taken([1_000_000, 1], 1_000_001) == {0: 1_000_000, 1: 1}


def test_cycles_are_shuffled_and_repeatable() -> None:
    first, again = (list(islice(turns([1, 1], Random(1)), 200)) for _ in range(2))
    assert first == again
    # In lockstep, one of two connections would always get the same part.
    assert len({tuple(first[index : index + 2]) for index in range(0, 200, 2)}) == 2


def sent(part: Part, number: int, *, share: Share = Share(), seed: int = 0) -> list[str]:  # noqa: B008  # frozen
    """The paths of the first requests that connections 0 and 1 send in turn."""
    profile = Profile.of_parts("burst", (part,), Shape(), seed)
    schedule = Schedule(profile, share, "host")
    connections = [Connection(number, schedule.first) for number in (0, 1)]
    paths = []
    for index in range(number):
        connection = connections[index % 2]
        schedule.assign(connection)
        paths.append(bytes(connection.payload).split()[1].decode())
    return paths


def test_variants_are_sent_one_after_the_other_from_another_one_for_each_agent() -> None:
    part = Part("paths", PATHS)
    assert sent(part, 6) == ["/0", "/1", "/2", "/3", "/0", "/1"]
    assert sent(part, 5, share=Share(1, 2)) == ["/2", "/3", "/0", "/1", "/2"]


def test_a_connection_keeps_its_variant() -> None:
    part = Part("paths", PATHS, order=Order.CONNECTION)
    assert sent(part, 6) == ["/0", "/1"] * 3


def test_random_variants_are_repeatable_by_seed_and_differ_between_agents() -> None:
    part = Part("paths", PATHS, order=Order.RANDOM)
    drawn = sent(part, 400)
    assert drawn == sent(part, 400)
    assert drawn != sent(part, 400, seed=1)
    assert drawn != sent(part, 400, share=Share(1, 2))
    assert min(Counter(drawn).values()) > 50


def test_a_plain_burst_has_nothing_to_choose() -> None:
    schedule = Schedule(Profile("burst", PATHS[0]), Share(), "host")
    connection = Connection(0, schedule.first)
    assert schedule.is_plain
    before = connection.payload
    schedule.assign(connection)
    assert connection.payload is before

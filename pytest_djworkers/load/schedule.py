"""The order in which an agent sends the requests of a burst."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import repeat
from math import gcd, lcm
from random import Random

from pytest_djworkers.load.connection import Connection
from pytest_djworkers.load.live_part import LivePart
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.rate import Share
from pytest_djworkers.load.route import PLAIN, Route
from pytest_djworkers.load.tally import Tally

_LONGEST_CYCLE = 1000
"""The most requests after which the parts have had exactly their shares. Weights that would need
more have them to within one request."""


class Schedule:
    """Gives each request that begins the next part, and its next variant.

    All connections of an agent take from one sequence. So the parts keep their shares of the
    requests, however slow one of them is: with a sequence for each connection, those that meet the
    slow part would send fewer requests, and among them fewer of it. The sequence is the same in
    each run with the same seed and number of agents.
    """

    def __init__(self, profile: Profile, share: Share, host: str, route: Route = PLAIN) -> None:
        self.parts = tuple(
            LivePart(part, host, route, share, _random(profile, share, f"variants of {number}"))
            for number, part in enumerate(profile.all_parts)
        )
        weights = [part.weight for part in profile.all_parts]
        numbers = turns(weights, _random(profile, share, "parts")) if profile.is_mix else repeat(0)
        # A chain of calls in C: it is called for each request.
        self.next_part = map(self.parts.__getitem__, numbers).__next__
        """Takes the next part of the sequence, and returns it."""
        self.is_plain = len(self.parts) == 1 and self.parts[0].only_payload is not None
        """True if all requests are the same."""

    @property
    def first(self) -> LivePart:
        """The first part; of a plain burst, the only one."""
        return self.parts[0]

    def count_in(self, tally: Tally) -> None:
        """Count what ends from now on in this tally."""
        for part, counted in zip(self.parts, tally.parts, strict=True):
            part.tally = counted

    def assign(self, connection: Connection) -> None:
        """Have the connection send the next request of the sequence."""
        if self.is_plain:
            return
        part = self.next_part()
        if part.reading != connection.part.reading:
            connection.reader.release()
            connection.reader = part.make_reader(connection.number)
        connection.part = part
        payload = part.only_payload
        connection.payload = part.pick(connection.number) if payload is None else payload


def turns(weights: Sequence[float], random: Random) -> Iterator[int]:
    """Yield the numbers of parts without end, each as often as its weight says.

    They come in shuffled cycles, each of which has the exact shares if it can be short enough.
    """
    whole = _whole(weights)
    for counts in _cycles(whole):  # pragma: no branch  # they have no end
        cycle = [number for number, count in enumerate(counts) for _ in range(count)]
        random.shuffle(cycle)
        yield from cycle


def _cycles(weights: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield how often each part comes in a cycle, cycle by cycle."""
    total = sum(weights)
    if total <= _LONGEST_CYCLE:
        yield from repeat(weights)
    numbers = range(len(weights))
    # In units of 1 / total of a request, so that nothing is rounded.
    credit = [0] * len(weights)
    while True:
        credit = [
            one + weight * _LONGEST_CYCLE for one, weight in zip(credit, weights, strict=True)
        ]
        counts = [one // total for one in credit]
        # The requests that are left of the cycle go to those that are closest to their next one.
        closest = sorted(numbers, key=lambda number: credit[number] % total, reverse=True)
        for number in closest[: _LONGEST_CYCLE - sum(counts)]:
            counts[number] += 1
        credit = [one - count * total for one, count in zip(credit, counts, strict=True)]
        yield counts


def _whole(weights: Sequence[float]) -> list[int]:
    """Return whole numbers with the ratios of these weights, as small as they can be."""
    # As they are written: 0.1 is a tenth, and not the fraction next to it that a float holds.
    fractions = [Fraction(str(weight)) for weight in weights]
    unit = Fraction(1, lcm(*(one.denominator for one in fractions)))
    whole = [int(one / unit) for one in fractions]
    divisor = gcd(*whole)
    return [one // divisor for one in whole]


def _random(profile: Profile, share: Share, purpose: str) -> Random:
    # A seed that is text gives the same numbers on every machine and in every process.
    return Random(f"{profile.seed} {share.index} {purpose}")  # noqa: S311  # no secrets

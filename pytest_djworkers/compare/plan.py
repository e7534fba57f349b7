"""What a block draws: the order of its launches and windows, who gets which port."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_HASH_SEEDS = 2**32


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """One block: arms and ports are 0 and 1, base being arm 0."""

    number: int
    launched_first: int
    fired_at_first: int
    """The arm with the first window of the first round; the order alternates from there."""
    ports: tuple[int, int]
    """Each arm's port, swapped from one block to the next."""
    hash_seed: int
    """PYTHONHASHSEED, the same for both arms."""
    number_of_rounds: int

    @property
    def launches(self) -> tuple[int, int]:
        """The arms in the order of their launches."""
        return (self.launched_first, 1 - self.launched_first)

    def rounds(self) -> Iterator[tuple[int, int]]:
        """The arms of each round in the order of their windows."""
        first = self.fired_at_first
        for _ in range(self.number_of_rounds):
            yield first, 1 - first
            first = 1 - first


def plan_block(seed: int, number: int, *, rounds: int) -> BlockPlan:
    """The plan of a block: drawn anew for each, and the same for the same seed."""
    draw = Random(f"{seed} {number}")  # noqa: S311  # to be repeated, not to be secret
    own = number % 2
    return BlockPlan(
        number,
        launched_first=draw.randrange(2),
        fired_at_first=draw.randrange(2),
        ports=(own, 1 - own),
        hash_seed=draw.randrange(_HASH_SEEDS),
        number_of_rounds=rounds,
    )

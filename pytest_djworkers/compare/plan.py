"""The plan of a block: the order of launches and windows, and the ports, drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_HASH_SEEDS = 2**32


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """The plan of one block. Arms and ports are numbered 0 and 1; base is arm 0."""

    number: int
    launched_first: int
    fired_at_first: int
    """The arm with the first window of the first round."""
    ports: tuple[int, int]
    """The port of each arm."""
    hash_seed: int
    """``PYTHONHASHSEED`` of both arms. It decides the order of sets, which can change speed, so it
    differs between blocks and not between arms."""

    @property
    def launches(self) -> tuple[int, int]:
        """The arms in the order of their launches."""
        return (self.launched_first, 1 - self.launched_first)

    def rounds(self, number: int) -> Iterator[tuple[int, int]]:
        """Yield the arms of each of so many rounds, in the order of their windows."""
        # A fixed order is unfair to the second: in simulations it gave 18 % false alarms where
        # alternating order gave 2 %, under a drift of speed.
        first = self.fired_at_first
        for _ in range(number):
            yield first, 1 - first
            first = 1 - first


def plan_block(seed: int, number: int) -> BlockPlan:
    """Return the plan of a block. It is drawn anew for each block, and the same for one seed."""
    # One generator for each block, so that the plan of a block depends on nothing before it.
    draw = Random(f"{seed} {number}")  # noqa: S311  # to be repeated, not to be secret
    # Swapped from block to block, so that nothing that depends on the port favours an arm: the
    # kernel spreads connections over workers by a hash of it (SO_REUSEPORT).
    base_port = number % 2
    return BlockPlan(
        number,
        launched_first=draw.randrange(2),
        fired_at_first=draw.randrange(2),
        ports=(base_port, 1 - base_port),
        hash_seed=draw.randrange(_HASH_SEEDS),
    )

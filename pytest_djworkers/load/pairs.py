"""Pairs of whole numbers in 16 bytes each, for histograms of which there may be hundreds."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    Numbers = array[int]
else:
    # An array takes no parameter at run time before Python 3.12.
    Numbers = array


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of whole numbers, such as values and their counts, in the order given.

    A list of tuples takes 144 bytes for each, and the garbage collector goes through all of them.
    """

    flat: Numbers
    """The numbers of the first pair, those of the second, and so on."""

    def __post_init__(self) -> None:
        """Raise ValueError if the last pair has only one number."""
        if len(self.flat) % 2:
            raise ValueError("must have two numbers for each pair")

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Self:
        """Return these pairs."""
        return cls(array("q", chain.from_iterable(pairs)))

    @classmethod
    def empty(cls) -> Self:
        """Return no pairs."""
        return cls(array("q"))

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Return the pairs one by one."""
        numbers = iter(self.flat)
        return zip(numbers, numbers, strict=True)

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.flat) // 2

"""Compares what the arms respond: an arm that sends less may be faster without being better."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_djworkers.units import format_size

MOST_DIFFERENCE = 0.1
"""The largest difference between the mean lengths of the arms' bodies, as a share of the longer."""


@dataclass(frozen=True, slots=True)
class Responses:
    """The responses of one arm."""

    statuses: Mapping[int, int]
    """The number of complete responses by status."""
    content_type: str
    """That of the response to the probe; empty if it has none."""
    sizes: Mapping[int, int]
    """The number of expected responses by the length of their bodies in bytes."""

    @property
    def status(self) -> int | None:
        """The most frequent status; None without responses."""
        return max(self.statuses, key=self.statuses.__getitem__, default=None)

    @property
    def body_bytes(self) -> float | None:
        """The mean length of the bodies, in bytes; None if it is not known."""
        number = sum(self.sizes.values())
        total = sum(size * count for size, count in self.sizes.items())
        return total / number if number else None

    @classmethod
    def sum(cls, of: list[Responses]) -> Responses:
        """Return the responses of all launches of an arm; there must be one."""
        statuses: Counter[int] = Counter()
        sizes: Counter[int] = Counter()
        for one in of:
            statuses.update(one.statuses)
            sizes.update(one.sizes)
        return cls(statuses, of[0].content_type, sizes)


def describe_difference(base: Responses, head: Responses) -> str:
    """Return how head's responses differ from base's, in words; empty if they are alike."""
    parts = []
    if base.status and head.status and base.status != head.status:
        parts.append(f"status {base.status} against {head.status}")
    if _media_type(base) != _media_type(head):
        parts.append(f"{_media_type(base) or 'no type'} against {_media_type(head) or 'no type'}")
    if lengths_differ(base.body_bytes, head.body_bytes):
        parts.append(f"{_size(base.body_bytes)} against {_size(head.body_bytes)}")
    return f"responses differ: {', '.join(parts)}" if parts else ""


def _media_type(responses: Responses) -> str:
    # Parameters, such as a charset or a boundary, are no other kind of content.
    return responses.content_type.partition(";")[0].strip().lower()


def lengths_differ(base: float | None, head: float | None) -> bool:
    """Return True if two mean lengths of bodies differ by so much that the work is not the same."""
    # Without an expected response, errors say what there is to say.
    if base is None or head is None:
        return False
    return abs(base - head) > MOST_DIFFERENCE * max(base, head)


def _size(size: float | None) -> str:
    return format_size(size or 0.0)

"""The figures of a burst that are compared with stored ones, and what is known beside them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a burst that are compared; the shares are fractions of all requests."""

    rps: float
    error_share: float
    timeout_share: float = 0.0
    p95_s: float | None = None
    cpu_per_request_s: float | None = None
    """Like the 95th percentile, None if it is not known."""
    cpu_doubt: str = ""
    """The reason why the CPU time is known and not reliable, in words; empty if it is."""

    @property
    def good_share(self) -> float:
        """The fraction of all requests that got an expected response in time."""
        return max(0.0, 1 - self.error_share - self.timeout_share)


@dataclass(frozen=True, slots=True)
class Doubts:
    """The reasons to read a burst's figures with care, in words."""

    overstated: tuple[str, ...] = ()
    """The reasons why it may be worse than its figures: a loss is real, and nothing is ``ok``."""
    understated: tuple[str, ...] = ()
    """The reasons why the server may be faster than the figures: a loss may be none."""
    faults: tuple[str, ...] = ()
    """The fault of the burst that no stored burst has: a regression by itself."""

    @property
    def all(self) -> tuple[str, ...]:
        """All reasons."""
        return (*self.faults, *self.understated, *self.overstated)


NO_DOUBTS = Doubts()

"""The time that each part of a block takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from statistics import fmean
from typing import Self

from pytest_djworkers.system.clock import CLOCK


@dataclass(frozen=True, slots=True)
class BlockParts:
    """The seconds that the parts of a block took, one after the other; together, the block."""

    data_s: float = 0.0
    """Copying the databases and files of both arms, while the agents and one server start."""
    launch_s: float = 0.0
    """The rest of launching both servers, until both have responded and connections are open."""
    warm_up_s: float = 0.0
    """Warming both arms up; in the first block, also measuring base for the size of windows."""
    windows_s: float = 0.0
    """Windows being open."""
    drain_s: float = 0.0
    """Waiting for what was in flight when windows closed, and reading clocks and CPU times."""
    stop_s: float = 0.0
    """Stopping both servers."""

    @property
    def all_s(self) -> float:
        """All parts together, in seconds."""
        return sum(float(getattr(self, field.name)) for field in fields(self))

    @classmethod
    def mean(cls, of: Sequence[Self]) -> Self:
        """Return the means of the parts of blocks; there must be one."""
        return cls(*(fmean(getattr(one, field.name) for one in of) for field in fields(cls)))


class PartsWatch:
    """A stopwatch for the parts of a block."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = {}

    @contextmanager
    def timing(self, part: str) -> Iterator[None]:
        """Add the time for which it is entered to this part, a field of BlockParts."""
        began_s = CLOCK.monotonic()
        try:
            yield
        finally:
            spent_s = CLOCK.monotonic() - began_s
            self._spent[part] = self._spent.get(part, 0.0) + spent_s

    def parts(self, *, open_s: float) -> BlockParts:
        """Return the parts. Of ``windows_s``, all but ``open_s`` was draining."""
        spent = {**self._spent}
        rounds_s = spent.pop("windows_s", 0.0)
        return BlockParts(**spent, windows_s=open_s, drain_s=max(0.0, rounds_s - open_s))

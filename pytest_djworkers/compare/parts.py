"""The time that each part of a block takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import fmean
from typing import Self


@dataclass(frozen=True, slots=True)
class BlockParts:
    """The seconds that the parts of a block took, one after the other; together, the block."""

    data_s: float = 0.0
    """Copying the databases and files of both arms."""
    launch_s: float = 0.0
    """Launching both servers, until both have responded."""
    warm_up_s: float = 0.0
    """Warming both arms up; in the first block, also measuring base for the size of windows."""
    windows_s: float = 0.0
    """Windows being open."""
    drain_s: float = 0.0
    """Waiting for what was in flight when windows closed."""
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

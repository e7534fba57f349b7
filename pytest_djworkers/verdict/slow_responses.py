"""Responses that take many times as long as usual: a tail that got worse is a regression.

Requests/s can miss it. While some requests of a window wait for seconds, a server whose CPUs are
busy serves as many others instead, and the window closes before they are missed.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.units import format_share
from pytest_djworkers.verdict.errors_first import BLOCKS_WITH_ERRORS
from pytest_djworkers.verdict.estimate import mean_of
from pytest_djworkers.verdict.rounds import Round, Window, blocks_of, counted_rounds

USUAL_TIMES = 5.0
"""A response is slow if it takes longer than this many times the usual latency of base's view."""
LEAST_MORE_SLOW = 0.005
"""More slow responses than twice those of base by this share of all requests are a regression."""
_TIMES_BASE = 2.0
_LEAST_BLOCKS = 4


def may_have_more_slow(rounds: Sequence[Round], *, in_blocks: int = BLOCKS_WITH_ERRORS) -> bool:
    """Return True if head seems to have more slow responses than base, though it may be chance.

    That many blocks must show it: in one, they may be a stall of the machine.
    """
    excesses = _excesses(rounds)
    mean = mean_of([[excess] for excess in excesses])
    blocks = sum(excess > LEAST_MORE_SLOW for excess in excesses)
    return mean is not None and mean.value > LEAST_MORE_SLOW and blocks >= in_blocks


def more_slow(rounds: Sequence[Round], level: float) -> str | None:
    """Return how head has more slow responses than base, in words; None if that isn't certain.

    ``level`` is that of the interval over blocks. A stall of the machine makes responses slow, too,
    so unlike errors they must be seen in blocks that agree.
    """
    mean = mean_of([[excess] for excess in _excesses(rounds)])
    if mean is None or mean.blocks < _LEAST_BLOCKS or mean.value <= LEAST_MORE_SLOW:
        return None
    if mean.interval(level)[0] <= 0:
        return None
    counted = counted_rounds(rounds)
    base, head = _share([one.base for one in counted]), _share([one.head for one in counted])
    return (
        f"slow responses {format_share(head)} against {format_share(base)} (longer than"
        f" {USUAL_TIMES:g} times base's usual latency)"
    )


def _excesses(rounds: Sequence[Round]) -> list[float]:
    """Return by how much head's share of slow responses is above twice base's, for each block."""
    # Under some servers a part of the responses is always slow, and that part is never quite the
    # same.
    blocks = blocks_of(counted_rounds(rounds))
    return [
        _share([one.head for one in block]) - _TIMES_BASE * _share([one.base for one in block])
        for block in blocks
    ]


def _share(windows: Sequence[Window]) -> float:
    judged = sum(window.judged for window in windows)
    return sum(window.slow for window in windows) / judged if judged else 0.0

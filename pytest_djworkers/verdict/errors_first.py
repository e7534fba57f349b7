"""Errors, timeouts and lost workers are judged before any comparison of speed.

Errors and timeouts are judged by their shares alone. A server that refuses quickly is fast: no
speed makes up for errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pytest_djworkers.units import format_share
from pytest_djworkers.verdict.rounds import Round, Window, counted_rounds

BLOCKS_WITH_ERRORS = 2
"""The smallest number of blocks with errors that counts: in one, they may be an accident."""


def more_errors(rounds: Sequence[Round], allowed: float) -> str | None:
    """Return how head has more errors or timeouts than base, in words; None if it has not.

    They must be in two blocks or more, and their share in all rounds above that of base by more
    than ``allowed``, a fraction. Discarded rounds don't count.
    """
    counted = counted_rounds(rounds)
    found = (
        _more("errors", counted, lambda window: window.errors, allowed),
        _more("timeouts", counted, lambda window: window.timeouts, allowed),
    )
    return "; ".join(filter(None, found)) or None


def more_lost_workers(rounds: Sequence[Round]) -> str | None:
    """Return that head lost workers and base none, in words; None if it is not so.

    They must have ended in two blocks or more. Those that only base loses are no regression.
    """
    head = {each.block for each in rounds if each.head.lost_worker}
    if len(head) < BLOCKS_WITH_ERRORS or any(each.base.lost_worker for each in rounds):
        return None
    blocks = len({each.block for each in rounds})
    return f"workers of head ended in {len(head)} of {blocks} blocks, and none of base did"


def error_shares(rounds: Sequence[Round]) -> tuple[float, float]:
    """Return the shares of errors of base and of head, in the rounds that count."""
    return _shares(counted_rounds(rounds), lambda window: window.errors)


def _more(
    name: str, rounds: Sequence[Round], count: Callable[[Window], int], allowed: float
) -> str | None:
    base, head = _shares(rounds, count)
    # Only head's: an error that only base has is no regression.
    affected = sum(1 for each in rounds if count(each.head))
    blocks = {each.block for each in rounds if count(each.head)}
    if len(blocks) < BLOCKS_WITH_ERRORS or head <= base + allowed:
        return None
    return (
        f"{name} {format_share(head)} against {format_share(base)}, in {affected} of"
        f" {len(rounds)} rounds"
    )


def _shares(rounds: Sequence[Round], count: Callable[[Window], int]) -> tuple[float, float]:
    return (
        _share([each.base for each in rounds], count),
        _share([each.head for each in rounds], count),
    )


def _share(windows: Sequence[Window], count: Callable[[Window], int]) -> float:
    """Return the share over all windows: a window with few requests weighs little."""
    judged = sum(window.judged for window in windows)
    return sum(map(count, windows)) / judged if judged else 0.0

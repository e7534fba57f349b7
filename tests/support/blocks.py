"""Rounds made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_djworkers.verdict.rounds import Metric, Round, Window

BASE = 4000.0
"""Requests/s of base."""
JUDGED = 1000
STEADY = (0.97, 0.98, 0.99, 1.01, 1.02, 1.03)
"""The ratios of a block's rounds on a calm machine."""


def window(ratio: float = 1.0, *, errors: int = 0, timeouts: int = 0, base: float = BASE) -> Window:
    """A window in which everything takes 1/ratio of the time."""
    return Window(
        responses=round(base * 10 * ratio),
        window_s=10.0,
        errors=errors,
        timeouts=timeouts,
        judged=JUDGED,
        p95_s=0.2 / ratio,
        cpu_per_request_s=0.001 / ratio,
    )


def block(
    number: int, ratios: Iterable[float] = STEADY, *, times: float = 1.0, base: float = BASE
) -> list[Round]:
    """A block with these ratios of head to base, all of them times the same."""
    return [Round(window(base=base), window(x * times, base=base), number) for x in ratios]


def blocks(losses: Sequence[float], *, base: float = BASE) -> list[Round]:
    """Calm blocks, each with a loss of its own."""
    return [
        one
        for number, loss in enumerate(losses)
        for one in block(number, times=1 - loss, base=base)
    ]


SPEEDS = (Metric.RPS, Metric.P95, Metric.CPU_PER_REQUEST)

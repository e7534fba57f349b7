"""Workers that idle under load are seen by their CPU times."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_djworkers.compare.balance import idle_workers


@pytest.mark.parametrize(
    ("cpu_s", "idle"),
    [
        ((0.5, 0.5), 0),
        ((0.5, 0.06), 0),
        ((0.5, 0.0), 1),
        ((0.5, 0.04), 1),
        ((0.9, 0.0, 0.01, 0.8), 2),
        # Too little to tell: a view that waits.
        ((0.01, 0.0), 0),
        ((5.0,), 0),
        ((), 0),
    ],
)
def test_workers_without_connections_are_counted(cpu_s: Sequence[float], idle: int) -> None:
    assert idle_workers(cpu_s) == idle

"""The size of windows for views of any speed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.compare.window_size import ViewSpeed, WindowSize, is_faster, window_size

TIMEOUT_S = 2.0


def size_of(
    rate: float,
    *,
    connections: int = 8,
    cpu_share: float | None = 1.0,
    shortest_s: float = 0.0,
    workers: int | None = 2,
) -> WindowSize:
    """Return the size for a view at two workers."""
    view = ViewSpeed(connections, rate, cpu_share, shortest_s)
    return window_size(view, timeout_s=TIMEOUT_S, workers=workers)


@pytest.mark.parametrize(
    ("rate", "connections", "responses", "rounds"),
    [(5000, 64, 100, 6), (320, 16, 57, 6), (75, 8, 28, 6), (10, 4, 16, 2), (2, 4, 16, 1)],
)
def test_a_slower_view_gets_fewer_responses_and_rounds(
    rate: float, connections: int, responses: int, rounds: int
) -> None:
    size = size_of(rate)
    assert (size.connections, size.responses) == (connections, responses)
    assert size.rounds_per_block == rounds
    assert not size.waits


def test_a_window_of_a_view_that_waits_is_a_whole_wave() -> None:
    size = size_of(32 / 3, connections=32, cpu_share=0.01, shortest_s=3.0)
    assert (size.connections, size.responses, size.waits) == (32, 32, True)
    assert size.early_close.one_wave
    assert size.longest_s == 12
    assert size.drain_s == pytest.approx(TIMEOUT_S + 12)


@pytest.mark.parametrize(
    ("rate", "connections", "shortest_s"),
    [
        (32 / 0.2, 32, 0.2),  # short waves: several in a window
        (4 / 3, 4, 3.0),  # the fewest responses are four waves
    ],
)
def test_windows_of_several_waves_do_not_end_with_the_first(
    rate: float, connections: int, shortest_s: float
) -> None:
    size = size_of(rate, connections=connections, cpu_share=0.01, shortest_s=shortest_s)
    assert size.waits
    assert not size.early_close.one_wave


def test_a_view_that_waits_one_request_at_a_time_is_not_served_together() -> None:
    # Two workers that each serve one request of 3 s at a time.
    alone = ViewSpeed(8, 2 / 3, 0.01, 3.0)
    assert alone.waits
    assert not alone.is_served_together
    assert window_size(alone, timeout_s=TIMEOUT_S, workers=2).connections == 4
    assert ViewSpeed(8, 8 / 3, 0.01, 3.0).is_served_together


def test_the_users_number_of_connections_stays() -> None:
    assert size_of(2, connections=50, workers=None).connections == 50


def test_more_connections_are_kept_if_the_rate_doubles() -> None:
    few = ViewSpeed(8, 10, 0.1, 0.8)
    assert is_faster(few, ViewSpeed(32, 20, 0.2, 0.8))
    assert not is_faster(few, ViewSpeed(32, 19, 0.2, 0.8))


@given(st.floats(0.4, 1e5), st.integers(1, 64), st.floats(0, 1), st.floats(0, 30))
def test_every_size_is_within_its_bounds(
    rate: float, connections: int, cpu_share: float, shortest_s: float
) -> None:
    size = size_of(rate, connections=connections, cpu_share=cpu_share, shortest_s=shortest_s)
    assert 16 <= size.responses <= 100
    assert 1 <= size.rounds_per_block <= 6
    assert 1 <= size.connections <= max(connections, 2 * 32)
    assert 2 <= size.longest_s <= 30
    assert size.drain_s > TIMEOUT_S
    assert size.early_close.responses == size.responses
    # One wave has as many responses as it sends requests.
    assert not size.one_wave or size.responses == size.connections

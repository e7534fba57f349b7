"""The time for which a burst reads each response."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.load.profile import Shape
from pytest_djworkers.request.asked import Request
from pytest_djworkers.request.plan import plan_burst


@pytest.mark.parametrize(("asked", "read"), [("5s", 5), ("20s", 10), (10, 10), (None, 0)])
def test_a_stream_is_read_for_no_longer_than_the_burst(asked: object, read: float) -> None:
    """A flag may have made the burst shorter than the test expects."""
    given = Request("/events", stream=asked)
    plain = plan_burst(
        given, None, shape=Shape(duration_s=10), seed=0, taken=(), users=None, root=Path()
    )
    mix = {given: 1, "/": 3}
    mixed = plan_burst(
        Request(), mix, shape=Shape(duration_s=10), seed=0, taken=(), users=None, root=Path()
    )
    assert plain.profile.request.stream_s == read
    assert [part.requests[0].stream_s for part in mixed.profile.parts] == [read, 0]
    assert plain.profile.has_streams == mixed.profile.has_streams == bool(read)

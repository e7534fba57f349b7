"""The shape of a burst as markers and calls give it."""

from __future__ import annotations

import pytest

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.settings.shape import parse_shape


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"conections": 5}, "conections is not one of connections, duration, timeout, warmup"),
        ({"connections": 0}, "connections=0: 0 is not a whole number of 1 or more"),
        ({"duration": "x"}, "duration='x': 'x' is not a duration"),
        ({"timeout": 0}, "timeout=0: 0 must be longer than 0 s"),
    ],
)
def test_a_wrong_shape_is_an_error_that_says_why(shape: dict[str, object], said: str) -> None:
    with pytest.raises(BurstArgumentError) as refusal:
        parse_shape(shape)
    assert said in str(refusal.value)


def test_values_that_are_none_are_not_given() -> None:
    assert parse_shape({"duration": "250ms", "rate": None}) == {"duration": 0.25}

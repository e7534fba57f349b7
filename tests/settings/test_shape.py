"""The shape of a burst as markers and calls give it."""

from __future__ import annotations

import pytest

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.settings.shape import (
    contradiction,
    in_words,
    parse_shape,
    shape_of,
    values_of,
)


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


def test_a_rate_and_a_think_time_contradict_each_other() -> None:
    assert contradiction(Shape(rate=500.0, think_s=0.2)).startswith(
        "rate=500 and think=200ms can't be combined: at a fixed rate, the plan decides"
    )
    assert not contradiction(Shape(rate=500.0))
    assert not contradiction(Shape(think_s=0.2))


def test_no_think_time_is_none() -> None:
    values = values_of(Shape(think_s=0.2)) | parse_shape({"think": "0"})
    assert shape_of(values) == Shape()
    assert (in_words("think", None), in_words("think", 0.2)) == ("none", "200ms")


def test_values_that_are_none_are_not_given() -> None:
    assert parse_shape({"duration": "250ms", "rate": None}) == {"duration": 0.25}

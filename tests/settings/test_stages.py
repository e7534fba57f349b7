"""The stages of a burst as a call gives them, and what flags make of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.stages import Stage
from pytest_djworkers.run.measurement import PlannedBurst
from pytest_djworkers.run.two_arms import TwoArms
from pytest_djworkers.settings.shape import contradiction
from pytest_djworkers.settings.stages import parse_stages, values_of_stages, with_stages
from tests.support.profiles import make_profile
from tests.support.settings import SETTINGS

STEPS = [("10s", 100), (30, 500)]
RATES = [("10s", "50/s"), ("1m", " 200.5 /s")]


def test_stages_are_of_connections_or_of_rates() -> None:
    connections, rates = parse_stages(STEPS, {}), parse_stages(RATES, {})
    assert connections == (Stage(10.0, 100), Stage(30.0, 500))
    assert values_of_stages(connections) == {"duration": 40.0, "rate": None, "connections": 500}
    assert rates == (Stage(10.0, rate=50.0), Stage(60.0, rate=200.5))
    assert values_of_stages(rates) == {"duration": 70.0, "rate": 200.5}
    assert parse_stages(None, {"duration": 1.0}) == ()
    assert values_of_stages(()) == {}


@pytest.mark.parametrize(
    ("stages", "given", "said"),
    [
        ([], {}, "stages: 0 stages are not 1 to 100: give a list such as [("),
        ([("1s", 1)] * 101, {}, "stages: 101 stages are not 1 to 100"),
        ("10s", {}, "stages='10s': must be a list of stages, such as [("),
        ({"10s": 5}, {}, "stages={'10s': 5}: must be a list of stages"),
        ([("10s",)], {}, "stages: stage 1, ('10s',), must be a duration and a load"),
        ([STEPS[0], 5], {}, "stages: stage 2, 5, must be a duration and a load"),
        ([("0s", 5)], {}, "stages: stage 1: '0s' must be longer than 0 s"),
        ([("soon", 5)], {}, "stages: stage 1: 'soon' is not a duration such as 250ms"),
        ([("1s", 0)], {}, "stages: stage 1: 0 is not a whole number of 1 or more"),
        ([("1s", 2.5)], {}, "stages: stage 1: 2.5 is not a whole number"),
        ([("1s", True)], {}, "stages: stage 1: True is not a whole number"),
        ([("1s", "50")], {}, "stages: stage 1: '50' is neither a number of connections nor a rate"),
        ([("1s", "0/s")], {}, "stages: stage 1: '0' is not a number of requests per second"),
        ([STEPS[0], RATES[0]], {}, "stages: some have a number of connections and others a rate"),
        ([("5h", 1)] * 40, {}, "stages: they last for more than 7 days"),
        (
            STEPS,
            {"duration": 5.0},
            "duration= can't be given beside stages of connections, which decide it",
        ),
        (
            STEPS,
            {"rate": 5.0},
            "rate= can't be given beside stages of connections, which decide it",
        ),
        (
            STEPS,
            {"connections": 5},
            "connections= can't be given beside stages of connections, which decide it",
        ),
        (RATES, {"rate": 5.0}, "rate= can't be given beside stages of rates, which decide it"),
    ],
)
def test_other_stages_are_an_error_that_says_why(
    stages: Any, given: dict[str, object], said: str
) -> None:
    with pytest.raises(BurstArgumentError) as refusal:
        parse_stages(stages, given)
    assert str(refusal.value).startswith(said)


def test_beside_stages_of_rates_there_may_be_a_number_of_connections() -> None:
    assert len(parse_stages(RATES, {"connections": 5})) == 2


def shaped(stages: Any, **flags: float) -> tuple[Shape, tuple[str, ...]]:
    """The shape of a burst in a run with these flags, and what they override."""
    steps = parse_stages(stages, {})
    settings = replace(SETTINGS, shape_flags=flags)
    whole, overridden = settings.shape_for({"connections": 7}, values_of_stages(steps))
    return with_stages(whole, steps), overridden


def test_the_shape_is_the_largest_of_the_stages() -> None:
    shape, overridden = shaped(STEPS)
    assert (shape.connections, shape.duration_s, shape.rate) == (500, 40.0, None)
    assert shape.stages == (Stage(10.0, 100), Stage(30.0, 500))
    assert (shape.first_connections, shape.mean_connections) == (100, 400)
    assert overridden == ()
    at_rates, _ = shaped(RATES)
    assert (at_rates.connections, at_rates.duration_s, at_rates.rate) == (7, 70.0, 200.5)
    assert (at_rates.first_connections, at_rates.mean_connections) == (None, 7)


def test_flags_change_all_stages_in_proportion() -> None:
    shape, overridden = shaped(STEPS, duration=4.0, connections=10)
    assert shape.stages == (Stage(1.0, 2), Stage(3.0, 10))
    assert (shape.connections, shape.duration_s) == (10, 4.0)
    assert overridden == (
        "--djworkers-duration=4s (instead of 40s)",
        "--djworkers-connections=10 (instead of 500)",
    )
    assert shaped(STEPS, connections=1)[0].stages == (Stage(10.0, 1), Stage(30.0, 1))
    slower, _ = shaped(RATES, rate=40.1)
    assert [stage.rate for stage in slower.stages] == pytest.approx([10.0, 40.1])


def test_flags_that_contradict_the_stages_are_refused() -> None:
    with pytest.raises(BurstArgumentError, match="a closed loop, which --djworkers-rate can't"):
        shaped(STEPS, rate=5.0)
    assert contradiction(shaped(RATES, think=1.0)[0]).startswith("rate=200.5 and think=")


def test_a_comparison_refuses_stages() -> None:
    planned = PlannedBurst(make_profile(stages=(Stage(1.0, 5),)))
    nobody: Any = None
    with pytest.raises(BurstArgumentError, match="stages= can't be compared: a comparison chooses"):
        TwoArms.measure(nobody, planned)

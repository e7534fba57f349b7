"""Our dataclasses as simple types: what they become, and what is refused in plain words."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

import pytest
from msgspec import Meta

from pytest_djworkers.backends.spec import existing_file
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.serialization import from_simple, to_line, to_simple


class Colour(StrEnum):
    """An enumeration, as the verdicts are."""

    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner:
    """A dataclass in another."""

    count: Annotated[int, Meta(ge=0, lt=100)]
    share: Annotated[float, Meta(gt=0, lt=100)] | None = None


@dataclass(frozen=True, slots=True)
class Outer:
    """A dataclass with a field of each kind that ours have."""

    inner: Inner
    several: Annotated[tuple[Inner, ...], Meta(min_length=1)]
    colour: Colour = Colour.RED
    pair: tuple[int, int] = (1, 2)
    statuses: Mapping[int, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_on: bool = False


WHOLE = Outer(Inner(1, 0.5), (Inner(2),), statuses={200: 3}, names={"a": "b"}, body=b"\xff\x00")


def test_a_value_survives_json() -> None:
    data = json.loads(json.dumps(to_simple(WHOLE)))
    assert data["statuses"] == {"200": 3}
    assert data["colour"] == "red"
    assert from_simple(data, Outer) == WHOLE


def test_a_line_for_another_process_is_the_same_in_json() -> None:
    value = {"body": b"\x00\n", "whole": WHOLE, 5: ("x",)}
    assert to_line(value) == json.dumps(to_simple(value), separators=(",", ":")).encode() + b"\n"


def test_a_key_that_is_not_known_is_ignored() -> None:
    assert from_simple({**to_simple(WHOLE), "newer": 1}, Outer) == WHOLE


def test_a_key_with_a_default_may_be_missing() -> None:
    data = {"inner": {"count": 1}, "several": [{"count": 2}]}
    assert from_simple(data, Outer) == Outer(Inner(1), (Inner(2),))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inner": []}, '"inner" must be a JSON object'),
        ({"inner": {}}, "missing key 'count' in inner"),
        ({"inner": {"count": True}}, '"count" in inner must be a whole number'),
        ({"inner": {"count": "1"}}, '"count" in inner must be a whole number'),
        ({"inner": {"count": 1.5}}, '"count" in inner must be a whole number'),
        ({"inner": {"count": -1}}, '"count" in inner must be 0 or more'),
        ({"inner": {"count": 100}}, '"count" in inner is too large'),
        ({"inner": {"count": 10**400}}, '"count" in inner is too large'),
        ({"inner": {"count": 1, "share": True}}, '"share" in inner must be a number or null'),
        ({"inner": {"count": 1, "share": 0}}, '"share" in inner must be above 0'),
        ({"inner": {"count": 1, "share": 100.0}}, '"share" in inner is too large'),
        ({"inner": {"count": 1, "share": 10**400}}, '"share" in inner is too large'),
        ({"several": {}}, '"several" must be a list'),
        ({"several": []}, '"several" must not be empty'),
        ({"several": [{"count": 1}, 2]}, "several[1] must be a JSON object"),
        ({"several": [{"count": 1}, {}]}, "missing key 'count' in several[1]"),
        ({"pair": [1]}, '"pair" must have 2 entries'),
        ({"names": {"a": 1}}, "a value in names must be text"),
        ({"is_on": 1}, '"is_on" must be true or false'),
        ({"colour": "blue"}, "\"colour\" is wrong: Invalid enum value 'blue'"),
    ],
)
def test_other_data_are_refused_in_plain_words(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}$"):
        from_simple({**to_simple(WHOLE), **change}, Outer)


def test_the_whole_is_called_it() -> None:
    with pytest.raises(ValueError, match=r"^it must be a JSON object$"):
        from_simple([], Outer)
    with pytest.raises(ValueError, match=r"^missing key 'inner'$"):
        from_simple({}, Outer)


@dataclass(frozen=True, slots=True)
class Many:
    """A dataclass with an array, as histograms have it."""

    numbers: array  # type: ignore[type-arg]  # it takes no parameter before Python 3.12


def test_an_array_is_a_list_in_json() -> None:
    many = Many(array("q", [1, -(2**63), 2**63 - 1]))
    data = json.loads(json.dumps(to_simple(many)))
    assert data == {"numbers": [1, -(2**63), 2**63 - 1]}
    assert from_simple(data, Many) == many


@pytest.mark.parametrize("numbers", [[1.5], ["1"], [None], [2**63], "12", 1])
def test_other_data_than_whole_numbers_make_no_array(numbers: object) -> None:
    with pytest.raises(ValueError, match=r"is wrong: must be a list of whole numbers$"):
        from_simple({"numbers": numbers}, Many)


def test_an_option_that_is_a_file_becomes_plain_text() -> None:
    option = existing_file(__file__)
    facts = ServerFacts("gunicorn-sync", "25.0", 1, {"config": option}, launch_s=0.3)
    assert type(to_simple(facts)["options"]["config"]) is str
    assert to_simple(facts)["options"]["config"] == __file__

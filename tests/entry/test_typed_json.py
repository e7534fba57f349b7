"""Plain data goes through JSON and is what it was."""

from __future__ import annotations

import datetime as dt
import json
import math
import subprocess
import sys
from collections import OrderedDict
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_djworkers.entry.typed_json import NotPlainError, decoded, digest, encoded

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.timedeltas()
    | st.dates()
    | st.times()
    | st.datetimes(timezones=st.none() | st.just(dt.UTC))
    | st.text(min_size=1).map(Path)
)
keys = st.text() | st.integers() | st.booleans() | st.tuples(st.text(), st.integers())
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(keys, inner)
        | st.sets(scalars)
        | st.frozensets(scalars)
    ),
    max_leaves=20,
)


def through_json(value: Any) -> Any:
    return decoded(json.loads(json.dumps(encoded(value))))


@settings(max_examples=50)
@given(values)
@example(dt.time(0, 0, fold=1))
@example(dt.datetime(2026, 10, 25, 2, 30, fold=1))  # noqa: DTZ001  # fold is what it is about
def test_decoded_values_equal_the_encoded_ones(value: object) -> None:
    there = through_json(value)
    assert there == value
    assert repr(there) == repr(value) or isinstance(value, list | tuple | dict | set | frozenset)
    assert type(there) is type(value)


def test_types_within_are_kept() -> None:
    value = {"a": [(1, True), {2}], ("b", 1): {"is": "tuple", "value": [1]}, 3: Path("/x")}
    assert repr(through_json(value)) == repr(value)


@pytest.mark.parametrize("number", [math.inf, -math.inf, -0.0, 1e300, 0.1])
def test_every_number_is_the_same(number: float) -> None:
    assert repr(through_json(number)) == repr(number)


def test_kinds_of_texts_and_dicts_are_plain_ones() -> None:
    assert through_json(mark_safe("<b>")) == "<b>"
    assert through_json(OrderedDict(b=1, a=2)) == {"b": 1, "a": 2}


class Colour(StrEnum):
    """A text that is more than one."""

    RED = "red"


@pytest.mark.parametrize("value", [object(), print, Decimal, Colour.RED, 1j, gettext_lazy("Yes")])
def test_values_that_are_not_plain_data_are_refused(value: object) -> None:
    for one in (value, [value], {"key": {"inner": value}}, (1, value)):
        with pytest.raises(NotPlainError):
            encoded(one)
        assert digest(one) is None


def test_equal_sets_have_one_digest_in_every_process() -> None:
    script = "from pytest_djworkers.entry.typed_json import digest; print(digest(set('abcdefgh')))"
    said = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert said == [digest(set("hgfedcba"))] * 2
    assert digest({"a": 1}) != digest({"a": "1"})


def test_a_value_that_contains_itself_has_no_digest() -> None:
    ring: list[Any] = []
    ring.append(ring)
    assert digest(ring) is None

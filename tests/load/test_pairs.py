"""Pairs of whole numbers are those that were given, here and after a way as JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.pairs import Pairs
from pytest_djworkers.serialization import from_simple, to_simple

NUMBERS = st.integers(0, 2**63 - 1)


@given(st.lists(st.tuples(NUMBERS, NUMBERS)))
def test_pairs_are_those_that_were_given(given_pairs: list[tuple[int, int]]) -> None:
    pairs = Pairs.of(given_pairs)
    travelled = from_simple(json.loads(json.dumps(to_simple(pairs))), Pairs)
    for one in (pairs, travelled):
        assert list(one) == given_pairs
        assert len(one) == len(given_pairs)
    assert travelled == pairs


def test_half_a_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="two numbers for each pair"):
        from_simple({"flat": [1, 2, 3]}, Pairs)

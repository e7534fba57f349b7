"""The variants of a request, from ``paths=`` and ``bodies=``."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Order, SentRequest
from pytest_djworkers.request.asked import Request
from pytest_djworkers.request.variants import MOST_VARIANTS, variants_of


def test_paths_vary_in_their_order_and_have_the_same_query() -> None:
    asked = Request(paths=(f"/{n}" for n in range(3)), query={"a": "b"}, expect=404)
    found = variants_of(asked)
    assert found.requests == tuple(SentRequest(f"/{n}?a=b", expect=(404,)) for n in range(3))
    assert (found.order, found.paths) == (Order.SEQUENTIAL, ("/0", "/1", "/2"))


def test_bodies_vary_and_are_paired_with_paths() -> None:
    asked = Request("/", method="PUT", bodies=[b"1", "é"], order="random")
    found = variants_of(asked)
    assert [request.body for request in found.requests] == [b"1", "é".encode()]
    assert {(request.path, request.method) for request in found.requests} == {("/", "PUT")}
    assert found.order is Order.RANDOM
    both = variants_of(Request(paths=["/a", "/b"], method="POST", bodies=["1", "2"]))
    assert [(request.path, request.body) for request in both.requests] == [
        ("/a", b"1"),
        ("/b", b"2"),
    ]


def test_a_plain_request_has_one_variant() -> None:
    found = variants_of(Request("/", json={"a": 1}))
    assert len(found.requests) == 1
    assert found.requests[0].body == b'{"a": 1}'


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "there is no path: give one, or several with paths=, or mix="),
        ({"path": "/", "paths": ["/"]}, "a path and paths= can't be combined"),
        ({"paths": []}, "paths= is empty"),
        ({"paths": "/a"}, "paths= is str, not a list"),
        ({"paths": 5}, "paths= is int, not a list"),
        ({"paths": ["/a", "b"]}, "path 'b' must start with /"),
        ({"paths": ["/a", None]}, "path None must start with /"),
        ({"paths": (f"/{n}" for n in count())}, f"paths= has more than {MOST_VARIANTS:,}: all"),
        ({"path": "/", "bodies": []}, "bodies= is empty"),
        ({"path": "/", "bodies": [b"a", 5]}, "bodies= is int, not bytes or str"),
        ({"path": "/", "bodies": ["a"], "json": 1}, "json= and bodies= can't be combined"),
        ({"path": "/", "bodies": ["a"], "body": "b"}, "body= and bodies= can't be combined"),
        ({"path": "/", "bodies": ["a"], "form": {"a": "b"}}, "form= and bodies= can't be"),
        ({"paths": ["/a"], "bodies": ["a", "b"]}, "paths= has 1 and bodies= 2: they are paired"),
        ({"path": "/", "bodies": [b"x" * 60_000_000] * 2}, "bodies= has 120MB, and a burst holds"),
        ({"path": "/", "order": "random"}, "order= needs paths= or bodies="),
        (
            {"paths": ["/"], "order": "shuffled"},
            "order='shuffled' must be one of 'sequential', 'random', 'connection'",
        ),
    ],
)
def test_wrong_variants_are_errors_in_words(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(BurstArgumentError) as error:
        variants_of(Request(**arguments))
    assert said in str(error.value)

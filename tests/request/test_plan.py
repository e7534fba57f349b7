"""The plan of a burst, from the arguments of its call: mixes, their names, and their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Order, Profile, Shape
from pytest_djworkers.request.asked import Request
from pytest_djworkers.request.mix import MOST_PARTS
from pytest_djworkers.request.mix_file import MixEntry, write_mix
from pytest_djworkers.request.plan import plan_burst
from pytest_djworkers.users.wanted import GivenUsers

HERE = Path()


def profile_of(
    mix: object = None, root: Path = HERE, taken: tuple[str, ...] = (), **arguments: Any
) -> Profile:
    """Return the profile of a call."""
    seed = arguments.pop("seed", 0)
    asked = Request(**arguments)
    return plan_burst(
        asked, mix, shape=Shape(8), seed=seed, taken=taken, users=None, root=root
    ).profile


def refused(mix: object = None, root: Path = HERE, **arguments: Any) -> str:
    """Return why a call is refused."""
    with pytest.raises(BurstArgumentError) as error:
        profile_of(mix, root, **arguments)
    return str(error.value)


# Bursts of one request.


def test_a_plain_burst_has_no_parts() -> None:
    profile = profile_of(path="/json?a=1", seed=3)
    assert (profile.name, profile.parts, profile.seed) == ("GET /json?a=...", (), 3)
    assert profile_of(path="/json?a=1", taken=("GET /json?a=...",)).name.startswith(
        "GET /json?a=... #"
    )


def test_a_burst_of_several_paths_is_named_by_the_first_and_their_number() -> None:
    profile = profile_of(paths=["/book/1?a=b", "/book/2", "/book/2"], order="connection")
    assert profile.name == "GET /book/1?a=... and 1 more"
    (part,) = profile.parts
    assert (part.variants, part.order, part.name) == (3, Order.CONNECTION, profile.name)
    named = profile_of(paths=["/a", "/b"], name="books")
    assert (named.name, named.parts[0].name) == ("books", "books")
    assert profile_of(path="/", bodies=["1", "2"], method="POST").name == "POST /"


def test_a_seed_is_a_whole_number() -> None:
    for seed in (1.5, "1", True, None):
        assert refused(path="/", seed=seed) == f"seed={seed!r} must be a whole number"


# Mixes.


def test_a_mix_has_the_weights_and_the_requests_of_its_parts() -> None:
    cart = Request("/cart", method="POST", json={"a": 1}, name="the cart")
    profile = profile_of({"/": 6, Request("/search", query={"q": "x"}): 3, cart: 0.5}, seed=4)
    assert (profile.name, profile.seed, profile.is_mix) == ("mix of 3", 4, True)
    assert [(part.name, part.weight) for part in profile.parts] == [
        ("GET /", 6.0),
        ("GET /search", 3.0),
        ("the cart", 0.5),
    ]
    assert [part.requests[0].path for part in profile.parts] == ["/", "/search?q=x", "/cart"]
    assert profile.request == profile.parts[0].requests[0]
    assert profile_of([("/", 1), (cart, 2)], name="shop").name == "shop"
    assert profile_of({"/": 1}).name == "GET /"
    assert len(profile_of({f"/{n}": 1 for n in range(MOST_PARTS)}).parts) == MOST_PARTS


def test_users_of_a_burst_are_those_of_parts_that_name_none() -> None:
    plan = plan_burst(
        Request(user="alice"),
        {"/": 1, Request("/b", user=None): 1, Request("/c", users=3): 1},
        shape=Shape(8),
        seed=0,
        taken=(),
        users=GivenUsers("bob"),
        root=HERE,
    )
    users = [part.login.users for part in plan.parts]
    assert [None if one is None else one.count for one in users] == [1, None, 3]
    assert [part.part.variants for part in plan.parts] == [1, 1, 3]


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf"), "3", None, True, [1]])
def test_a_weight_is_a_number_above_zero(weight: object) -> None:
    said = refused({"/": 1, "/b?key=secret": weight})
    assert "mix=: the weight of <Request /b?key=...: path> is " in said
    assert "it must be a number above 0" in said
    assert said.endswith(", and a part with twice the weight gets twice the requests")


@pytest.mark.parametrize(
    ("mix", "arguments", "said"),
    [
        ({}, {}, "mix= is empty"),
        (5, {}, "mix= is int, not a mapping of requests to weights"),
        (b"x", {}, "mix= is bytes, not"),
        ([("/",)], {}, "mix=: part 1 is no pair of a request and its weight"),
        (["/a"], {}, "mix=: part 1 is no pair"),
        ({5: 1}, {}, "mix=: part 1 is int, not a path or a pytest_djworkers.Request(...)"),
        ({"/": 1, "b": 2}, {}, "mix=: part 2, <Request b: path>: path 'b' must start with /"),
        ({Request("/", name="a\n"): 1}, {}, "must be one line of printable text"),
        (
            {"/": 1, Request("/"): 1},
            {},
            "mix=: two parts are named 'GET /': tell them apart with Request(..., name=...)",
        ),
        ({f"/{n}": 1 for n in range(MOST_PARTS + 1)}, {}, "mix= has 101 parts, and 100 are"),
        ({"/": 1}, {"path": "/"}, "a path and mix= can't be combined: it belongs into the mix"),
        ({"/": 1}, {"json": 1}, "json= and mix= can't be combined"),
        ({"/": 1}, {"paths": ["/"]}, "paths= and mix= can't be combined"),
    ],
)
def test_a_wrong_mix_is_an_error_in_words(mix: Any, arguments: dict[str, Any], said: str) -> None:
    assert said in refused(mix, **arguments)


def test_values_are_in_no_message() -> None:
    request = Request("/?key=secret", headers={"X-A": "secret\n"}, body="secret", query={"a": 1})
    assert repr(request) == "<Request /?key=...: path, headers, body, query>"
    assert "secret" not in refused({request: 1})


# Files.

ENTRIES = [
    MixEntry(6, path="/"),
    MixEntry(3, paths=("/book/1", "/book/2"), name="a book", order="random"),
]


def test_a_mix_is_read_as_it_was_written(tmp_path: Path) -> None:
    entries = [*ENTRIES[:2], MixEntry(0.5, "POST", "/cart", None, {"X-A": "b"}, "é")]
    write_mix(tmp_path / "mix.json", entries)
    profile = profile_of("mix.json", tmp_path)
    assert [(part.name, part.weight, part.variants) for part in profile.parts] == [
        ("GET /", 6.0, 1),
        ("a book", 3.0, 2),
        ("POST /cart", 0.5, 1),
    ]
    assert profile.parts[1].order is Order.RANDOM
    sent = profile.parts[2].requests[0]
    assert (sent.headers, sent.body) == ((("X-A", "b"),), "é".encode())
    assert profile_of(tmp_path / "mix.json") == profile


PART = {"method": "GET", "path": "/", "weight": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "mix.json is no file of a mix: "),
        ("[]", "mix.json is no file of a mix: it must be a JSON object"),
        ({"version": 2, "parts": []}, "it has version 2, and this is for 1"),
        ({"parts": [PART]}, "missing key 'version'"),
        ({"version": 1}, "missing key 'parts'"),
        ({"version": 1, "parts": []}, "mix= is empty"),
        ({"version": 1, "parts": [{**PART, "weigth": 2}]}, "part 1 has an unknown key 'weigth'"),
        ({"version": 1, "parts": [{"path": "/"}]}, "missing key 'weight' in parts[0]"),
        ({"version": 1, "parts": [{**PART, "weight": "6"}]}, '"weight" in parts[0] must be a'),
        ({"version": 1, "parts": [{**PART, "weight": 0}]}, "it must be a number above 0"),
        ({"version": 1, "parts": [{**PART, "path": "x"}]}, "path 'x' must start with /"),
        ({"version": 1, "parts": [{"weight": 1}]}, "there is no path: give one"),
        ('{"version": 1, "version": 1, "parts": []}', "'version' is there twice"),
    ],
)
def test_a_wrong_file_is_an_error_in_words(content: Any, said: str, tmp_path: Path) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / "mix.json").write_text(text)
    assert said in refused("mix.json", tmp_path)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    said = refused("mix.json", tmp_path)
    assert said == f"mix=: {tmp_path / 'mix.json'}: No such file or directory"

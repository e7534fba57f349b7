"""The conditions that must be the same for two bursts to be compared."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest

from pytest_djworkers.baseline.conditions import conditions_of, first_difference
from pytest_djworkers.load.profile import Order, Part, Profile, SentRequest, Shape
from pytest_djworkers.load.result import BurstResult
from tests.support.results import MIX, RESULT, STAGED, WRK

CONDITIONS = conditions_of(RESULT)


def test_another_request_by_the_same_name_is_another_condition() -> None:
    def posting(body: bytes, *names: str) -> BurstResult:
        headers = tuple((name, "of this run") for name in names)
        request = SentRequest("/", "POST", headers, body)
        return replace(RESULT, profile=replace(RESULT.profile, request=request))

    stored = conditions_of(posting(b"four", "Cookie"))
    assert first_difference(stored, conditions_of(posting(b"five", "cookie"))) is None
    assert (
        first_difference(stored, conditions_of(posting(b"seventeen", "cookie")))
        == "body_bytes was 4 and is 9"
    )
    found = first_difference(stored, conditions_of(posting(b"four", "cookie", "accept")))
    assert found == "headers was cookie and is accept, cookie"


def test_the_number_of_sessions_is_a_condition_and_nothing_else_of_them() -> None:
    def as_users(*keys: str) -> dict[str, Any]:
        requests = tuple(
            SentRequest("/me", headers=(("Cookie", f"sessionid={key}"),), as_user=True)
            for key in keys
        )
        part = Part("me", requests, order=Order.CONNECTION)
        profile = Profile.of_parts("me", (part,), Shape())
        return dict(conditions_of(replace(RESULT, profile=profile)))

    stored = as_users("secret", "another")
    assert stored["sessions"] == 2
    assert "secret" not in str(stored)
    assert first_difference(stored, as_users("of this run", "longer")) is None
    assert first_difference(stored, as_users("one")) == "sessions was 2 and is 1"


def test_a_think_time_is_a_condition_and_none_is_no_new_key() -> None:
    stored = conditions_of(RESULT)
    assert {*asdict(RESULT.profile.shape)} - {*stored} == {"think_s", "stages"}
    shape = replace(RESULT.profile.shape, think_s=0.2)
    thinking = replace(RESULT, profile=replace(RESULT.profile, shape=shape))
    found = first_difference(stored, conditions_of(thinking))
    assert found == "think_s was None and is 0.2"


def test_the_stages_are_a_condition() -> None:
    found = first_difference(conditions_of(RESULT), conditions_of(STAGED))
    assert found == "stages was None and is 4 connections for 4s, 8 connections for 6s"


def test_a_mix_has_a_condition_for_each_part() -> None:
    stored = conditions_of(MIX)
    assert stored["request"] == "a mix"
    assert stored["part GET /fast"] == "weight 3, GET /fast"
    fast, slow = MIX.profile.parts
    heavier = replace(MIX.profile, parts=(replace(fast, weight=4), slow))
    found = first_difference(stored, conditions_of(replace(MIX, profile=heavier)))
    assert found == "part GET /fast was weight 3, GET /fast and is weight 4, GET /fast"


def test_the_paths_of_variants_are_a_condition_and_no_secret() -> None:
    def of(*paths: str, **changes: Any) -> dict[str, Any]:
        part = Part("books", tuple(SentRequest(path) for path in paths), **changes)
        profile = Profile.of_parts("books", (part,), Shape())
        return dict(conditions_of(replace(RESULT, profile=profile)))

    stored = of("/1?key=secret", "/2")
    assert (stored["request"], stored["variants"], stored["order"]) == (
        "GET /1?key=...",
        2,
        "sequential",
    )
    assert "secret" not in str(stored)
    assert first_difference(stored, of("/1?key=secret", "/2")) is None
    assert first_difference(stored, of("/1?key=secret", "/2", order=Order.RANDOM)) is not None
    assert "paths was" in str(first_difference(stored, of("/1?key=other", "/2")))


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        (replace(RESULT, generator=WRK.generator), "generator was asyncio and is wrk"),
        (
            replace(RESULT, profile=Profile("x", SentRequest("/json"), Shape(connections=9))),
            "connections was 8 and is 9",
        ),
        (
            replace(RESULT, profile=replace(RESULT.profile, request=SentRequest("/other"))),
            "request was GET /json and is GET /other",
        ),
        (replace(RESULT, server=None), "backend was granian and is None"),
    ],
)
def test_another_condition_is_named(changed: Any, word: str) -> None:
    assert first_difference(CONDITIONS, conditions_of(changed)) == word


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"workers": 3}, "workers was 2 and is 3"),
        ({"options": {"backlog": 9}}, "backlog was 1024 and is 9"),
        ({"options": {}}, "backlog was 1024 and is None"),
        ({"version": "9.9"}, None),
        ({"launch_s": 9.9}, None),
    ],
)
def test_the_servers_options_are_conditions_and_its_version_is_not(
    change: dict[str, Any], word: str | None
) -> None:
    assert RESULT.server is not None
    changed = replace(RESULT, server=replace(RESULT.server, **change))
    assert first_difference(CONDITIONS, conditions_of(changed)) == word

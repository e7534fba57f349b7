"""The conditions that must be the same for two bursts to be compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_djworkers.baseline.conditions import conditions_of, first_difference
from pytest_djworkers.load.profile import Order, Part, Profile, SentRequest, Shape
from pytest_djworkers.load.result import BurstResult
from tests.support.results import MIX, RESULT, WRK

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
    stream = replace(RESULT.profile.request, stream_s=5.0)
    streamed = conditions_of(replace(RESULT, profile=replace(RESULT.profile, request=stream)))
    assert first_difference(CONDITIONS, streamed) == "stream_s was None and is 5.0"
    found = first_difference(stored, conditions_of(posting(b"four", "cookie", "accept")))
    assert found == "headers was cookie and is accept, cookie"


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

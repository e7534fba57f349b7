"""The figures of parts and of stages, and a result that is made of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.load.client import ResponseReader
from pytest_djworkers.load.event_stream import StreamReader
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.in_pieces import InPieces
from pytest_djworkers.load.masking import paths_hash
from pytest_djworkers.load.profile import Order, Part, Profile, SentRequest, Shape
from pytest_djworkers.load.wrk import WrkGenerator
from tests.support.profiles import make_profile
from tests.support.results import MIX, QUERIES, RESULT, STAGED, WRK

STREAM = InPieces(first=Latency(((100, 500),)), whole=Latency(((1_000, 500),)))


def test_a_part_has_the_figures_of_a_burst() -> None:
    slow = MIX.parts["the slow one"]
    assert (slow.timeouts, slow.errors, slow.first_byte) == (10, 0, None)
    in_pieces = InPieces(Latency(((1_000, 200),)), Latency(((20_000, 200),)))
    first_byte = replace(slow, in_pieces=in_pieces).first_byte
    assert first_byte is not None
    assert first_byte.counts == ((1_000, 200), (300_000, 50))


def test_a_stage_has_the_figures_of_a_part() -> None:
    first, second = STAGED.stages
    assert first.rps == pytest.approx(187.5)
    assert (second.timeouts, second.errors) == (10, 0)
    assert second.latency is second.figures.latency
    assert [stage.shown for stage in STAGED.profile.shape.stages] == [
        "4 connections for 4s",
        "8 connections for 6s",
    ]


def test_a_part_is_found_by_its_name() -> None:
    assert MIX.part("GET /fast").rps == 75
    assert RESULT.part(RESULT.name) is RESULT
    with pytest.raises(KeyError, match=r"its parts are 'GET /fast', 'the slow one'"):
        MIX.part("GET /nowhere")


def test_what_is_known_of_a_stream_and_of_queries_is_printed() -> None:
    stream = replace(RESULT, in_pieces=STREAM, body_bytes=None, queries=QUERIES)
    assert stream.is_stream
    assert "first byte: p50 100us" in str(stream)
    assert "SQL queries per request 43" in str(stream)
    assert replace(stream, body_bytes=1000.0).stream_in_words.endswith("; bodies of 1kB")
    assert not WRK.is_stream
    assert WRK.stream_in_words == "first byte: not known"


def test_the_events_of_a_mix_are_those_of_its_streams() -> None:
    streams = {**MIX.parts, "GET /fast": replace(MIX.parts["GET /fast"], event_count=5)}
    events = replace(MIX, parts=streams, event_count=5).events
    assert events is not None
    assert events.first.counts == MIX.parts["GET /fast"].latency.counts


def test_readers_of_requests_need_no_opening() -> None:
    reader = ResponseReader()
    assert not reader.is_opening
    assert reader.take_opening() == b""
    assert not reader.is_answered
    assert not StreamReader().fits


def test_wrk_says_that_it_can_fire_neither_messages_nor_streams() -> None:
    wrk = WrkGenerator("wrk")
    message = SentRequest("/ws", body=b"hello", websocket="text")
    assert wrk.cannot(make_profile(message, duration_s=1)) == "it knows no WebSockets"
    stream = make_profile(SentRequest("/events", stream_s=1.0), duration_s=1)
    assert wrk.cannot(stream) == "it reads each response to its end"


def test_a_plan_of_one_variant_is_a_plain_one_and_keeps_no_values() -> None:
    secret = SentRequest("/?token=secret", "POST", body=b"secret", headers=(("X", "secret"),))
    plain = Profile.of_parts("burst", (Part("burst", (secret,)),), Shape())
    assert (plain.parts, plain.request) == ((), secret)
    several = Part("several", (secret, secret), order=Order.RANDOM)
    mix = Profile.of_parts("mix", (several, Part("b", (secret,))), Shape())
    assert "secret" not in repr(mix.without_values())
    assert mix.without_values().parts[0].variants == 2
    assert {one.body for part in mix.without_bodies().parts for one in part.requests} == {b""}


def test_headers_that_only_some_requests_need_are_the_users_own_if_given() -> None:
    form = SentRequest("/form", "POST", same_origin=True)
    assert ("Referer", "http://host/") in form.header_lines("host")
    origin = (("Origin", "https://elsewhere"),)
    assert "Referer" not in dict(replace(form, headers=origin).header_lines("host"))
    message = SentRequest("/ws", body=b"hello", websocket="text")
    assert dict(message.handshake_lines("host"))["Origin"] == "http://host"
    own = replace(message, headers=origin).handshake_lines("host")
    assert [value for name, value in own if name == "Origin"] == ["https://elsewhere"]


def test_the_hash_of_paths_is_of_all_of_them_in_their_order() -> None:
    assert paths_hash(["/a?b=1", "/c"]) == paths_hash(["/a?b=1", "/c"])
    assert len({paths_hash(one) for one in (["/a", "/b"], ["/b", "/a"], ["/a"])}) == 3

"""Bursts of messages on WebSockets."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import time
from dataclasses import replace
from typing import Any

import pytest

from pytest_djworkers.errors import ProbeError, ServerStartError
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.profile import Order, Part, Profile, SentRequest, Shape
from pytest_djworkers.server.probe import ProbeResult, probe
from tests.support.fault_server import Behaviour, Peer, always, answer, closes, once, serve
from tests.support.firing import classes, fire, fire_profile

HELLO = SentRequest("/ws/", body=b"hello", expect=(101,), websocket="text")
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PING, TEXT, BINARY, CLOSE = 0x89, 0x81, 0x82, 0x88


def frame(data: bytes, first: int = TEXT) -> bytes:
    """A frame of a server, which has no mask."""
    if len(data) < 126:
        return bytes([first, len(data)]) + data
    return bytes([first, 126]) + struct.pack("!H", len(data)) + data


async def agree(peer: Peer, extra: bytes = b"") -> bytes:
    """Agree to a WebSocket, and return the request for it."""
    request = await peer.request()
    found = re.search(rb"(?i)sec-websocket-key: (\S+)", request)
    assert found is not None
    accept = base64.b64encode(hashlib.sha1(found[1] + _GUID).digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    await peer.send(head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + extra)
    return request


def replies(*frames: bytes, welcome: bytes = b"", after_s: float = 0.0) -> Behaviour:
    """Send these for each message."""

    async def behave(peer: Peer) -> None:
        await agree(peer, welcome)
        while True:
            await peer.message()
            if after_s:
                await peer.pause(after_s)
            for one in frames:
                await peer.send(one)

    return behave


async def agree_and_echo(peer: Peer) -> None:
    """Send each message back, after a welcome."""
    await agree(peer, frame(b"welcome"))
    while True:
        _, data = await peer.message()
        await peer.send(frame(data))


def say(behave: Behaviour, request: SentRequest = HELLO, **shape: Any) -> AgentReport:
    with serve(behave) as server:
        return fire(server.address, request, **shape)


def test_each_message_is_a_request_and_the_next_one_its_response() -> None:
    report = say(replies(frame(b"hello back")))
    assert classes(report) == {"ok"}
    assert report.counts.statuses == {101: report.counts.ok}
    assert report.counts.ok > 4 * 10
    assert report.counts.sizes == [(10, report.counts.ok)]
    assert report.reconnects == 0
    assert report.opened == report.served == 4


@pytest.mark.parametrize(
    "behave",
    [
        replies(frame(b"hi"), welcome=frame(b"welcome")),
        replies(frame(b"x" * 300)),
        replies(frame(b"hi", BINARY)),
        replies(frame(b"h", 0x01), frame(b"i", 0x80)),
        replies(frame(b"hi")[:1], frame(b"hi")[1:]),
        replies(frame(b"ping", PING), frame(b"hi")),
        replies(frame(b"hi") + frame(b"of another one")),
        replies(frame(b"hi"), frame(b"late"), frame(b"p", PING)),
    ],
    ids=["welcome", "long", "binary", "fragments", "pieces", "ping", "two", "more"],
)
def test_messages_come_in_any_form(behave: Behaviour) -> None:
    assert classes(say(behave)) == {"ok"}


def test_messages_without_what_they_should_contain_are_passed_over() -> None:
    request = SentRequest("/ws/", body=b"a", expect=(101,), websocket="text", contains=b"mine")
    report = say(replies(frame(b"others'"), frame(b"mine")), request)
    assert classes(report) == {"ok"}
    assert report.counts.sizes == [(4, report.counts.ok)]
    silent = say(replies(frame(b"others'")), request, timeout_s=0.05)
    assert classes(silent) == {"unanswered"}


def test_what_comes_while_no_message_is_under_way_is_passed_over() -> None:
    """The welcome, and one more after each response, have what a response should contain."""

    async def behave(peer: Peer) -> None:
        await agree(peer, frame(b"mine"))
        while True:
            await peer.message()
            await peer.send(frame(b"others'"))
            await peer.pause(0.03)
            await peer.send(frame(b"mine"))
            await peer.pause(0.01)
            await peer.send(frame(b"mine"))

    request = replace(HELLO, contains=b"mine")
    report = say(behave, request, connections=1, duration_s=0.6, rate=10)
    assert classes(report) == {"ok"}
    assert min(us for us, _ in report.counts.latency) >= 30_000


async def in_odd_pieces(peer: Peer) -> None:
    """Send a message, then one whose end looks like the first."""
    await agree(peer)
    long = frame(b"x" + frame(b"hi"))
    while True:
        await peer.message()
        await peer.send(frame(b"hi"))
        await peer.message()
        await peer.send(long[:3])
        await peer.pause(0.005)
        await peer.send(long[3:])


async def with_another_begun(peer: Peer) -> None:
    """Send each message with the beginning of another one, which nobody has asked for."""
    await agree(peer)
    extra = frame(b"extra")
    while True:
        await peer.message()
        await peer.send(frame(b"hi") + extra[:3])
        await peer.pause(0.005)
        await peer.send(extra[3:])


@pytest.mark.parametrize(
    ("behave", "lengths", "rate"),
    [
        (in_odd_pieces, {2, 1 + len(frame(b"hi"))}, None),
        # So slow that the rest comes while no message is under way.
        (with_another_begun, {2}, 20),
    ],
)
def test_only_whole_messages_are_recognized(
    behave: Behaviour, lengths: set[int], rate: float | None
) -> None:
    report = say(behave, connections=1, duration_s=0.6, rate=rate)
    assert classes(report) == {"ok"}
    assert {size for size, _ in report.counts.sizes} == lengths
    assert report.counts.ok > 4


def test_a_message_is_not_sent_twice() -> None:
    assert not HELLO.is_safe


def test_a_round_trip_is_the_latency() -> None:
    report = say(replies(frame(b"hi"), after_s=0.03))
    assert min(us for us, _ in report.counts.latency) >= 30_000


def test_pings_are_answered_while_nothing_is_awaited() -> None:
    """The messages of a server that waits for a pong first."""

    async def behave(peer: Peer) -> None:
        await agree(peer)
        while True:
            assert await peer.message() == (TEXT, b"hello")
            await peer.send(frame(b"now", PING))
            assert await peer.message() == (0x8A, b"now")
            await peer.send(frame(b"hi"))

    report = say(behave)
    assert classes(report) == {"ok"}
    assert report.counts.ok >= 4


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (frame(struct.pack("!H", 1011) + b"oh", CLOSE), "closed with 1011"),
        (frame(b"", CLOSE), "closed"),
        (b"\xff\xff", "bad response"),
        (b"", "closed early"),
    ],
)
def test_the_end_of_a_websocket_is_an_error(last: bytes, kind: str) -> None:
    async def behave(peer: Peer) -> None:
        await agree(peer)
        await peer.message()
        await peer.send(last)

    report = say(behave)
    assert classes(report) == {"error"}
    assert {*report.counts.error_kinds} == {kind}


def test_a_refused_handshake_is_an_unexpected_response() -> None:
    report = say(always(answer("403 Forbidden", b"no")))
    assert classes(report) == {"unexpected"}
    assert {*report.counts.statuses} == {403}
    assert report.counts.first_unexpected is not None
    assert report.counts.first_unexpected.status == 403
    # Not in a row without a pause.
    assert report.counts.unexpected <= 4 * 5


def test_a_handshake_without_a_response_is_unanswered() -> None:
    async def behave(peer: Peer) -> None:
        await peer.hang()

    assert classes(say(behave, timeout_s=0.1)) == {"unanswered"}


def test_each_user_has_a_handshake_of_its_own() -> None:
    seen: set[bytes] = set()

    async def behave(peer: Peer) -> None:
        request = await agree(peer)
        seen.update(re.findall(rb"\r\n((?:cookie|origin|host): [^\r]+)", request, re.IGNORECASE))
        while True:
            await peer.message()
            await peer.send(frame(b"hi"))

    requests = tuple(
        SentRequest(
            "/", headers=(("Cookie", f"s={n}"),), body=b"x", expect=(101,), websocket="text"
        )
        for n in range(2)
    )
    shape = Shape(connections=4, duration_s=0.2, timeout_s=5, warmup_s=0)
    part = Part("ws", requests, order=Order.CONNECTION)
    with serve(behave) as server:
        host = "{}:{}".format(*server.address).encode()
        report = fire_profile(server.address, Profile.of_parts("ws", (part,), shape))
    assert classes(report) == {"ok"}
    assert seen == {b"Cookie: s=0", b"Cookie: s=1", b"Host: " + host, b"Origin: http://" + host}


def test_at_a_fixed_rate_messages_have_their_times() -> None:
    report = say(replies(frame(b"hi")), duration_s=0.5, rate=40)
    assert classes(report) == {"ok"}
    assert 15 <= report.counts.ok <= 20


def test_a_window_of_a_comparison_counts_messages() -> None:
    with serve(replies(frame(b"hi"))) as server:
        report = fire(server.address, HELLO, drain_s=6)
    assert classes(report) == {"ok"}
    assert report.counts.in_flight == 0


# The probe.


def round_trip_with(behave: Behaviour, request: SentRequest = HELLO) -> ProbeResult:
    with serve(behave) as server:
        return probe(
            [server.address], request, None, any_response=False, deadline=time.monotonic() + 0.5
        )


def test_the_probe_is_a_round_trip() -> None:
    assert round_trip_with(agree_and_echo).status == 101
    assert round_trip_with(agree_and_echo, replace(HELLO, contains=b"hello")).status == 101
    with pytest.raises(ServerStartError, match=r"GET /ws/ got no response .*\(no message came\)"):
        round_trip_with(agree_and_echo, replace(HELLO, contains=b"other"))


async def closes_with_1011(peer: Peer) -> None:
    await agree(peer)
    await peer.message()
    await peer.send(frame(struct.pack("!H", 1011) + b"oh", CLOSE))


@pytest.mark.parametrize(
    ("behave", "said"),
    [
        (
            always(answer("403 Forbidden", b"no")),
            "GET /ws/ returned 403 Forbidden, expected 101",
        ),
        (once(b"HTTP/1.1 403 No\r\n\r\nno"), "GET /ws/ returned 403 No, expected 101 (that the"),
        (always(answer("200 OK", b"a page")), "GET /ws/ returned 200 OK, expected 101 (that the"),
        (closes_with_1011, "GET /ws/ got a WebSocket that failed: closed with 1011 (oh)"),
        (agree, "GET /ws/ got a WebSocket that was closed early, without a message"),
        (always(b"SSH-2.0\r\n\r\n"), "GET /ws/ got a WebSocket that failed: did not receive"),
    ],
    ids=["403", "403 without a length", "page", "closed", "closed early", "no HTTP"],
)
def test_a_probe_that_fails_is_described(behave: Behaviour, said: str) -> None:
    with pytest.raises(ProbeError, match=re.escape(said)):
        round_trip_with(behave)


async def in_one_send(peer: Peer) -> None:
    """Send each message in two frames, at once."""
    await agree(peer)
    while True:
        await peer.message()
        await peer.send(frame(b"hel", 0x01) + frame(b"lo", 0x80))


async def in_three_pieces(peer: Peer) -> None:
    """Send each message in three pieces."""
    await agree(peer)
    while True:
        await peer.message()
        for piece in (b"\x81", b"\x05he", b"llo"):
            await peer.send(piece)
            # Longer than a kernel waits to send small pieces together.
            await peer.pause(0.06)


@pytest.mark.parametrize("behave", [in_one_send, in_three_pieces])
def test_frames_and_pieces_make_one_message(behave: Behaviour) -> None:
    report = say(behave)
    assert classes(report) == {"ok"}
    assert {size for size, _ in report.counts.sizes} == {5}


async def garbage(peer: Peer) -> None:
    """Respond to a handshake with something else than HTTP."""
    await peer.request()
    await peer.send(b"\x00\x01\x02 no response\r\n\r\n")
    await peer.hang()


async def ends_handshakes(peer: Peer) -> None:
    """Close in the middle of a response to a handshake."""
    await peer.request()
    await peer.send(b"HTTP/1.1 101 Switching")


@pytest.mark.parametrize(
    ("behave", "kinds"),
    [
        (garbage, {"bad response"}),
        (ends_handshakes, {"closed early"}),
        (once(b""), {"closed early"}),
        # A handshake that reaches the server after its close is answered by a reset.
        (closes, {"closed early", "reset"}),
    ],
)
def test_a_handshake_that_fails_is_an_error(behave: Behaviour, kinds: set[str]) -> None:
    report = say(behave)
    assert classes(report) == {"error"}
    assert {*report.counts.error_kinds} <= kinds

"""The time to the first byte of responses in one piece and in several."""

from __future__ import annotations

import pytest

from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.in_pieces import InPieces, PieceTimes
from pytest_djworkers.load.merge import merge_agents, merge_windows
from pytest_djworkers.load.profile import Part, Profile, SentRequest, Shape
from pytest_djworkers.load.result import BurstResult
from tests.support.fault_server import Peer, always, answer, serve
from tests.support.faults import CHUNKED
from tests.support.firing import fire, fire_profile
from tests.support.profiles import make_profile
from tests.support.results import RESULT

PAUSE_S = 0.1


async def in_pieces(peer: Peer) -> None:
    """Begin each response at once, and end it after two pauses."""
    while True:
        await peer.request()
        await peer.send(CHUNKED + b"3\r\none\r\n")
        for piece in (b"3\r\ntwo\r\n", b"5\r\nthree\r\n0\r\n\r\n"):
            await peer.pause(PAUSE_S)
            await peer.send(piece)


async def both(peer: Peer) -> None:
    """Respond to /stream in pieces, and to all else at once."""
    while True:
        if not (await peer.request()).startswith(b"GET /stream "):
            await peer.send(answer())
            continue
        await peer.send(CHUNKED)
        await peer.pause(PAUSE_S)
        await peer.send(b"0\r\n\r\n")


def result_of(address: tuple[str, int], profile: Profile) -> BurstResult:
    return merge_agents(profile, [fire_profile(address, profile)])


def test_the_first_byte_of_a_stream_comes_before_its_last_one() -> None:
    with serve(in_pieces) as server:
        result = result_of(server.address, make_profile(duration_s=1.0))
    assert result.first_byte is not None
    assert result.latency is not None
    assert result.first_byte.count == result.latency.count >= 4
    assert (result.latency.nearest_rank(50) or 0) >= 2 * PAUSE_S
    assert (result.first_byte.nearest_rank(50) or 1) < PAUSE_S
    assert result.body_bytes == len("onetwothree")


def test_a_response_in_one_piece_has_its_first_byte_with_its_last() -> None:
    with serve(always(answer(body=b"x" * 1000))) as server:
        result = result_of(server.address, make_profile())
    assert result.in_pieces == InPieces(Latency(()), Latency(()))
    assert result.first_byte is result.latency
    assert result.body_bytes == 1000


def test_the_next_response_on_a_connection_has_a_first_byte_of_its_own() -> None:
    profile = Profile.of_parts(
        "mix",
        (Part("stream", (SentRequest("/stream"),)), Part("plain", (SentRequest("/"),))),
        Shape(connections=2, duration_s=1.0, timeout_s=5, warmup_s=0),
    )
    with serve(both) as server:
        result = result_of(server.address, profile)
    stream, plain = result.part("stream"), result.part("plain")
    assert stream.in_pieces is not None
    assert stream.in_pieces.first.count == stream.ok
    assert plain.first_byte is plain.latency
    # Those of the parts are those of the whole.
    assert result.in_pieces == stream.in_pieces


def test_an_unanswered_request_has_the_first_byte_that_came() -> None:
    async def never_ends(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED)
        await peer.hang()

    with serve(never_ends) as server:
        report = fire(server.address, timeout_s=0.1, duration_s=0.5)
    assert report.counts.unanswered == 4
    assert sum(count for us, count in report.counts.first_bytes if us < 100_000) == 4
    assert sum(count for us, count in report.counts.in_pieces if us >= 400_000) == 4


def test_windows_of_a_comparison_add_up() -> None:
    profile = make_profile(duration_s=0.5)
    with serve(in_pieces) as server:
        reports = [fire_profile(server.address, profile, drain_s=6) for _ in range(2)]
    assert RESULT.server is not None
    result = merge_windows(profile, reports, RESULT.server)
    assert result.in_pieces is not None
    assert result.in_pieces.first.count == result.ok == sum(report.counts.ok for report in reports)


@pytest.mark.parametrize("us", [1.2, 3.7, 1023.9, 1024, 5_000.4, 70_000.5, 3e6, 1e11])
def test_the_same_sample_is_taken_off_whatever_its_size(us: float) -> None:
    times = PieceTimes()
    times.add(us / 2, us)
    times.fold()
    found = InPieces(Latency(tuple(times.first())), Latency(tuple(times.whole())))
    latency = Latency.from_counts({found.whole.counts[0][0]: 2})
    assert found.first_byte_of(latency).counts == tuple(
        sorted([found.first.counts[0], found.whole.counts[0]])
    )

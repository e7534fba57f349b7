"""Events are counted as the HTML standard has them, in whatever pieces they come."""

from __future__ import annotations

import pytest

from pytest_djworkers.load.event_stream import EventCounter, StreamReader

STREAMS = {
    b"data: one\n\ndata: two\n\n": 2,
    b"data: one\r\n\r\ndata\r\n\r\n": 2,
    b"data: one\r\rdata: two\r\r": 2,
    b"data: one\r\n\ndata: two\n\r\n": 2,
    b"event: added\nid: 7\ndata: a\ndata: b\n\n": 1,
    b": keep-alive\n\n:\n\n": 0,
    b"retry: 3000\n\nid: 1\n\nevent: x\n\n": 0,
    b": first\ndata: one\n\n": 1,
    b"\n\n\ndata:one\n\n\n\n": 1,
    b"data: not ended\n": 0,
    b"database: x\n\n": 0,
    b"\xef\xbb\xbfdata: one\n\n": 1,
    b" data: one\n\n": 0,
    "data: \u2028 \x0b \x0c \x85\n\n".encode(): 1,
}


@pytest.mark.parametrize("stream", STREAMS, ids=repr)
def test_an_event_is_data_that_ends_with_a_blank_line(stream: bytes) -> None:
    assert EventCounter().feed(stream) == STREAMS[stream]
    for size in (1, 2, 3):
        counter = EventCounter()
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert sum(map(counter.feed, pieces)) == STREAMS[stream]


@pytest.mark.parametrize(
    ("kind", "events", "is_answered"),
    [
        (b"text/event-stream", 1, [False, False, True]),
        (b"Text/Event-Stream; charset=utf-8", 1, [False, False, True]),
        (b"text/csv", 0, [False, True, True]),
    ],
)
def test_a_stream_is_answered_at_its_first_event(
    kind: bytes, events: int, is_answered: list[bool]
) -> None:
    reader = StreamReader()
    seen = []
    head = b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\n\r\n"
    for piece in (head, b": hello\n\n", b"data: 1\n\n"):
        reader.feed(piece)
        seen.append(reader.is_answered)
    assert seen == is_answered
    assert (reader.status, reader.take_events(), reader.take_events()) == (200, events, 0)
    reader.release()


def test_the_next_response_on_a_connection_is_answered_anew() -> None:
    reader = StreamReader()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\n"
    reader.feed(head + b"data: 1\n\n")
    seen = [reader.is_answered]
    assert reader.take() == 200
    reader.feed(head)
    seen.append(reader.is_answered)
    assert seen == [True, False]
    reader.release()

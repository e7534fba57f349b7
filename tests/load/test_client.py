"""The client protocol, held against h11 on answers cut at random places."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from itertools import pairwise

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_djworkers.load.client import (
    LONGEST_HEAD,
    BadResponse,
    CheckingResponseReader,
    HeadResponseReader,
    ResponseReader,
)
from pytest_djworkers.load.known_heads import KnownHeads

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(frozen=True)
class Answer:
    """A response as sent, and what only the test that makes it knows of it."""

    data: bytes
    method: str = "GET"
    stays_by_1_0: bool = False
    """HTTP/1.0 and asked to stay open, which h11 never does."""


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """The data cut at these places."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[begin:end] for begin, end in pairwise(places) if begin < end]


@st.composite
def heads(draw: st.DrawFn, version: str, status: int, headers: list[str]) -> bytes:
    """A head with these headers, and others that mean nothing here, in any order."""
    reason = draw(st.sampled_from(["", " ", " OK", " Quite All Right"]))
    others = draw(st.lists(st.sampled_from(["Server: x", "X-Empty:", "Date:  y "]), unique=True))
    lines = [f"HTTP/{version} {status}{reason}", *draw(st.permutations([*headers, *others]))]
    return "\r\n".join([*lines, "", ""]).encode()


@st.composite
def chunked_bodies(draw: st.DrawFn) -> bytes:
    """A body in chunks, some with extensions, perhaps with trailers."""
    extension = draw(st.sampled_from([b"", b";a", b";a=b"]))
    chunks = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=4))
    trailers = draw(st.sampled_from([b"", b"X-Sum: 1\r\n", b"X-Sum: 1\r\nX-More: 2\r\n"]))
    sent = [b"%X%s\r\n%s\r\n" % (len(chunk), extension, chunk) for chunk in chunks]
    return b"".join(sent) + b"0\r\n" + trailers + b"\r\n"


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """A valid response to GET or HEAD: framed in any way, with interim ones before it."""
    method = draw(st.sampled_from(["GET", "HEAD"]))
    version = draw(st.sampled_from(["1.0", "1.1"]))
    status = draw(st.sampled_from([200, 201, 204, 206, 302, 304, 404, 500, 599]))
    length = st.just("length")
    framing = draw(length | st.just("close") | (st.just("chunked") if version == "1.1" else length))
    body = draw(st.binary(max_size=60))
    headers: list[str] = []
    if framing == "length":
        headers.append(
            draw(st.sampled_from(["Content-Length", "content-length"])) + f": {len(body)}"
        )
    elif framing == "chunked":
        headers.append("Transfer-Encoding: chunked")
        body = draw(chunked_bodies())
    connection = draw(st.sampled_from(["", "close", "Close", "keep-alive", "x, close"]))
    if connection:
        headers.append(f"Connection: {connection}")
    interim = b"".join(
        draw(heads("1.1", early, [])) for early in draw(st.lists(st.sampled_from([100, 102, 103])))
    )
    head = draw(heads(version, status, headers))
    bodiless = method == "HEAD" or status in {204, 304}
    return Answer(
        interim + head + (b"" if bodiless else body),
        method,
        stays_by_1_0=version == "1.0"
        and connection == "keep-alive"
        and (framing == "length" or status in {204, 304}),
    )


class Oracle:
    """Reads the same bytes with h11."""

    def __init__(self, method: str) -> None:
        self._connection = h11.Connection(h11.CLIENT)
        self._connection.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        self._connection.send(h11.EndOfMessage())
        self.status = 0
        self.complete = False
        self.keep_alive = False

    def feed(self, data: bytes) -> None:
        """Read some bytes; none at all are the end of the connection."""
        self._connection.receive_data(data)
        while not self.complete:
            event = self._connection.next_event()
            if event is h11.NEED_DATA:
                return
            if isinstance(event, h11.Response):
                self.status = event.status_code
            self.complete = isinstance(event, h11.EndOfMessage)
        self.keep_alive = bool(data) and self._connection.their_state is h11.DONE


def make_reader(method: str) -> ResponseReader:
    """Return a reader of the responses to this method."""
    return HeadResponseReader() if method == "HEAD" else ResponseReader()


@settings(max_examples=200)
@given(answers(), st.lists(st.integers(0, 10_000), max_size=12))
@example(Answer(b"HTTP/1.1 200 OK\r\n\r\n", "HEAD"), [])
@example(Answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "HEAD"), [])
@example(Answer(b"HTTP/1.0 200 OK\r\n\r\n", "HEAD"), [])
def test_a_valid_response_is_read_as_h11_reads_it(answer: Answer, cuts: list[int]) -> None:
    reader, oracle = make_reader(answer.method), Oracle(answer.method)
    for piece in pieces(answer.data, cuts):
        assert not reader.complete
        reader.feed(piece)
        oracle.feed(piece)
        assert bool(reader.complete) is oracle.complete
        assert reader.is_partial is not oracle.complete
    if not reader.complete:
        oracle.feed(b"")
        assert reader.close_ends_response()
    assert oracle.complete
    assert not reader.is_partial
    assert reader.status == oracle.status
    assert reader.keep_alive is (oracle.keep_alive or answer.stays_by_1_0)
    assert reader.take() == oracle.status


@given(answers(), st.integers(0))
def test_a_response_that_is_cut_off_is_not_complete(answer: Answer, cut: int) -> None:
    reader, oracle = make_reader(answer.method), Oracle(answer.method)
    data = answer.data[: 1 + cut % len(answer.data)]
    reader.feed(data)
    oracle.feed(data)
    assert bool(reader.complete) is oracle.complete
    if not oracle.complete:
        try:
            oracle.feed(b"")
        except h11.RemoteProtocolError:
            assert not reader.close_ends_response()
        else:
            assert reader.close_ends_response() is oracle.complete


@settings(max_examples=30)
@given(st.lists(answers().filter(lambda answer: answer.method == "GET"), min_size=2, max_size=4))
def test_responses_that_follow_each_other_are_told_apart(several: list[Answer]) -> None:
    reader = ResponseReader()
    for answer in several:
        oracle = Oracle("GET")
        oracle.feed(answer.data)
        reader.feed(answer.data)
        assert bool(reader.complete) is oracle.complete
        if not reader.complete or not reader.keep_alive:
            return
        assert reader.take() == oracle.status


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BAD = {
    "no version": b"200 OK\r\n\r\n",
    "another protocol": b"HTTPS/1.1 200 OK\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "a length with a sign": b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
    "a length in hexadecimal": b"HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nx",
    "no length in its header": b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "a length beyond all bounds": b"HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n" % (b"9" * 40),
    "a header without a colon": b"HTTP/1.1 200 OK\r\nServer\r\n\r\n",
    "a header without a name": b"HTTP/1.1 200 OK\r\n: x\r\n\r\n",
    "a space in a header's name": b"HTTP/1.1 200 OK\r\nX Y: z\r\n\r\n",
    "a null in a header": b"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n",
    "a chunk size that is no number": CHUNKED + b"z\r\n",
    "a negative chunk size": CHUNKED + b"-1\r\n",
    "no chunk size": CHUNKED + b"\r\n",
    "a chunk longer than it says": CHUNKED + b"1\r\nxx\r\n",
}


def refuses(reader: ResponseReader | Oracle, data: list[bytes]) -> bool:
    """Return True if the reader refuses these bytes."""
    try:
        for piece in data:
            reader.feed(piece)
    except (BadResponse, h11.RemoteProtocolError):
        return True
    return False


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
@given(cuts=st.lists(st.integers(0, 200), max_size=6))
def test_an_invalid_response_is_refused_as_h11_refuses_it(data: bytes, cuts: list[int]) -> None:
    assert refuses(ResponseReader(), pieces(data, cuts))
    assert refuses(Oracle("GET"), pieces(data, cuts))


@pytest.mark.parametrize("status", ["000", "099", "101"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_status_that_is_neither_final_nor_interim_is_refused(status: str, method: str) -> None:
    headers = "Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 0\r\n"
    with pytest.raises(BadResponse):
        make_reader(method).feed(f"HTTP/1.1 {status} X\r\n{headers}\r\n".encode())


# The parser also takes RTSP and ICE, which nobody serves by mistake.
@given(st.binary(min_size=1).filter(lambda data: data[0] not in b"\r\nHRI"))
def test_bytes_that_do_not_begin_as_a_response_are_refused(garbage: bytes) -> None:
    assert refuses(ResponseReader(), [garbage])


@given(answers(), st.integers(0), st.binary(max_size=3), st.lists(st.integers(0, 999), max_size=3))
@example(Answer(OK), 0, b"", [])
def test_damaged_bytes_are_a_response_or_are_refused(
    answer: Answer, place: int, damage: bytes, cuts: list[int]
) -> None:
    place %= len(answer.data)
    reader = make_reader(answer.method)
    if not refuses(reader, pieces(answer.data[:place] + damage + answer.data[place + 1 :], cuts)):
        assert reader.complete or not reader.close_ends_response() or reader.status >= 200


@pytest.mark.parametrize("step", [1000, 65_536])
@pytest.mark.parametrize(
    "beginning", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"]
)
def test_a_head_that_never_ends_is_refused(beginning: bytes, step: int) -> None:
    reader = ResponseReader()
    reader.feed(beginning)
    line = b"X-More: %s\r\n" % (b"y" * (step - 10))
    assert refuses(reader, [line] * (LONGEST_HEAD // step + 2))


def test_interim_responses_that_never_end_are_refused() -> None:
    reader = ResponseReader()
    assert refuses(reader, [b"HTTP/1.1 100 Continue\r\n\r\n"] * LONGEST_HEAD)


@pytest.mark.parametrize("framed", [True, False])
def test_a_long_body_is_not_kept(framed: bool) -> None:
    reader = ResponseReader()
    length = b"Content-Length: 99999999\r\n" if framed else b""
    reader.feed(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
    for _ in range(100):
        reader.feed(b"x" * 65_536)
    assert len(reader._before_body) <= 2 * LONGEST_HEAD
    assert reader.close_ends_response() is not framed


def test_a_long_body_is_read_to_its_end() -> None:
    reader = ResponseReader()
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 6553600\r\n\r\n")
    for _ in range(100):
        assert not reader.complete
        reader.feed(b"x" * 65_536)
    assert reader.complete == 1
    assert reader.keep_alive


def test_two_responses_at_once_are_counted() -> None:
    reader = ResponseReader()
    reader.feed(OK + OK)
    assert (reader.complete, reader.is_partial) == (2, False)


@pytest.mark.parametrize("more", range(1, len(OK)))
def test_the_beginning_of_a_second_response_is_noticed(more: int) -> None:
    reader = ResponseReader()
    reader.feed(OK + OK[:more])
    assert (reader.complete, reader.is_partial) == (1, True)


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 2\r\n", b"ok"),
        (b"Transfer-Encoding: chunked\r\n", b"2\r\nok\r\n0\r\n\r\n"),
        (b"", b"ok"),
    ],
)
def test_a_body_after_a_response_to_head_is_noticed(framing: bytes, body: bytes) -> None:
    reader = HeadResponseReader()
    reader.feed(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n" + body)
    assert reader.complete > 1


def test_a_second_response_to_head_is_noticed() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    reader = HeadResponseReader()
    reader.feed(head + head[:9])
    assert (reader.complete, reader.is_partial) == (1, True)


def test_an_interim_response_is_the_beginning_of_a_response() -> None:
    reader = ResponseReader()
    reader.feed(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert (reader.complete, reader.is_partial) == (0, True)
    assert not reader.close_ends_response()


# Heads that were parsed before.


@given(answers(), st.binary(max_size=60))
def test_a_known_head_gives_the_same_result_as_the_parser(
    answer: Answer, other_body: bytes
) -> None:
    heads = KnownHeads()
    reader = HeadResponseReader() if answer.method == "HEAD" else ResponseReader()
    reader.feed(answer.data)
    if reader.complete != 1 or not reader.keep_alive or reader.is_partial:
        return
    heads.learn(answer.data, reader.take())
    for head, size in heads.items():
        # Any body of that length is an answer of the same kind.
        body = (other_body * size)[: size - len(head)]
        if len(body) < size - len(head):
            continue
        again = HeadResponseReader() if answer.method == "HEAD" else ResponseReader()
        again.feed(head + body)
        assert (again.complete, again.is_partial, again.keep_alive) == (1, False, True)
        assert again.take() == heads.status


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 204 N\r\n\r\n",
    ],
)
def test_a_head_that_does_not_say_where_the_body_ends_is_not_remembered(data: bytes) -> None:
    heads = KnownHeads()
    heads.learn(data, 200)
    assert not heads


def test_only_whole_responses_with_a_known_head_are_known() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    heads = KnownHeads()
    heads.learn(head + b"ok", 200)
    assert not any(heads.knows(data) for data in (b"", head, head + b"o", head[1:] + b"ok!"))
    assert heads.latest[1] < 0
    assert heads.knows(head + b"ko")
    assert heads.latest == (head, len(head) + 2)
    heads.clear()
    assert not heads.knows(head + b"ko")
    assert heads.latest[1] < 0


def test_heads_of_one_status_are_remembered() -> None:
    created = b"HTTP/1.1 201 C\r\nContent-Length: 2\r\n\r\n"
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    heads = KnownHeads()
    heads.learn(created + b"ok", 201)
    heads.learn(ok + b"ok", 200)
    assert (heads, heads.status) == ({created: len(created) + 2}, 201)
    heads.clear()
    heads.learn(ok + b"ok", 200)
    assert (heads, heads.status) == ({ok: len(ok) + 2}, 200)


def test_parsers_of_heads_are_freed_without_collecting_cycles() -> None:
    heads = KnownHeads()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(100):
            heads.clear()
            heads.learn(OK, 200)
        assert len(gc.get_objects()) < before + 50
    finally:
        gc.enable()


def test_few_heads_are_remembered() -> None:
    heads = KnownHeads()
    for number in range(1000):
        heads.learn(b"HTTP/1.1 200 OK\r\nX: %d\r\nContent-Length: 2\r\n\r\nok" % number, 200)
    assert 10 <= len(heads) <= 100


@given(answers(), st.lists(st.integers(0), max_size=5))
def test_bytes_in_a_body_are_found_in_whatever_pieces_it_comes(
    answer: Answer, cuts: list[int]
) -> None:
    if answer.method == "HEAD":
        return
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(answer.data)
    body = b""
    while (event := peer.next_event()) is not h11.NEED_DATA and not isinstance(
        event, h11.EndOfMessage
    ):
        if isinstance(event, h11.Data):
            body += event.data
    for wanted, fits in ((body[1:-1] or body, True), (body + b"x", False)):
        reader = CheckingResponseReader(wanted)
        for piece in pieces(answer.data, cuts):
            reader.feed(piece)
        assert reader.fits is fits

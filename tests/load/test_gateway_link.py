"""The bytes to a gateway's other side: whole, in time, and never without end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from execnet.gateway_base import get_execmodel

from pytest_djworkers.load import gateway_link as module
from pytest_djworkers.load.gateway_link import Link, LinkEnded

Ends = tuple[Link, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """A link, and the other side's socket."""
    one, other = socket.socketpair()
    link = Link.to_socket(one, get_execmodel("thread"))
    with other:
        yield link, other
        link.abandon()


def test_exactly_so_many_bytes_are_read(ends: Ends) -> None:
    link, other = ends
    other.sendall(b"ab")
    threading.Timer(0.05, other.sendall, [b"cde"]).start()
    assert link.read(4) == b"abcd"
    assert link.read(1) == b"e"
    assert link.wait() is None


def test_a_deadline_that_is_taken_away_is_none(ends: Ends) -> None:
    link, other = ends
    link.deadline = time.monotonic() + 0.1

    def open_up() -> None:
        link.deadline = None

    threading.Timer(0.02, open_up).start()
    threading.Timer(0.3, other.sendall, [b"late"]).start()
    assert link.read(4) == b"late"


def test_a_deadline_ends_the_wait(ends: Ends) -> None:
    link, _ = ends
    link.deadline = time.monotonic() + 0.05
    with pytest.raises(TimeoutError):
        link.read(1)


def test_the_end_is_told_from_that_of_an_open_gateway(ends: Ends) -> None:
    link, other = ends
    other.shutdown(socket.SHUT_WR)
    with pytest.raises(EOFError):
        link.read(1)
    link.deadline = time.monotonic() + 30
    with pytest.raises(LinkEnded):
        link.read(1)


def test_a_side_that_reads_nothing_blocks_nobody(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, _ = ends
    monkeypatch.setattr(module, "_WRITTEN_WITHIN_S", 0.05)
    with pytest.raises(TimeoutError, match="the gateway takes no more data"):
        link.write(b"x" * 10_000_000)
    link.close_write()
    with pytest.raises(OSError, match="the gateway is closed"):
        link.write(b"x")

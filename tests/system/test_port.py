"""A reserved port: nobody else gets it, and a server can have it again and again."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pytest_djworkers.system.port import LOOPBACK, ReservedPort


@pytest.fixture
def port() -> Iterator[int]:
    """The number of a port that is reserved for the test."""
    reserved = ReservedPort()
    yield reserved.number
    reserved.release()


def listen(port: int) -> socket.socket:
    """Listen as servers do."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((LOOPBACK, port))
    server.listen()
    return server


def test_nobody_who_asks_for_any_port_gets_it(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(300):
            other = stack.enter_context(socket.socket())
            other.bind((LOOPBACK, 0))
            assert other.getsockname()[1] != port


def test_nobody_who_asks_for_this_port_gets_it(port: int) -> None:
    with socket.socket() as other, pytest.raises(OSError) as error:  # noqa: PT011  # errno below
        other.bind((LOOPBACK, port))
    assert error.value.errno == errno.EADDRINUSE


def test_connections_to_a_reserved_port_are_refused(port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port))


def test_a_server_can_have_it_at_every_launch(port: int) -> None:
    for _ in range(5):
        with (
            listen(port) as server,
            socket.create_connection((LOOPBACK, port)) as client,
            server.accept()[0] as accepted,
        ):
            # The server closes first, so that its side is the one that lingers.
            accepted.close()
            assert client.recv(1) == b""


def test_it_is_reserved_at_the_address_that_is_asked_for() -> None:
    reserved = ReservedPort("127.0.0.2")
    with socket.socket() as other, pytest.raises(OSError) as error:  # noqa: PT011  # errno below
        other.bind(("127.0.0.2", reserved.number))
    reserved.release()
    assert error.value.errno == errno.EADDRINUSE


def test_it_is_given_back() -> None:
    reserved = ReservedPort()
    reserved.release()
    with socket.socket() as other:
        other.bind((LOOPBACK, reserved.number))


def test_two_of_them_differ(port: int) -> None:
    other = ReservedPort()
    assert other.number != port
    other.release()

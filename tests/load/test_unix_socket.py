"""Bursts at a Unix socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.pool import Pool
from pytest_djworkers.load.route import Route
from tests.support.fault_server import (
    LOCAL,
    Peer,
    always,
    answer,
    serve,
    unix_listener,
)
from tests.support.firing import classes, fire
from tests.support.profiles import ROOT, make_profile

ADDRESS = (LOCAL, 80)
OK = answer()


@pytest.fixture
def path(tmp_path: Path) -> str:
    """One that is short enough."""
    return str(tmp_path / "s")


def test_requests_to_a_unix_socket_are_those_to_an_address(path: str) -> None:
    with serve(always(OK), ADDRESS, unix_socket=path) as server:
        report = fire(ADDRESS, route=Route(unix_socket=path))
    assert classes(report) == {"ok"}
    assert report.opened == 4
    assert {*server.requests} == {ROOT.encode("127.0.0.1:80")}


async def answers_and_closes(peer: Peer) -> None:
    """Respond, and close the connection without having said so."""
    await peer.request()
    await peer.send(OK)


def test_what_a_unix_socket_has_taken_is_not_sent_again(path: str) -> None:
    with serve(answers_and_closes, unix_socket=path):
        report = fire(ADDRESS, route=Route(unix_socket=path))
    assert report.counts.ok
    # No system says if it was read. What the socket didn't take is sent again.
    assert report.counts.error
    assert report.counts.error_kinds.keys() <= {"closed early", "reset"}


def test_a_path_without_a_server_is_an_error(path: str) -> None:
    report = fire(ADDRESS, route=Route(unix_socket=path), duration_s=0.15)
    assert report.counts.error_kinds.keys() == {"connect failed"}


@pytest.fixture
def listener(path: str) -> Iterator[socket.socket]:
    """Where two connections wait to be accepted, and no more."""
    with unix_listener(path, 1) as sock:
        yield sock


def test_opening_waits_for_a_full_backlog(listener: socket.socket, path: str) -> None:
    async def opened() -> int:
        pool = Pool(make_profile(connections=6), ADDRESS, 6, route=Route(unix_socket=path))
        try:
            accepted = []
            opening = asyncio.create_task(pool.open(60.0))
            while not opening.done():
                await asyncio.sleep(0.01)
                accepted.append(listener.accept()[0])
                if len(accepted) == 6:
                    break
            count = await opening
            for connection in accepted:
                connection.close()
            return count
        finally:
            pool.close()

    assert asyncio.run(opened()) == 6


@pytest.mark.usefixtures("listener")
def test_a_backlog_that_stays_full_is_an_error_of_its_own(path: str) -> None:
    report = fire(ADDRESS, route=Route(unix_socket=path), timeout_s=0.1)
    assert report.opened == 2
    assert report.counts.error_kinds.keys() == {"backlog full"}
    assert report.counts.unanswered == 2


def test_agents_fire_at_a_unix_socket(path: str, tmp_path: Path) -> None:
    with serve(always(OK), unix_socket=path):
        target = Target(ADDRESS, tmp_path, route=Route(unix_socket=path))
        result = AsyncioGenerator(2).fire(make_profile(warmup_s=0.05), target)
    assert result.ok
    assert (result.unexpected, result.error, result.connections.opened) == (0, 0, 4)

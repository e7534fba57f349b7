"""Both pollers say the same of the same sockets."""

from __future__ import annotations

import select
import selectors
import socket
from collections.abc import Iterator

import pytest

from pytest_djworkers.load.poller import (
    READ,
    WRITE,
    EpollPoller,
    Poller,
    SelectorPoller,
    make_poller,
)

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=["epoll", "selector"])
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    made: Poller
    if request.param == "selector":
        made = SelectorPoller(selectors.DefaultSelector())
    elif hasattr(select, "epoll"):
        made = EpollPoller()
    else:
        pytest.skip("there is no epoll here")
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        yield near, far


def is_ready(poller: Poller) -> bool:
    """Return True if a loop that watches the poller's own descriptor would wake up."""
    return bool(select.select([poller.fileno()], [], [], 0)[0])


def test_nothing_is_ready_at_first(poller: Poller, pair: Pair) -> None:
    assert poller.poll() == []
    poller.register(pair[0].fileno(), READ)
    assert poller.poll() == []
    assert not is_ready(poller)


def test_a_socket_with_data_is_ready_until_it_is_read(poller: Poller, pair: Pair) -> None:
    near, far = pair
    poller.register(near.fileno(), READ)
    far.send(b"x")
    assert is_ready(poller)
    assert poller.poll() == poller.poll() == [(near.fileno(), READ)]
    near.recv(1)
    assert poller.poll() == []


@pytest.mark.parametrize(("mask", "found"), [(WRITE, WRITE), (READ | WRITE, READ | WRITE)])
def test_a_socket_is_ready_only_for_what_its_mask_says(
    poller: Poller, pair: Pair, mask: int, found: int
) -> None:
    near, far = pair
    far.send(b"x")
    poller.register(near.fileno(), mask)
    assert poller.poll() == [(near.fileno(), found)]


def test_a_changed_mask_holds_from_then_on(poller: Poller, pair: Pair) -> None:
    near, _ = pair
    poller.register(near.fileno(), WRITE)
    poller.modify(near.fileno(), READ)
    assert poller.poll() == []
    poller.modify(near.fileno(), READ | WRITE)
    assert poller.poll() == [(near.fileno(), WRITE)]


def test_an_unregistered_socket_is_not_ready(poller: Poller, pair: Pair) -> None:
    near, _ = pair
    poller.register(near.fileno(), WRITE)
    poller.unregister(near.fileno())
    assert poller.poll() == []
    assert not is_ready(poller)


@pytest.mark.parametrize("mask", [READ, READ | WRITE])
def test_a_socket_that_the_other_side_closed_is_ready_to_read(
    poller: Poller, pair: Pair, mask: int
) -> None:
    near, far = pair
    poller.register(near.fileno(), mask)
    far.close()
    ((fd, found),) = poller.poll()
    assert fd == near.fileno()
    assert found & ~WRITE


def test_epoll_is_used_if_the_system_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_poller()
    assert isinstance(first, EpollPoller if hasattr(select, "epoll") else SelectorPoller)
    first.close()
    monkeypatch.delattr(select, "epoll", raising=False)
    second = make_poller()
    assert isinstance(second, SelectorPoller)
    second.close()

"""Many sockets behind one file descriptor that an asyncio loop can watch.

An epoll object is itself a file that can be polled, and so is a kqueue: the loop watches
one descriptor however many connections there are, and each wake-up drains a whole batch
(a transport per connection costs about three times as much CPU per request).
"""

from __future__ import annotations

import select
import selectors
from typing import Protocol

READ = 1
WRITE = 4
_BATCH = 4096


class Poller(Protocol):
    """Which descriptors are ready. Masks are READ, WRITE, or both; errors count as READ."""

    def fileno(self) -> int:
        """The descriptor that is readable while any registered one is ready."""

    def register(self, fd: int, mask: int) -> None:
        """Watch a descriptor."""

    def modify(self, fd: int, mask: int) -> None:
        """Watch it for something else."""

    def unregister(self, fd: int) -> None:
        """Watch it no more; before it is closed."""

    def poll(self) -> list[tuple[int, int]]:
        """What is ready now, without waiting: descriptors and masks."""

    def close(self) -> None:
        """Give the descriptor back."""


class EpollPoller:
    """Linux. The hot method is epoll's own; there is no Python frame between."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self.fileno = self._epoll.fileno
        self.register = self._epoll.register
        self.modify = self._epoll.modify
        self.unregister = self._epoll.unregister
        self.close = self._epoll.close

    def poll(self) -> list[tuple[int, int]]:
        """What is ready now. EPOLLERR and EPOLLHUP come with neither READ nor WRITE set."""
        return self._epoll.poll(0, _BATCH)


class SelectorPoller:
    """Elsewhere: any selector of the standard library that has a descriptor, such as kqueue."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector

    def fileno(self) -> int:
        """The selector's own descriptor."""
        number: int = self._selector.fileno()  # type: ignore[attr-defined]  # not in the base
        return number

    def register(self, fd: int, mask: int) -> None:
        """Watch a descriptor."""
        self._selector.register(fd, _events(mask))

    def modify(self, fd: int, mask: int) -> None:
        """Watch it for something else."""
        self._selector.modify(fd, _events(mask))

    def unregister(self, fd: int) -> None:
        """Watch it no more."""
        self._selector.unregister(fd)

    def poll(self) -> list[tuple[int, int]]:
        """What is ready now."""
        return [(key.fd, _mask(events)) for key, events in self._selector.select(0)]

    def close(self) -> None:
        """Give the descriptor back."""
        self._selector.close()


def make_poller() -> Poller:
    """The cheapest poller that this system has."""
    if hasattr(select, "epoll"):
        return EpollPoller()
    return SelectorPoller(selectors.DefaultSelector())


def _events(mask: int) -> int:
    return (selectors.EVENT_READ if mask & READ else 0) | (
        selectors.EVENT_WRITE if mask & WRITE else 0
    )


def _mask(events: int) -> int:
    return (READ if events & selectors.EVENT_READ else 0) | (
        WRITE if events & selectors.EVENT_WRITE else 0
    )

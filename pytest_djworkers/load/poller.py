"""Many sockets behind one file descriptor that an asyncio loop can watch.

An epoll object is itself a file that can be polled, and so is a kqueue. So the loop watches one
descriptor however many connections there are, and each wake-up handles a whole batch. A transport
per connection would cost about three times as much CPU time per request.
"""

from __future__ import annotations

import select
import selectors
from typing import Protocol

READ = 1
WRITE = 4
"""Both have the values of EPOLLIN and EPOLLOUT, so that masks need no translation on Linux."""
_BATCH = 4096
"""The number of events that one call of epoll returns at most."""


class Poller(Protocol):
    """Tells which descriptors are ready. Masks are READ, WRITE, or both; errors count as READ."""

    def fileno(self) -> int:
        """Return the descriptor that is readable while any registered one is ready."""

    def register(self, fd: int, mask: int) -> None:
        """Watch a descriptor."""

    def modify(self, fd: int, mask: int) -> None:
        """Watch a registered descriptor for something else."""

    def unregister(self, fd: int) -> None:
        """Watch a descriptor no more; to be called before it is closed."""

    def poll(self) -> list[tuple[int, int]]:
        """Return the descriptors that are ready now, each with its mask, without waiting."""

    def close(self) -> None:
        """Close the poller's own descriptor."""


class EpollPoller:
    """The poller of Linux. Its methods are epoll's own, without a Python frame between."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self.fileno = self._epoll.fileno
        self.register = self._epoll.register
        self.modify = self._epoll.modify
        self.unregister = self._epoll.unregister
        self.close = self._epoll.close

    def poll(self) -> list[tuple[int, int]]:
        """Return the descriptors that are ready now, each with its mask.

        A mask may have EPOLLERR or EPOLLHUP alone, with neither READ nor WRITE.
        """
        # Level-triggered: a socket that is not read to its end is in the next batch again, so
        # that no loop over each socket is needed. Most responses come with one read anyway.
        return self._epoll.poll(0, _BATCH)


class SelectorPoller:
    """The poller of other systems: a selector of the standard library, such as kqueue."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector

    def fileno(self) -> int:
        """Return the selector's own descriptor."""
        number: int = self._selector.fileno()  # type: ignore[attr-defined]  # not in the base
        return number

    def register(self, fd: int, mask: int) -> None:
        """Watch a descriptor."""
        self._selector.register(fd, _events(mask))

    def modify(self, fd: int, mask: int) -> None:
        """Watch a registered descriptor for something else."""
        self._selector.modify(fd, _events(mask))

    def unregister(self, fd: int) -> None:
        """Watch a descriptor no more."""
        self._selector.unregister(fd)

    def poll(self) -> list[tuple[int, int]]:
        """Return the descriptors that are ready now, each with its mask."""
        return [(key.fd, _mask(events)) for key, events in self._selector.select(0)]

    def close(self) -> None:
        """Close the selector's own descriptor."""
        self._selector.close()


def make_poller() -> Poller:
    """Return the cheapest poller that this system has."""
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

"""The items that come through a channel of execnet's, for those who wait with select(2)."""

from __future__ import annotations

import os
import select
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Any

from pytest_djworkers.system.clock import CLOCK

if TYPE_CHECKING:
    from execnet import Channel


class ChannelInbox:
    """The items that came through a channel, in their order; None is its end."""

    def __init__(self, channel: Channel) -> None:
        self._items: SimpleQueue[Any] = SimpleQueue()
        # The pipe only wakes: execnet's thread never waits for a reader, and reads for all.
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._lock = Lock()
        self._is_closed = False
        channel.setcallback(self.put, endmarker=None)

    def fileno(self) -> int:
        """Return a descriptor that is readable when something has come."""
        return self._reading

    def take(self) -> list[Any]:
        """Return what has come by now."""
        with suppress(BlockingIOError):
            os.read(self._reading, 1 << 16)
        items = []
        with suppress(Empty):
            while True:
                items.append(self._items.get_nowait())
        return items

    def next(self, deadline: float) -> Any:
        """Return the next item; None at the end. Raises TimeoutError at the monotonic deadline."""
        while True:
            with suppress(Empty):
                return self._items.get_nowait()
            left_s = deadline - CLOCK.monotonic()
            if left_s <= 0:
                raise TimeoutError
            select.select([self._reading], [], [], left_s)
            with suppress(BlockingIOError):
                os.read(self._reading, 1 << 16)

    def close(self) -> None:
        """Close the descriptors; what comes later is dropped."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                os.close(self._reading)
                os.close(self._writing)

    def put(self, item: Any) -> None:
        """Add an item at the end; execnet's thread does."""
        self._items.put(item)
        with self._lock:
            if not self._is_closed:
                # A full pipe wakes, too.
                with suppress(BlockingIOError):
                    os.write(self._writing, b".")

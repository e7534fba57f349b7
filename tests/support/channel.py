"""A channel of execnet's that goes nowhere: a test is its other end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class RemoteError(Exception):
    """What execnet raises for an exception on the other side."""


class FakeChannel:
    """Keeps what is sent, and is told what comes."""

    RemoteError = RemoteError

    def __init__(self, *comes: Any, fails: Exception | None = None) -> None:
        self.comes = comes
        self.sent: list[Any] = []
        self.is_closed = False
        self._fails = fails
        self.tell: Callable[[Any], object] = self.sent.append
        """What gives its reader an item; None is the end."""

    def setcallback(self, callback: Callable[[Any], object], endmarker: None) -> None:
        """Have the callback get what comes."""
        self.tell = callback
        for item in self.comes:
            callback(item)

    def __iter__(self) -> Iterator[Any]:
        """Yield what comes, without a callback."""
        return iter(self.comes)

    def send(self, item: Any) -> None:
        """Keep what is sent."""
        if self.is_closed:
            raise OSError("cannot send to a closed channel")
        self.sent.append(item)

    def close(self) -> None:
        """Take nothing more."""
        self.is_closed = True

    def waitclose(self, timeout: float) -> None:
        """Raise what the other side failed with."""
        if self._fails is not None:
            raise self._fails

"""The ways in which a server can fail to send a response."""

from __future__ import annotations


class UnreadableError(Exception):
    """The server sent something else than a whole response; the message says what it is."""


class NoResponseError(Exception):
    """The server closed the connection without a byte of a response."""

"""The choice of what writes a request, and of the reader that reads its responses."""

from __future__ import annotations

from pytest_djworkers.load.client import CheckingResponseReader, HeadResponseReader, ResponseReader
from pytest_djworkers.load.event_stream import StreamReader
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.route import Route


def make_reader(request: SentRequest, host: str, route: Route) -> ResponseReader:
    """Return a reader of the responses to this request, on a new connection to this host."""
    if request.websocket:
        # Only bursts with WebSockets need its package.
        from pytest_djworkers.load.websocket_reader import WebSocketReader

        return WebSocketReader(request, host, route)
    if request.stream_s:
        return StreamReader()
    if request.contains:
        return CheckingResponseReader(request.contains)
    return HeadResponseReader() if request.method == "HEAD" else ResponseReader()


def encoded(request: SentRequest, host: str, route: Route) -> bytes:
    """Return the bytes that send a request once its connection is open."""
    if request.websocket:
        from pytest_djworkers.load.websocket_reader import message_of

        return message_of(request)
    return request.encode(host, route)

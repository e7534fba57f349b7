"""The choice of the reader that reads the responses to a request."""

from __future__ import annotations

from pytest_djworkers.load.client import CheckingResponseReader, HeadResponseReader, ResponseReader
from pytest_djworkers.load.event_stream import StreamReader
from pytest_djworkers.load.profile import SentRequest


def make_reader(request: SentRequest) -> ResponseReader:
    """Return a reader of the responses to this request."""
    if request.stream_s:
        return StreamReader()
    if request.contains:
        return CheckingResponseReader(request.contains)
    return HeadResponseReader() if request.method == "HEAD" else ResponseReader()

"""Streams: responses that are read for a given time, after which the agent closes them."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count

from pytest_djworkers.load.connection import Connection
from pytest_djworkers.load.event_stream import StreamReader
from pytest_djworkers.load.part_tally import US_PER_NS
from pytest_djworkers.load.response_excerpt import KEPT_BYTES
from pytest_djworkers.load.sender import Sender
from pytest_djworkers.load.sockets import Sockets

NO_EVENT = "no event"
"""The kind of error of an event stream that its server ends before the first event."""
_clock = time.monotonic_ns


class Streams:
    """Counts what streams bring, and ends each when its time is over.

    A stream has its response at its first event, and its latency is the time to that. Each is in
    one class, which is known when the stream ends: by itself, or at the end of its time or of the
    window. It belongs to the window in which its first event came.
    """

    def __init__(
        self, sockets: Sockets, sender: Sender, responded: Callable[[Connection, int], None]
    ) -> None:
        self._sockets = sockets
        self._sender = sender
        self._responded = responded
        """Uses the connection of a request that has its response."""
        self._loop = asyncio.get_running_loop()
        self._open: list[tuple[int, int, int, Connection]] = []
        """A heap: the end of a stream's time, a number that keeps those of one time in order, and
        the beginning of the request, by which a stream that has ended before is known."""
        self._numbers = count()
        self._alarm: asyncio.TimerHandle | None = None

    def fed(self, connection: Connection, now: int) -> None:
        """See what a piece of a response has brought; it may be the first or the last one."""
        reader, tally = _reader_of(connection), self._sender.window.tally
        tally.heard(now)
        connection.part.tally.events += reader.take_events() * tally.counts(now)
        if reader.is_answered and not connection.answered_ns:
            connection.answered_ns = now
            connection.was_served = True
        # Its time begins with its first byte: until then it is a request like any other.
        if not (reader.complete or connection.first_byte_ns):
            end_ns = now + round(connection.part.request.stream_s * 1e9)
            item = end_ns, next(self._numbers), connection.began_ns, connection
            heapq.heappush(self._open, item)
            self._set_alarm()

    def ended(self, connection: Connection, now: int) -> bool:
        """See to a stream that its server has ended; return False if its status is unexpected."""
        reader = _reader_of(connection)
        if not connection.part.request.expects(reader.status):
            return False
        reader.take()
        if not self.count(connection, now):
            self._sender.fail(connection, NO_EVENT, now)
            return True
        if not reader.keep_alive or connection.unsent:
            self._sockets.drop(connection)
        self._responded(connection, _clock())
        return True

    def left_open(self, connection: Connection, now: int) -> bool:
        """Count what is open at the end of the window; return False if it is not answered."""
        if not connection.answered_ns:
            return False
        expects = connection.part.request.expects(connection.reader.status)
        return expects and self.count(connection, now)

    def count(self, connection: Connection, now: int) -> bool:
        """Count a stream that has an expected status and has ended; return False if it can't.

        It can't if it has no event. The time is that at which the agent turned to its end.
        """
        came_ns, began_ns = connection.answered_ns, connection.began_ns
        if not came_ns:
            return False
        reader, tally, part = (
            _reader_of(connection),
            self._sender.window.tally,
            connection.part.tally,
        )
        if tally.stream_ended(part, reader.status, came_ns):
            part.sizes.add(reader.body_bytes)
            latency_us = (came_ns - began_ns) * US_PER_NS
            part.samples_us.append(latency_us)
            if first_ns := connection.first_byte_ns:
                part.pieces.add((first_ns - began_ns) * US_PER_NS, latency_us)
            tally.lags_us.append(max(0, _clock() - now) * US_PER_NS)
            connection.window_responses += 1
        connection.answered_ns = connection.first_byte_ns = 0
        return True

    def _end_due(self) -> None:
        """End the streams whose time is over, and set the alarm for the next."""
        self._alarm = None
        now = _clock()
        while self._open and self._open[0][0] <= now:
            _, _, began_ns, connection = heapq.heappop(self._open)
            if connection.began_ns == began_ns:
                self._end(connection, now)
        self._set_alarm()

    def _end(self, connection: Connection, now: int) -> None:
        tally, part, reader = self._sender.window.tally, connection.part, _reader_of(connection)
        if not part.request.expects(reader.status):
            began_ns = connection.began_ns
            tally.unexpected_response(part.tally, reader.status, began_ns, now, _clock() - now)
            counts = tally.counts(now)
            if counts and not part.tally.first_unexpected:
                part.tally.first_unexpected = reader.begun_with[:KEPT_BYTES]
            connection.window_responses += counts
        elif not self.count(connection, now):
            tally.give_up(part.tally, connection.began_ns, now, connection.first_byte_ns)
        self._sockets.drop(connection)
        self._responded(connection, _clock())

    def _set_alarm(self) -> None:
        # Those of one length end in the order in which they began, so the alarm stays mostly.
        if self._alarm is None and self._open:
            self._alarm = self._loop.call_at(self._open[0][0] / 1e9, self._end_due)


def _reader_of(connection: Connection) -> StreamReader:
    reader = connection.reader
    assert isinstance(reader, StreamReader)
    return reader

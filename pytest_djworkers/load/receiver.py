"""The receiving half of an agent: reads what arrives, batch by batch."""

from __future__ import annotations

import time

from pytest_djworkers.load.connection import State
from pytest_djworkers.load.part_tally import US_PER_NS
from pytest_djworkers.load.poller import READ
from pytest_djworkers.load.responses import Responses
from pytest_djworkers.load.schedule import Schedule
from pytest_djworkers.load.sender import Sender
from pytest_djworkers.load.sockets import Sockets
from pytest_djworkers.load.streams import Streams

_BATCHES = 16
"""The number of batches that one wake-up drains before the loop's timers get their turn."""
_clock = time.monotonic_ns


class Receiver:
    """Reads what arrives on an agent's connections, batch by batch.

    The time of a response is taken when the poller returns with its batch, not when its turn
    comes: with 2000 connections the last of a batch would seem to have taken a third longer. The
    difference is the agent's own lag, which is counted by itself.
    """

    def __init__(self, schedule: Schedule, sockets: Sockets, sender: Sender) -> None:
        self._schedule = schedule
        self._sockets = sockets
        self._sender = sender
        self._responses = Responses(sockets, sender)
        self._batch = self._batch_of_one if schedule.is_plain else self._batch_of_several

    @property
    def streams(self) -> Streams:
        """The responses that are read for a given time."""
        return self._responses.streams

    def forget_heads(self) -> None:
        """Forget the heads that responses need no parsing for: those with a date are soon past."""
        for part in self._schedule.parts:
            part.heads.clear()

    def ready(self) -> None:
        """Handle the batches that are ready; the loop calls it when one of the sockets is."""
        window = self._sender.window
        for _ in range(_BATCHES):
            events = self._sockets.poll()
            # The time of all responses of this batch, whenever their turn comes.
            now = _clock()
            if not events or now >= window.stop_ns:
                break
            self._batch(events, now)
            if window.tally.has_enough:
                self._sender.stop()
            # The window's own timer is due, such as its end: the loop must get its turn.
            if now >= window.wake_ns:
                break
        if window.plan is not None:
            self._sender.send_due()

    def _batch_of_one(self, events: list[tuple[int, int]], now: int) -> None:
        """Handle a batch of a plain burst, in which all requests are the same.

        It is written out at length: this is where a generator's time goes.
        """
        window, rest, part = self._sender.window, self._responses, self._schedule.first
        # Local names, since looking up an attribute for every response would cost much of its time.
        tally, by_fd, heads = window.tally, self._sockets.by_fd, part.heads
        add_sample, add_lag = part.tally.samples_us.append, tally.lags_us.append
        head, whole = heads.latest
        payload = part.only_payload
        assert payload is not None
        buffer, starts_with = rest.buffer, rest.buffer.startswith
        size, waiting, clock = len(payload), State.WAITING, _clock
        goes_on = window.is_firing and window.plan is None
        us_per_ns, counts, responses = US_PER_NS, tally.counts(now), 0
        for fd, mask in events:
            connection = by_fd[fd]
            # An expected response in one piece, with a known head, is handled here, all else not.
            if mask != READ or connection.state is not waiting:
                rest.happened(connection, mask, now)
                continue
            try:
                received = connection.receive(buffer)
            except OSError as error:
                rest.not_received(connection, error, now)
                continue
            # The same head as last time, mostly. Its length and its bytes stand for the parser.
            if received != whole or not starts_with(head):
                data = rest.arrived[:received].tobytes()
                if not heads.knows(data):
                    rest.received(connection, data, now)
                    continue
                head, whole = heads.latest
                part.tally.sizes.begin_run(whole - len(head))
            responses += 1
            handled = clock()
            if counts:
                add_sample((now - connection.began_ns) * us_per_ns)
                add_lag((handled - now) * us_per_ns)
                connection.window_responses += 1
            connection.has_responded = connection.was_served = True
            if not goes_on:
                rest.responded(connection, handled)
                continue
            # Not the time of the poll: the agent's lag is no part of the next latency.
            connection.began_ns = handled
            try:
                sent = connection.send(payload)
            except OSError as error:
                self._sender.not_sent(connection, error, handled)
                continue
            if sent != size:
                self._sockets.sent(connection, payload, sent)
        if responses:
            tally.expected_responses(part.tally, responses, heads.status, now)

    def _batch_of_several(self, events: list[tuple[int, int]], now: int) -> None:
        """Handle a batch of a burst whose requests differ.

        It is ``_batch_of_one`` with the part, the head and the payload of each connection.
        """
        window, rest, assign = self._sender.window, self._responses, self._schedule.assign
        tally, by_fd = window.tally, self._sockets.by_fd
        add_lag = tally.lags_us.append
        buffer, starts_with = rest.buffer, rest.buffer.startswith
        waiting, clock = State.WAITING, _clock
        goes_on = window.is_firing and window.plan is None
        us_per_ns, counts, responses = US_PER_NS, tally.counts(now), 0
        after_window = counts and now >= tally.end_ns
        for fd, mask in events:
            connection = by_fd[fd]
            if mask != READ or connection.state is not waiting:
                rest.happened(connection, mask, now)
                continue
            try:
                received = connection.receive(buffer)
            except OSError as error:
                rest.not_received(connection, error, now)
                continue
            part = connection.part
            heads, counted = part.heads, part.tally
            head, whole = heads.latest
            if received != whole or not starts_with(head):
                data = rest.arrived[:received].tobytes()
                if not heads.knows(data):
                    rest.received(connection, data, now)
                    continue
                head, whole = heads.latest
                counted.sizes.begin_run(whole - len(head))
            handled = clock()
            if counts:
                responses += 1
                counted.statuses[heads.status] += 1
                counted.after_window += after_window
                counted.samples_us.append((now - connection.began_ns) * us_per_ns)
                add_lag((handled - now) * us_per_ns)
                connection.window_responses += 1
            else:
                counted.outside += 1
            connection.has_responded = connection.was_served = True
            if not goes_on:
                rest.responded(connection, handled)
                continue
            connection.began_ns = handled
            assign(connection)
            payload = connection.payload
            try:
                sent = connection.send(payload)
            except OSError as error:
                self._sender.not_sent(connection, error, handled)
                continue
            if sent != len(payload):
                self._sockets.sent(connection, payload, sent)
        if responses:
            tally.responses_came(responses, now)

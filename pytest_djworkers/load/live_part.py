"""One part of a burst, as an agent sends it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from random import Random

from pytest_djworkers.load.client import ResponseReader
from pytest_djworkers.load.known_heads import KnownHeads
from pytest_djworkers.load.part_tally import PartTally
from pytest_djworkers.load.profile import Order, Part
from pytest_djworkers.load.rate import Share
from pytest_djworkers.load.readers import encoded, make_reader
from pytest_djworkers.load.route import Route

Payload = memoryview
"""The bytes of one request. A view, so that the rest of a large one is not copied at each send."""


class LivePart:
    """The bytes of a part's variants, what is known of its responses, and the window's count.

    It has slots since each response reads it.
    """

    __slots__ = (
        "_readers",
        "first_payload",
        "heads",
        "only_payload",
        "pick",
        "reading",
        "request",
        "tally",
    )

    def __init__(self, part: Part, host: str, route: Route, share: Share, random: Random) -> None:
        self.request = part.requests[0]
        """The request whose responses are expected; all variants expect the same."""
        # A response to HEAD has no body to look at. One value, since each request compares it.
        is_head = self.request.method == "HEAD"
        self.reading = "stream" if self.request.stream_s else self.request.contains or is_head
        """Two parts with the same value can share a reader."""
        self.heads = KnownHeads()
        # Set by each window, before anything is counted.
        self.tally: PartTally
        payloads = [memoryview(encoded(request, host, route)) for request in part.requests]
        self.only_payload = payloads[0] if len(payloads) == 1 else None
        """The bytes of the only variant; None if there are several."""
        self.first_payload = payloads[0]
        # Connections may be those of different users, each with a handshake of its own.
        own = part.requests if part.order is Order.CONNECTION else part.requests[:1]
        self._readers = [partial(make_reader, request, host, route) for request in own]
        self.pick = _picker(payloads, part.order, share, random)
        """Returns the bytes of the next variant for the connection of this number."""

    def make_reader(self, number: int) -> ResponseReader:
        """Return a reader of the responses on a new connection, which has this number."""
        return self._readers[number % len(self._readers)]()


def _picker(
    payloads: list[Payload], order: Order, share: Share, random: Random
) -> Callable[[int], Payload]:
    number = len(payloads)
    if order is Order.CONNECTION:
        return lambda connection: payloads[connection % number]
    if order is Order.RANDOM:
        draw = random.random
        return lambda _: payloads[int(draw() * number)]
    # Agents that all began at the first variant would send each at the same time.
    following = islice(cycle(payloads), share.index * number // share.of, None)
    return lambda _: next(following)

"""The plan of a burst: its requests and its shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from pytest_djworkers.load.masking import MASK, masked
from pytest_djworkers.load.route import PLAIN, Route
from pytest_djworkers.load.stages import Stage

USER_AGENT = "pytest-djworkers"
BODILESS_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Shape:
    """The amount of load, and its time in seconds.

    ``rate`` is in requests per second. None is a closed loop, in which each connection sends its
    next request when it has the response to the last: at once, or after ``think_s``.
    """

    connections: int = 2000
    duration_s: float = 10.0
    timeout_s: float = 2.0
    warmup_s: float = 1.0
    rate: float | None = None
    think_s: float | None = None
    """The time between a response and the connection's next request; None for none."""
    stages: tuple[Stage, ...] = ()
    """The steps of a load that changes. Then the duration is their sum, and the number of
    connections or the rate is the largest of theirs."""

    @property
    def first_connections(self) -> int | None:
        """The number of connections that the burst begins with; None if those are all."""
        return self.stages[0].connections if self.stages else None

    @property
    def mean_connections(self) -> float:
        """The mean number of connections over the duration."""
        return self._mean([stage.connections for stage in self.stages], self.connections)

    @property
    def mean_rate(self) -> float | None:
        """The mean rate over the duration; None in a closed loop."""
        if self.rate is None:
            return None
        return self._mean([stage.rate for stage in self.stages], self.rate)

    def _mean(self, loads: Sequence[float | None], most: float) -> float:
        """Return the mean of the stages' loads; of one that no stage changes, ``most``."""
        known = [
            load * stage.duration_s
            for load, stage in zip(loads, self.stages, strict=True)
            if load is not None
        ]
        return sum(known) / self.duration_s if known else most


@dataclass(frozen=True, slots=True, repr=False)
class SentRequest:
    """One request that a burst repeats, as it is sent.

    ``expect`` has the statuses of an expected response; empty means any 2xx. ``contains`` are
    bytes that the body of an expected response has in it, as sent; empty means any body.
    """

    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    expect: tuple[int, ...] = ()
    contains: bytes = b""
    stream_s: float = 0.0
    """The time for which each response is read, in seconds; 0 to read it to its end."""
    websocket: str = ""
    """``text`` or ``binary``: the body is a message of this kind, sent on a WebSocket. Empty for a
    request of its own."""
    as_user: bool = False
    """True if it has the session of a user whom the plugin has logged in."""
    same_origin: bool = False
    """True if it says that it comes from a page of the same site, as a browser does. Django asks
    for that beside a CSRF token when a request is secure."""

    def __repr__(self) -> str:
        """Return the request without its values, since pytest prints what it compares."""
        names = "".join(f", {name}" for name, _ in self.headers)
        size = f", {len(self.body)} bytes" if self.body else ""
        return f"<SentRequest {self.shown}{names}{size}>"

    @property
    def shown(self) -> str:
        """The method and the path, without the values of its query."""
        return f"{self.method} {masked(self.path)}"

    def without_values(self) -> SentRequest:
        """Return the part of the request that may be shown and stored."""
        return replace(
            self,
            path=masked(self.path),
            headers=tuple((name, MASK) for name, _ in self.headers),
            body=b"",
            contains=b"",
        )

    def expects(self, status: int) -> bool:
        """Return True if a response with this status is an expected one."""
        return status in self.expect if self.expect else 200 <= status < 300

    @property
    def expected(self) -> str:
        """The expected statuses, for people."""
        return " or ".join(map(str, self.expect)) if self.expect else "2xx"

    @property
    def is_safe(self) -> bool:
        """True if sending it twice changes nothing (RFC 9110, section 9.2.1)."""
        return self.method in {"GET", "HEAD", "OPTIONS"} and not self.websocket

    def header_lines(self, host: str, route: Route = PLAIN) -> list[tuple[str, str]]:
        """Return the headers as sent, in order. The user's own headers replace ours."""
        given = {name.lower() for name, _ in self.headers}
        lines = [("Host", host)] if "host" not in given else []
        if "user-agent" not in given:
            lines.append(("User-Agent", USER_AGENT))
        lines.extend(line for line in route.headers if line[0].lower() not in given)
        lines.extend(self.headers)
        if self.same_origin and not given & {"referer", "origin"}:
            lines.append(("Referer", f"{_page_of(host, route.scheme, lines)}/"))
        if self.body or self.method not in BODILESS_METHODS:
            lines.append(("Content-Length", str(len(self.body))))
        return lines

    def handshake_lines(self, host: str, route: Route = PLAIN) -> list[tuple[str, str]]:
        """Return the headers of the request that opens a WebSocket, besides those of the protocol.

        It has an origin, as a browser's has: servers refuse those of other sites.
        """
        lines = replace(self, body=b"").header_lines(host, route)
        if "origin" not in {name.lower() for name, _ in lines}:
            lines.append(("Origin", _page_of(host, route.scheme, lines)))
        return lines

    def encode(self, host: str, route: Route = PLAIN) -> bytes:
        """Return the bytes on the wire: one HTTP/1.1 request to ``host``, which goes this way."""
        head = [f"{self.method} {self.path} HTTP/1.1"]
        head.extend(f"{name}: {value}" for name, value in self.header_lines(host, route))
        return "\r\n".join([*head, "", ""]).encode("latin-1") + self.body


class Order(StrEnum):
    """The order in which the variants of a part are sent."""

    SEQUENTIAL = "sequential"
    """One after the other, and again from the first one. Each agent begins at another place."""
    RANDOM = "random"
    CONNECTION = "connection"
    """One for each connection: connection number i always sends variant i modulo their number."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a burst: requests that are counted together, since only their values differ.

    The requests are its variants; those of a part share the method, the expected statuses and
    ``contains``. The weights of a burst's parts say how many requests each gets of all.
    """

    name: str
    requests: tuple[SentRequest, ...]
    weight: float = 1.0
    order: Order = Order.SEQUENTIAL
    left_out: int = 0
    """The number of variants that are not in ``requests``, of a part without values."""

    @property
    def variants(self) -> int:
        """The number of variants."""
        return len(self.requests) + self.left_out

    def without_values(self) -> Part:
        """Return the part that may be shown and stored, with its first variant alone."""
        return replace(
            self,
            requests=(self.requests[0].without_values(),),
            left_out=self.variants - 1,
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """The whole plan of a burst: its name, its requests and its shape."""

    name: str
    request: SentRequest
    """The only request of a plain burst; of another, the first variant of the first part."""
    shape: Shape = field(default_factory=Shape)
    parts: tuple[Part, ...] = ()
    """The parts of a burst that sends more than one request; empty for a plain burst."""
    seed: int = 0
    """The seed of all choices at random."""

    @classmethod
    def of_parts(cls, name: str, parts: tuple[Part, ...], shape: Shape, seed: int = 0) -> Self:
        """Return the plan of a burst of these parts; one with a single variant is a plain burst."""
        request = parts[0].requests[0]
        if len(parts) == 1 and parts[0].variants == 1:
            return cls(name, request, shape, seed=seed)
        return cls(name, request, shape, parts, seed)

    @property
    def is_mix(self) -> bool:
        """True if there are several parts."""
        return len(self.parts) > 1

    @property
    def has_streams(self) -> bool:
        """True if the responses of a part are read for a given time."""
        return any(part.requests[0].stream_s > 0 for part in self.all_parts)

    @property
    def all_parts(self) -> tuple[Part, ...]:
        """The parts, of which a plain burst has one."""
        return self.parts or (Part(self.name, (self.request,)),)

    def without_bodies(self) -> Profile:
        """Return the plan without what may take much memory."""
        return replace(
            self,
            request=replace(self.request, body=b""),
            parts=tuple(
                replace(part, requests=tuple(replace(one, body=b"") for one in part.requests))
                for part in self.parts
            ),
        )

    def without_values(self) -> Profile:
        """Return what may be shown and stored of the plan."""
        return replace(
            self,
            request=self.request.without_values(),
            parts=tuple(part.without_values() for part in self.parts),
        )


def _page_of(host: str, scheme: str, lines: list[tuple[str, str]]) -> str:
    """Return the scheme and the host of the site's pages, as a browser knows them.

    ``lines`` are the headers of a request.
    """
    headers = {name.lower(): value for name, value in lines}
    # By a header such as "X-Forwarded-Proto: https", a proxy tells how it was asked.
    seen = "https" if "https" in headers.values() else scheme
    return f"{seen}://{headers.get('host', host)}"

"""The plan of a burst: its request and its shape."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pytest_djworkers.load.masking import MASK, masked

USER_AGENT = "pytest-djworkers"
BODILESS_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Shape:
    """The amount of load, and its time in seconds.

    ``rate`` is in requests per second. None is a closed loop, in which each connection sends its
    next request when it has the response to the last.
    """

    connections: int = 2000
    duration_s: float = 10.0
    timeout_s: float = 2.0
    warmup_s: float = 1.0
    rate: float | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """The one request that a burst repeats.

    ``expect`` has the statuses of an expected response; empty means any 2xx. ``contains`` are
    bytes that the body of an expected response has in it, as sent; empty means any body.
    """

    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    expect: tuple[int, ...] = ()
    contains: bytes = b""

    def __repr__(self) -> str:
        """Return the request without its values, since pytest prints what it compares."""
        names = "".join(f", {name}" for name, _ in self.headers)
        size = f", {len(self.body)} bytes" if self.body else ""
        return f"<Request {self.shown}{names}{size}>"

    @property
    def shown(self) -> str:
        """The method and the path, without the values of its query."""
        return f"{self.method} {masked(self.path)}"

    def without_values(self) -> Request:
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
        return self.method in {"GET", "HEAD", "OPTIONS"}

    def header_lines(self, host: str) -> list[tuple[str, str]]:
        """Return the headers as sent, in order. The user's own headers replace ours."""
        given = {name.lower() for name, _ in self.headers}
        lines = [("Host", host)] if "host" not in given else []
        if "user-agent" not in given:
            lines.append(("User-Agent", USER_AGENT))
        lines.extend(self.headers)
        if self.body or self.method not in BODILESS_METHODS:
            lines.append(("Content-Length", str(len(self.body))))
        return lines

    def encode(self, host: str) -> bytes:
        """Return the bytes on the wire: one HTTP/1.1 request to ``host``."""
        head = [f"{self.method} {self.path} HTTP/1.1"]
        head.extend(f"{name}: {value}" for name, value in self.header_lines(host))
        return "\r\n".join([*head, "", ""]).encode("latin-1") + self.body


@dataclass(frozen=True, slots=True)
class Profile:
    """The whole plan of a burst: its name, its request and its shape."""

    name: str
    request: Request
    shape: Shape = field(default_factory=Shape)

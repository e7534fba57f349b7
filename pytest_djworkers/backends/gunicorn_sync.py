"""gunicorn with its sync worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.gunicorn_base import SCRUBBED, GunicornBase
from pytest_djworkers.backends.protocol import About


@dataclass(frozen=True, slots=True)
class GunicornSync(GunicornBase):
    """gunicorn's sync worker: one request at a time, and one request on each connection."""

    worker_class: ClassVar[str] = "sync"
    about: ClassVar[About] = About(
        name="gunicorn-sync",
        requires=("gunicorn>=23",),
        interface="WSGI",
        raised_limits="--backlog (2048) to the connections, if those are more",
        notes=(
            "Each worker serves one request at a time; all other connections wait in the"
            " backlog. A view that takes a second serves one request a second per worker.",
            "Every response closes its connection, so that each request pays for a new one.",
            "Since gunicorn 26 a worker waits, for up to 2 s, until the client has closed as well:"
            " a slow client lowers the rate of a sync worker directly.",
            "Over TLS, a worker waits for a connection's request before its next handshake.",
            "A request that takes 30 s fails, and its worker is killed (--timeout).",
        ),
        scrubbed=SCRUBBED,
        tls=True,
        unix_socket=True,
    )

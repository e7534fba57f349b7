"""gunicorn with its threaded worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.gunicorn_base import SCRUBBED, GunicornBase, raised_backlog
from pytest_djworkers.backends.protocol import About, LaunchPlan
from pytest_djworkers.backends.spec import setting

_THREADS = 1
"""gunicorn's default."""
_LEAST_WORKER_CONNECTIONS = 1000
"""gunicorn's default."""


@dataclass(frozen=True, slots=True)
class GunicornGthread(GunicornBase):
    """gunicorn's threaded worker. ``threads`` is the number of threads that run its views."""

    threads: int | None = setting("threads of each worker; gunicorn's default is 1")
    worker_connections: int | None = setting("connections that each worker holds")
    worker_class: ClassVar[str] = "gthread"
    about: ClassVar[About] = About(
        name="gunicorn-gthread",
        requires=("gunicorn>=23",),
        interface="WSGI",
        raised_limits="--backlog (2048) and --worker-connections (1000) to the connections, if"
        " those are more",
        notes=(
            "The default is 1 thread: one request at a time in each worker, whatever the number"
            " of connections. Ask for more: gunicorn-gthread:threads=16.",
            "An idle connection is closed after 2 s (--keep-alive).",
            "Since gunicorn 26 a worker that closes a connection waits, for up to 2 s, until the"
            " client has closed as well.",
            "Over TLS, a thread waits for a connection's request before its next handshake.",
        ),
        scrubbed=SCRUBBED,
        tls=True,
        unix_socket=True,
    )

    def limits(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return its limits, raised to the burst's connections, and its threads."""
        threads = self.threads or _THREADS
        # A worker keeps worker_connections - threads connections alive (its max_keepalived): so
        # that none of the burst's is closed, the threads are added.
        return {
            "backlog": raised_backlog(plan),
            "worker_connections": self.worker_connections
            or max(_LEAST_WORKER_CONNECTIONS, plan.connections) + threads,
            "threads": threads,
        }

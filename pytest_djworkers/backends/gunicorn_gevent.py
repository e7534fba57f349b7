"""gunicorn with its gevent worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.gunicorn_base import SCRUBBED, GunicornBase, raised_backlog
from pytest_djworkers.backends.protocol import About, LaunchPlan
from pytest_djworkers.backends.spec import setting

_LEAST_WORKER_CONNECTIONS = 1000
"""gunicorn's default."""


@dataclass(frozen=True, slots=True)
class GunicornGevent(GunicornBase):
    """gunicorn's gevent worker, which runs views in greenlets."""

    worker_connections: int | None = setting("connections that each worker holds")
    worker_class: ClassVar[str] = "gevent"
    about: ClassVar[About] = About(
        name="gunicorn-gevent",
        requires=("gunicorn>=23", "gevent>=24.11.1"),
        interface="WSGI",
        raised_limits="--backlog (2048) and --worker-connections (1000) to the connections, if"
        " those are more",
        notes=(
            "Views that wait let others run; views that compute starve the one that accepts new"
            " connections: of 100 on a view that renders a template, 28 were never served in 20 s."
            " The result says starved.",
            "A kept-alive connection counts as one of the worker's for 2 s after its last response"
            " (--keep-alive): with fewer --worker-connections than connections, the rest waits"
            " for ever.",
            "Async views fail as soon as two of them run at once, and async queries always"
            " do: leave such tests out with djworkers(skip=[...]).",
            "psycopg 3 lets others run while it waits for PostgreSQL; psycopg2 does not without"
            " psycogreen.",
        ),
        scrubbed=(*SCRUBBED, "GEVENT_"),
        tls=True,
        unix_socket=True,
    )

    def limits(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return its limits, raised to the burst's connections."""
        # Each worker must be able to hold all of them, since the kernel does not spread them
        # evenly: 79, 71, 25 and 25 of 200 were seen.
        return {
            "backlog": raised_backlog(plan),
            "worker_connections": self.worker_connections
            or max(_LEAST_WORKER_CONNECTIONS, plan.connections),
        }

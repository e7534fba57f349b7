"""gunicorn with its own ASGI worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.event_loop import default_event_loop
from pytest_djworkers.backends.gunicorn_base import SCRUBBED, GunicornBase
from pytest_djworkers.backends.protocol import ASGI_ENTRY, About, LaunchPlan
from pytest_djworkers.backends.spec import one_of, setting

_BACKLOG = 100
"""asyncio's default. The worker does not pass ``--backlog`` on to asyncio's server."""


@dataclass(frozen=True, slots=True)
class GunicornAsgi(GunicornBase):
    """gunicorn's ASGI worker. ``asgi_loop`` is uvloop if that is installed."""

    asgi_loop: str | None = setting(
        "event loop: asyncio or uvloop; the default is uvloop if it is installed",
        one_of("asyncio", "uvloop"),
    )
    worker_class: ClassVar[str] = "asgi"
    entry: ClassVar[str] = ASGI_ENTRY
    about: ClassVar[About] = About(
        name="gunicorn-asgi",
        requires=("gunicorn>=25",),
        interface="ASGI",
        raised_limits="none: the backlog is 100 whatever --backlog says, and --worker-connections"
        " is not enforced",
        notes=(
            "With a backlog of 100, many connections opened at once are dropped by the kernel and"
            " opened again after a second.",
            "Each sync view gets a thread.",
            "The kernel does not spread connections evenly: 74, 74, 41 and 11 of 200 were seen.",
        ),
        scrubbed=SCRUBBED,
        tls=True,
        unix_socket=True,
    )

    def limits(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return the event loop: there is no limit to raise."""
        return {"asgi_loop": self.asgi_loop or default_event_loop()}

    def backlog(self, plan: LaunchPlan) -> int | None:
        """Return asyncio's backlog, which no setting changes."""
        return _BACKLOG

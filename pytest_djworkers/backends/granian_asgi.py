"""granian, serving ASGI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.event_loop import default_event_loop
from pytest_djworkers.backends.granian_base import (
    LIMITS,
    REQUIRES,
    SCRUBBED,
    UNIX_SOCKET,
    GranianBase,
)
from pytest_djworkers.backends.protocol import ASGI_ENTRY, About, LaunchPlan
from pytest_djworkers.backends.spec import one_of, setting


@dataclass(frozen=True, slots=True)
class GranianAsgi(GranianBase):
    """granian with ASGI. ``loop`` is uvloop if that is installed."""

    loop: str | None = setting(
        "event loop: asyncio or uvloop; the default is uvloop if it is installed",
        one_of("asyncio", "uvloop"),
    )
    # ASGI without the lifespan protocol. Django does not support that, and with "asgi" granian
    # warns of it twice at each start.
    interface: ClassVar[str] = "asginl"
    entry: ClassVar[str] = ASGI_ENTRY
    about: ClassVar[About] = About(
        name="granian-asgi",
        requires=REQUIRES,
        interface="ASGI",
        raised_limits=LIMITS,
        notes=(
            "Its backpressure limits connections, not requests: those above it are not served"
            " until another one closes. By default 1024 in all.",
            "Each sync view gets a thread.",
            UNIX_SOCKET,
        ),
        scrubbed=SCRUBBED,
        tls=True,
        unix_socket=True,
    )

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return its limits, and its event loop."""
        return {**GranianBase.options(self, plan), "loop": self.loop or default_event_loop()}

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
"""asyncio's default, whatever ``--backlog`` says."""


@dataclass(frozen=True, slots=True)
class GunicornAsgi(GunicornBase):
    """``asgi_loop`` is uvloop where that is installed."""

    asgi_loop: str | None = setting(
        "event loop: uvloop where it is installed, or asyncio", one_of("asyncio", "uvloop")
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
            " come again after a second.",
            "Each sync view gets a thread.",
            "The kernel does not spread connections evenly: 74, 74, 41 and 11 of 200 were seen.",
        ),
        scrubbed=SCRUBBED,
    )

    def limits(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Nothing to raise."""
        return {"asgi_loop": self.asgi_loop or default_event_loop()}

    def backlog(self, plan: LaunchPlan) -> int | None:
        """asyncio's, which no setting changes."""
        return _BACKLOG

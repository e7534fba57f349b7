"""uvicorn, serving ASGI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.event_loop import default_event_loop
from pytest_djworkers.backends.protocol import (
    ASGI_ENTRY,
    About,
    LaunchPlan,
    flags,
    listening_flags,
    tls_flags,
    without_none,
)
from pytest_djworkers.backends.spec import one_of, setting

_LEAST_BACKLOG = 2048
"""uvicorn's default."""


@dataclass(frozen=True, slots=True)
class Uvicorn:
    """uvicorn. ``loop`` is uvloop if that is installed."""

    workers: int | None = setting("worker processes")
    loop: str | None = setting(
        "event loop: asyncio or uvloop; the default is uvloop if it is installed",
        one_of("asyncio", "uvloop"),
    )
    http: str | None = setting(
        "HTTP parser: h11 or httptools; the default is httptools if it is installed",
        one_of("h11", "httptools"),
    )
    limit_concurrency: int | None = setting(
        "connections above which it responds with 503; no default"
    )
    about: ClassVar[About] = About(
        name="uvicorn",
        requires=("uvicorn[standard]>=0.34",),
        interface="ASGI",
        raised_limits="--backlog (2048) to the connections, if those are more",
        notes=(
            "Each sync view gets a thread: all connections at once ask for what views share, such"
            " as database connections.",
            "With two workers or more and without uvloop it leaves TCP_NODELAY off: a response on a"
            " kept-alive connection takes 44 ms where 1.5 ms would do. The extra installs"
            " uvloop; loop=asyncio shows the difference.",
            "uvloop accepts one connection in each turn of its loop: of 2000, 514 to 683 were"
            " served in 8 s by a busy server. The result says starved.",
            "The kernel does not spread connections evenly: 108, 44, 30 and 18 of 200 were seen.",
        ),
        scrubbed=("UVICORN_",),
        tls=True,
        unix_socket=True,
    )

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """Return uvicorn's command line."""
        return [
            *(python, "-P", "-m", "uvicorn"),
            *listening_flags(plan),
            *tls_flags(plan, "--ssl-certfile", "--ssl-keyfile"),
            *("--workers", str(plan.workers)),
            *flags(self.options(plan)),
            # Its access log is on by default.
            *("--log-level", "warning"),
            "--no-access-log",
            ASGI_ENTRY,
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return its limit, raised to the burst's connections, and its event loop."""
        return {
            "backlog": self.backlog(plan),
            "loop": self.loop or default_event_loop(),
            **without_none(
                http=self.http,
                limit_concurrency=self.limit_concurrency,
                timeout_keep_alive=plan.idle_s or None,
            ),
        }

    def backlog(self, plan: LaunchPlan) -> int:
        """Return uvicorn's default, or the burst's connections if those are more."""
        return max(_LEAST_BACKLOG, plan.connections)

"""hypercorn, serving ASGI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.protocol import (
    ASGI_ENTRY,
    ENTRY_FILES,
    About,
    LaunchPlan,
    bind_of,
    flags,
    tls_flags,
    without_none,
)
from pytest_djworkers.backends.spec import existing_file, one_of, path_of, setting

_LEAST_BACKLOG = 100
"""hypercorn's default."""


@dataclass(frozen=True, slots=True)
class Hypercorn:
    """hypercorn. With ``config``, that file sets whatever the command line does not."""

    workers: int | None = setting("worker processes")
    worker_class: str | None = setting(
        "event loop: asyncio, the default, or uvloop", one_of("asyncio", "uvloop")
    )
    config: str | None = setting("your own hypercorn.toml", existing_file)
    about: ClassVar[About] = About(
        name="hypercorn",
        requires=("hypercorn>=0.17",),
        interface="ASGI",
        raised_limits="--backlog (100) to the connections, if those are more",
        notes=(
            "It closes a connection after 1000 requests, and says so: the connection is opened"
            " again, and no request is lost.",
            "Each sync view gets a thread.",
            "Its worker class trio can't serve Django.",
        ),
        scrubbed=("HYPERCORN_",),
        tls=True,
        unix_socket=True,
    )

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """Return hypercorn's command line."""
        return [
            *(python, "-P", "-m", "hypercorn"),
            *("--bind", bind_of(plan)),
            *tls_flags(plan, "--certfile", "--keyfile"),
            *("--workers", str(plan.workers)),
            *flags(self.options(plan), skip=["config"]),
            *(("--config", path_of(self.config)) if self.config else ()),
            *("--log-level", "WARNING"),
            # As a file: hypercorn would look for a module in the current folder first.
            ENTRY_FILES[ASGI_ENTRY],
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return its limit, raised to the burst's connections, and its event loop."""
        return {
            "backlog": self.backlog(plan),
            "worker_class": self.worker_class or "asyncio",
            # A flag would win over the user's file.
            **(
                {"config": self.config}
                if self.config
                else without_none(keep_alive=plan.idle_s or None)
            ),
        }

    def backlog(self, plan: LaunchPlan) -> int:
        """Return hypercorn's default, or the burst's connections if those are more."""
        return max(_LEAST_BACKLOG, plan.connections)

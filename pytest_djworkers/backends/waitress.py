"""waitress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.protocol import WSGI_ENTRY, About, LaunchPlan, flags
from pytest_djworkers.backends.spec import setting

_THREADS = 4
_BACKLOG = 1024
_CONNECTION_LIMIT = 100
"""waitress's defaults."""
_NOT_CLIENTS = 16
"""Its own sockets count as connections, and so do closed ones that it has not swept up yet."""


@dataclass(frozen=True, slots=True)
class Waitress:
    """``threads`` is what it runs views in."""

    workers: int | None = setting("1: it is a single process")
    threads: int | None = setting("threads that run views; the default is 4")
    connection_limit: int | None = setting("open connections; others starve")
    about: ClassVar[About] = About(
        name="waitress",
        requires=("waitress>=3",),
        interface="WSGI",
        raised_limits="--connection-limit (100) and --backlog (1024) to the connections, if those"
        " are more; --asyncore-use-poll, since select() ends at 1024 descriptors",
        notes=(
            "4 threads by default: a view that takes a second serves four requests a second.",
            "Left alone, it holds 98 connections, and the rest starves for as long as those stay"
            " open.",
            "It logs a line for each request that has to wait for a thread. In a burst that is"
            " nearly every one: set the level of the logger waitress.queue in your site's LOGGING.",
        ),
        max_workers=1,
    )

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """waitress's command line."""
        return [
            *(python, "-P", "-m", "waitress"),
            f"--listen={plan.host}:{plan.port}",
            "--asyncore-use-poll",
            *flags(self.options(plan)),
            WSGI_ENTRY,
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Its limits, raised to the burst's connections, and its threads."""
        return {
            "backlog": self.backlog(plan),
            "connection_limit": self.connection_limit
            or max(_CONNECTION_LIMIT, plan.connections) + _NOT_CLIENTS,
            "threads": self.threads or _THREADS,
        }

    def backlog(self, plan: LaunchPlan) -> int:
        """waitress's, or the burst's connections where those are more."""
        return max(_BACKLOG, plan.connections)

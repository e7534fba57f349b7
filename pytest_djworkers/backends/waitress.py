"""waitress, a WSGI server of threads."""

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
"""Connections that are added to the limit: waitress counts its own sockets, and closed connections
that it has not removed yet. (98 of its default of 100 were served.)"""


@dataclass(frozen=True, slots=True)
class Waitress:
    """waitress. ``threads`` is the number of threads that run views."""

    workers: int | None = setting("1: it is a single process")
    threads: int | None = setting("threads that run views; the default is 4")
    connection_limit: int | None = setting(
        "open connections; further ones are not served until one closes"
    )
    about: ClassVar[About] = About(
        name="waitress",
        requires=("waitress>=3",),
        interface="WSGI",
        raised_limits="--connection-limit (100) and --backlog (1024) to the connections, if those"
        " are more; --asyncore-use-poll, since select() ends at 1024 descriptors",
        notes=(
            "4 threads by default: a view that takes a second serves four requests a second.",
            "By default it holds 98 connections, and serves no other one for as long as those stay"
            " open.",
            "It logs a line for each request that has to wait for a thread. In a burst that is"
            " nearly every one: set the level of the logger waitress.queue in your site's LOGGING.",
        ),
        max_workers=1,
        unix_socket=True,
    )

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """Return waitress's command line."""
        return [
            *(python, "-P", "-m", "waitress"),
            f"--unix-socket={plan.unix_socket}"
            if plan.unix_socket
            else f"--listen={plan.host}:{plan.port}",
            # select(), its default, can't watch descriptors from 1024 on.
            "--asyncore-use-poll",
            # It would take out X-Forwarded-Proto, by which a site knows that it is behind a proxy.
            "--no-clear-untrusted-proxy-headers",
            *flags(self.options(plan)),
            WSGI_ENTRY,
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return its limits, raised to the burst's connections, and its threads."""
        return {
            "backlog": self.backlog(plan),
            "connection_limit": self.connection_limit
            or max(_CONNECTION_LIMIT, plan.connections) + _NOT_CLIENTS,
            "threads": self.threads or _THREADS,
        }

    def backlog(self, plan: LaunchPlan) -> int:
        """Return waitress's default, or the burst's connections if those are more."""
        return max(_BACKLOG, plan.connections)

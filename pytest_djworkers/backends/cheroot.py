"""cheroot, the server of CherryPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.protocol import WSGI_ENTRY, About, LaunchPlan, flags
from pytest_djworkers.backends.spec import setting

_TLS_MODULE = "djworkers_cheroot_tls"
"""The module in the folder of the entries that runs it over TLS."""
_THREADS = 10
"""cheroot's default."""
_LEAST_BACKLOG = 128
"""cheroot's own default is 5, which would drop most connections of even a small burst."""


@dataclass(frozen=True, slots=True)
class Cheroot:
    """cheroot. ``threads`` is the number of threads that run views."""

    workers: int | None = setting("1: it is a single process")
    threads: int | None = setting("threads that run views; the default is 10")
    about: ClassVar[About] = About(
        name="cheroot",
        requires=("cheroot>=10",),
        interface="WSGI",
        raised_limits="--request-queue-size (5, its backlog) to the connections",
        notes=(
            "10 threads by default: a view that takes a second serves ten requests a second.",
            "It keeps 10 connections alive; with more, each response closes its connection, so that"
            " most requests pay for a new one. Its command line can't change that.",
        ),
        max_workers=1,
        tls=True,
        unix_socket=True,
    )

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """Return cheroot's command line."""
        return [
            # -P, as for every server: a file beside manage.py that is named like the server, such
            # as cheroot.py, must not be imported in its place.
            *(python, "-P", "-m", *_program(plan)),
            *("--bind", plan.unix_socket or f"{plan.host}:{plan.port}"),
            *flags(self.options(plan)),
            WSGI_ENTRY,
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return its backlog, raised to the burst's connections, and its threads."""
        return {"request_queue_size": self.backlog(plan), "threads": self.threads or _THREADS}

    def backlog(self, plan: LaunchPlan) -> int:
        """Return the burst's connections, and no fewer than 128."""
        return max(_LEAST_BACKLOG, plan.connections)


def _program(plan: LaunchPlan) -> tuple[str, ...]:
    """Return the module to run, and what comes first on its command line."""
    # cheroot's own command line has no TLS.
    tls = plan.tls
    return ("cheroot",) if tls is None else (_TLS_MODULE, tls.certificate, tls.key)

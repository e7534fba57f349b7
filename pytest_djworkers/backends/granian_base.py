"""The command line that granian's two interfaces, WSGI and ASGI, have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.protocol import (
    ENTRY_FILES,
    WSGI_ENTRY,
    About,
    LaunchPlan,
    flags,
    listening_flags,
    tls_flags,
    without_none,
)
from pytest_djworkers.backends.spec import one_of, setting

REQUIRES = ("granian>=2.2",)
UNIX_SOCKET = "A Unix socket needs granian 2.5 or newer."
"""A note for both."""
SCRUBBED = ("GRANIAN_",)
LIMITS = (
    "--backlog (1024) and --backpressure (the backlog over the workers) to the connections, if"
    " those are more"
)
_BACKLOG = 1024
"""granian's default."""
_IMBALANCE = 1.3
"""Each worker has a socket of its own (SO_REUSEPORT), and the kernel hashes connections over them:
57, 49, 48 and 46 of 200 were seen. The busiest worker must hold this many times its share."""


@dataclass(frozen=True, slots=True)
class GranianBase:
    """granian, with one of its interfaces."""

    workers: int | None = setting("worker processes")
    backpressure: int | None = setting(
        "open connections of each worker; further ones are not served until one closes"
    )
    runtime_threads: int | None = setting("threads of each worker's runtime; the default is 1")
    runtime_mode: str | None = setting("st or mt; granian chooses", one_of("st", "mt"))
    about: ClassVar[About]
    interface: ClassVar[str]
    entry: ClassVar[str] = WSGI_ENTRY

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """Return granian's command line."""
        return [
            *(python, "-P", "-m", "granian"),
            *("--interface", self.interface),
            *listening_flags(plan),
            *tls_flags(plan, "--ssl-certificate", "--ssl-keyfile"),
            *("--workers", str(plan.workers)),
            *flags(self.options(plan)),
            # No line for each request: it would take time, and fill the log.
            *("--log-level", "warning"),
            "--no-access-log",
            # As a file: granian would look for a module in the current folder first.
            ENTRY_FILES[self.entry],
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return its limits, raised to the burst's connections."""
        # Left alone, a worker holds backlog / workers connections ("backpressure"). Further ones
        # are accepted and get no response for as long as the others stay open.
        share = -(-plan.connections // plan.workers)
        raised = max(default_share(plan), min(plan.connections, int(share * _IMBALANCE) + 1))
        return {
            "backlog": self.backlog(plan),
            "backpressure": self.backpressure or raised,
            **without_none(runtime_threads=self.runtime_threads, runtime_mode=self.runtime_mode),
        }

    def backlog(self, plan: LaunchPlan) -> int:
        """Return the backlog of each worker's own socket: one may get nearly all connections."""
        return max(_BACKLOG, plan.connections)


def default_share(plan: LaunchPlan) -> int:
    """Return granian's default for the backpressure of each worker."""
    return max(1, _BACKLOG // plan.workers)

"""What granian's interfaces have in common."""

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
    without_none,
)
from pytest_djworkers.backends.spec import one_of, setting

REQUIRES = ("granian>=2.2",)
SCRUBBED = ("GRANIAN_",)
LIMITS = (
    "--backlog (1024) and --backpressure (the backlog over the workers) to the connections, if"
    " those are more"
)
_BACKLOG = 1024
"""granian's default, for all workers together."""
_IMBALANCE = 1.3
"""The kernel hashes connections over the workers' sockets, not quite evenly."""


@dataclass(frozen=True, slots=True)
class GranianBase:
    """An interface of granian."""

    workers: int | None = setting("worker processes")
    backpressure: int | None = setting("open connections of each worker; others starve")
    runtime_threads: int | None = setting("threads of each worker's runtime; the default is 1")
    runtime_mode: str | None = setting("st or mt; granian chooses", one_of("st", "mt"))
    about: ClassVar[About]
    interface: ClassVar[str]
    entry: ClassVar[str] = WSGI_ENTRY

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """granian's command line, silent but for warnings."""
        return [
            *(python, "-P", "-m", "granian"),
            *("--interface", self.interface),
            *("--host", plan.host),
            *("--port", str(plan.port)),
            *("--workers", str(plan.workers)),
            *flags(self.options(plan)),
            *("--log-level", "warning"),
            "--no-access-log",
            ENTRY_FILES[self.entry],
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Its limits, raised to the burst's connections."""
        each = -(-plan.connections // plan.workers)
        raised = max(default_share(plan), min(plan.connections, int(each * _IMBALANCE) + 1))
        return {
            "backlog": self.backlog(plan),
            "backpressure": self.backpressure or raised,
            **without_none(runtime_threads=self.runtime_threads, runtime_mode=self.runtime_mode),
        }

    def backlog(self, plan: LaunchPlan) -> int:
        """Of each worker's own socket."""
        return max(_BACKLOG, plan.connections)


def default_share(plan: LaunchPlan) -> int:
    """What the backpressure of each worker would have been."""
    return max(1, _BACKLOG // plan.workers)

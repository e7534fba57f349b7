"""granian, serving WSGI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.protocol import WSGI_ENTRY, LaunchPlan

_BACKLOG = 1024
"""granian's default, for all workers together."""
_IMBALANCE = 1.3
"""The kernel hashes connections over the workers' sockets, not quite evenly."""


@dataclass(frozen=True, slots=True)
class Granian:
    """``blocking_threads`` is the number of threads a worker runs views in; None stands for
    granian's own default, half of its backlog's share, which must be spelt out: raising the
    limit of connections would raise it too."""

    blocking_threads: int | None = None
    name: ClassVar[str] = "granian"
    package: ClassVar[str] = "granian"
    requires: ClassVar[tuple[str, ...]] = ("granian",)
    scrubbed: ClassVar[tuple[str, ...]] = ("GRANIAN_", "WEB_CONCURRENCY")

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """granian's command line, silent but for warnings."""
        options = self.options(plan)
        return [
            *(python, "-P", "-m", "granian"),
            *("--interface", "wsgi"),
            *("--host", plan.host),
            *("--port", str(plan.port)),
            *("--workers", str(plan.workers)),
            *("--backlog", str(options["backlog"])),
            *("--backpressure", str(options["backpressure"])),
            *("--blocking-threads", str(options["blocking_threads"])),
            *("--log-level", "warning"),
            "--no-access-log",
            WSGI_ENTRY,
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Its limits, raised to the burst's connections, and its threads, which are not."""
        each = -(-plan.connections // plan.workers)
        default_share = max(1, _BACKLOG // plan.workers)
        return {
            "backlog": max(_BACKLOG, plan.connections),
            "backpressure": max(default_share, min(plan.connections, int(each * _IMBALANCE) + 1)),
            "blocking_threads": self.blocking_threads or max(1, default_share // 2),
        }

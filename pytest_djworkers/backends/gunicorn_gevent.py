"""gunicorn with its gevent worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import ClassVar

from pytest_djworkers.backends.protocol import WSGI_ENTRY, LaunchPlan

_CONTROL_SOCKET_SINCE = 25
_LEAST_BACKLOG = 2048
"""gunicorn's default."""
_LEAST_WORKER_CONNECTIONS = 1000
"""gunicorn's default."""


@dataclass(frozen=True, slots=True)
class GunicornGevent:
    """Each worker may hold all of the burst's connections: the kernel does not spread them
    evenly (79, 71, 25 and 25 of 200 were seen)."""

    name: ClassVar[str] = "gunicorn-gevent"
    package: ClassVar[str] = "gunicorn"
    requires: ClassVar[tuple[str, ...]] = ("gunicorn", "gevent")
    scrubbed: ClassVar[tuple[str, ...]] = ("GUNICORN_", "WEB_CONCURRENCY", "GEVENT_")

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """gunicorn's command line, silent but for warnings."""
        options = self.options(plan)
        # Since 25 it opens a socket in the home folder that all instances share.
        has_socket = int(version("gunicorn").partition(".")[0]) >= _CONTROL_SOCKET_SINCE
        return [
            *(python, "-P", "-m", "gunicorn"),
            *("--config", "python:pytest_djworkers.backends.gunicorn_config"),
            *(("--no-control-socket",) if has_socket else ()),
            *("--bind", f"{plan.host}:{plan.port}"),
            *("--workers", str(plan.workers)),
            *("--worker-class", "gevent"),
            *("--worker-connections", str(options["worker_connections"])),
            *("--backlog", str(options["backlog"])),
            *("--log-level", "warning"),
            WSGI_ENTRY,
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Its limits, raised to the burst's connections."""
        return {
            "backlog": max(_LEAST_BACKLOG, plan.connections),
            "worker_connections": max(_LEAST_WORKER_CONNECTIONS, plan.connections),
        }

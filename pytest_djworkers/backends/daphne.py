"""daphne, the ASGI server of the Channels project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.protocol import ASGI_ENTRY, About, LaunchPlan
from pytest_djworkers.backends.spec import setting

_LEAST_BACKLOG = 50
"""Twisted's default."""


@dataclass(frozen=True, slots=True)
class Daphne:
    """daphne. It is a single process without a setting."""

    workers: int | None = setting("1: it is a single process")
    about: ClassVar[About] = About(
        name="daphne",
        requires=("daphne>=4.1",),
        interface="ASGI",
        raised_limits="the backlog (50) to the connections, if those are more",
        notes=(
            "One process: it uses one CPU, however many there are.",
            "Each sync view gets a thread.",
            "When its client disconnects, the request is cancelled.",
        ),
        scrubbed=("DAPHNE_",),
        max_workers=1,
        tls=True,
        unix_socket=True,
    )

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """Return daphne's command line."""
        # No option of daphne's sets the backlog, but the address is an endpoint description of
        # Twisted's, which can (endpoints.serverFromString).
        return [
            *(python, "-P", "-m", "daphne"),
            *("--endpoint", f"{_endpoint(plan)}:backlog={self.backlog(plan)}"),
            # Without it, a line is logged for each request.
            *("--verbosity", "0"),
            ASGI_ENTRY,
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return its backlog, raised to the burst's connections."""
        return {"backlog": self.backlog(plan)}

    def backlog(self, plan: LaunchPlan) -> int:
        """Return Twisted's default, or the burst's connections if those are more."""
        return max(_LEAST_BACKLOG, plan.connections)


def _endpoint(plan: LaunchPlan) -> str:
    """Return the endpoint description, but for its backlog."""
    if plan.unix_socket:
        return f"unix:address={_escaped(plan.unix_socket)}"
    where = f"port={plan.port}:interface={plan.host}"
    if plan.tls is None:
        return f"tcp:{where}"
    certificate, key = map(_escaped, (plan.tls.certificate, plan.tls.key))
    return f"ssl:{where}:certKey={certificate}:privateKey={key}"


def _escaped(path: str) -> str:
    """Return a path as Twisted reads it from a description, where a colon ends a value."""
    return path.replace("\\", "\\\\").replace(":", "\\:")

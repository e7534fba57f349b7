"""daphne."""

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
    """It has no setting for its backlog but in the address that Twisted is given."""

    workers: int | None = setting("1: it is a single process")
    about: ClassVar[About] = About(
        name="daphne",
        requires=("daphne>=4.1",),
        interface="ASGI",
        raised_limits="the backlog (50) to the connections, if those are more",
        notes=(
            "One process: it uses one CPU, however many there are.",
            "Each sync view gets a thread.",
            "When its client is gone, so is the request.",
        ),
        scrubbed=("DAPHNE_",),
        max_workers=1,
    )

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """daphne's command line, silent but for errors."""
        where = f"tcp:port={plan.port}:interface={plan.host}:backlog={self.backlog(plan)}"
        return [
            *(python, "-P", "-m", "daphne"),
            *("--endpoint", where),
            *("--verbosity", "0"),
            ASGI_ENTRY,
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Its backlog, raised to the burst's connections."""
        return {"backlog": self.backlog(plan)}

    def backlog(self, plan: LaunchPlan) -> int:
        """Twisted's, or the burst's connections where those are more."""
        return max(_LEAST_BACKLOG, plan.connections)

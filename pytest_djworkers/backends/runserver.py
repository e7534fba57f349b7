"""Django's development server, as the control: what no server should be slower than."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.protocol import About, LaunchPlan
from pytest_djworkers.backends.spec import setting

_BACKLOG = 10


@dataclass(frozen=True, slots=True)
class Runserver:
    """Without its reloader, its checks and its log."""

    workers: int | None = setting("1: it is a single process")
    about: ClassVar[About] = About(
        name="runserver",
        requires=("django>=5.2",),
        interface="WSGI",
        raised_limits="none: its backlog is 10",
        notes=(
            "It is no server to deploy, and here as the control.",
            "With a backlog of 10, many connections opened at once are dropped by the kernel and"
            " come again after a second; of 200, 79 got no answer in 12 s.",
            "It leaves TCP_NODELAY off: an answer on a kept-alive connection takes 44 ms where"
            " 1.5 ms would do.",
            "A thread for each connection, without a limit.",
        ),
        max_workers=1,
    )

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """Our way in, since ``manage.py runserver`` can't be given an application."""
        return [
            *(python, "-P", "-m", "djworkers_runserver"),
            *(plan.host, str(plan.port)),
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """It has none."""
        return {}

    def backlog(self, plan: LaunchPlan) -> int:
        """Django's, which no setting changes."""
        return _BACKLOG

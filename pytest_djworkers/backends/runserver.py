"""Django's development server, as the control: no server should be slower than it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.protocol import About, LaunchPlan
from pytest_djworkers.backends.spec import setting

_MODULE = "djworkers_runserver"
"""The module in the folder of the entries that runs it."""
_BACKLOG = 10
"""``request_queue_size`` of django.core.servers.basehttp.WSGIServer."""


@dataclass(frozen=True, slots=True)
class Runserver:
    """Django's runserver, without its reloader, its checks and its log."""

    workers: int | None = setting("1: it is a single process")
    about: ClassVar[About] = About(
        name="runserver",
        requires=("django>=5.2",),
        interface="WSGI",
        raised_limits="none: its backlog is 10",
        notes=(
            "It is not a server to deploy: it is here as the control.",
            "With a backlog of 10, many connections opened at once are dropped by the kernel and"
            " opened again after a second; of 200, 79 got no response in 12 s.",
            "It leaves TCP_NODELAY off: a response on a kept-alive connection takes 44 ms where"
            " 1.5 ms would do.",
            "Each connection gets a thread, without a limit.",
        ),
        max_workers=1,
    )

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """Return the command line of our own entry."""
        # ``manage.py runserver`` serves the settings' application, and takes no other one.
        return [
            *(python, "-P", "-m", _MODULE),
            *(plan.host, str(plan.port)),
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return no option: it has none that shapes its speed."""
        return {}

    def backlog(self, plan: LaunchPlan) -> int:
        """Return Django's backlog, which no setting changes."""
        return _BACKLOG

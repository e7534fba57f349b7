"""The command line that gunicorn's worker classes have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import ClassVar

from pytest_djworkers.backends.protocol import (
    WSGI_ENTRY,
    About,
    LaunchPlan,
    bind_of,
    flags,
    tls_flags,
    without_none,
)
from pytest_djworkers.backends.spec import existing_file, path_of, setting

SCRUBBED = ("GUNICORN_",)
_OUR_CONFIG = str(Path(__file__).resolve().with_name("gunicorn_empty_config.py"))
_CONTROL_SOCKET_SINCE = 25
"""The first major version with the flag ``--no-control-socket``."""
_LEAST_BACKLOG = 2048
"""gunicorn's default."""


@dataclass(frozen=True, slots=True)
class GunicornBase:
    """gunicorn, with one of its worker classes.

    With ``config``, that file sets all but address, worker class and number of workers, and no
    limit is raised.
    """

    workers: int | None = setting("worker processes")
    config: str | None = setting(
        "your own gunicorn.conf.py, whose settings then hold for all but address, worker class"
        " and number of workers",
        existing_file,
    )
    about: ClassVar[About]
    worker_class: ClassVar[str]
    entry: ClassVar[str] = WSGI_ENTRY

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """Return gunicorn's command line."""
        return [
            *(python, "-P", "-m", "gunicorn"),
            *("--config", path_of(self.config or _OUR_CONFIG)),
            # The socket is in the home folder: all instances of a user would share it, and the
            # user's own would lose it to ours.
            *(("--no-control-socket",) if _has_control_socket() else ()),
            *("--bind", bind_of(plan)),
            *tls_flags(plan, "--certfile", "--keyfile"),
            *("--workers", str(plan.workers)),
            *("--worker-class", self.worker_class),
            *flags(self.options(plan), skip=["config"]),
            *("--log-level", "warning"),
            self.entry,
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return its limits, raised to the burst's connections, or the file that sets them."""
        if self.config:
            return {"config": self.config}
        return {**self.limits(plan), **without_none(keep_alive=plan.idle_s or None)}

    def limits(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return the limits that are raised, and the options that users have set."""
        return {"backlog": raised_backlog(plan)}

    def backlog(self, plan: LaunchPlan) -> int | None:
        """Return the raised backlog; None with a configuration file, which may set another one."""
        return None if self.config else raised_backlog(plan)


def raised_backlog(plan: LaunchPlan) -> int:
    """Return gunicorn's default for the backlog, or the burst's connections if those are more."""
    return max(_LEAST_BACKLOG, plan.connections)


def _has_control_socket() -> bool:
    # gunicorn 23 exits with status 2 when it is given a flag that it does not know.
    try:
        return int(version("gunicorn").partition(".")[0]) >= _CONTROL_SOCKET_SINCE
    except PackageNotFoundError:  # the documentation is built without it
        return True

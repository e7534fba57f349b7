"""What gunicorn's workers have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import ClassVar

from pytest_djworkers.backends.protocol import WSGI_ENTRY, About, LaunchPlan, flags
from pytest_djworkers.backends.spec import existing_file, path_of, setting

SCRUBBED = ("GUNICORN_",)
_OUR_CONFIG = str(Path(__file__).resolve().with_name("gunicorn_empty_config.py"))
_CONTROL_SOCKET_SINCE = 25
_LEAST_BACKLOG = 2048
"""gunicorn's default."""


@dataclass(frozen=True, slots=True)
class GunicornBase:
    """A worker class of gunicorn. With ``config``, that file sets all but address, worker class
    and number of workers, and no limit is raised."""

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
        """gunicorn's command line, silent but for warnings."""
        return [
            *(python, "-P", "-m", "gunicorn"),
            *("--config", path_of(self.config or _OUR_CONFIG)),
            *(("--no-control-socket",) if _has_control_socket() else ()),
            *("--bind", f"{plan.host}:{plan.port}"),
            *("--workers", str(plan.workers)),
            *("--worker-class", self.worker_class),
            *flags(self.options(plan), skip=["config"]),
            *("--log-level", "warning"),
            self.entry,
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Its limits, raised to the burst's connections, or the file that sets them."""
        return {"config": self.config} if self.config else self.limits(plan)

    def limits(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """What a worker class raises, and what its users chose."""
        return {"backlog": raised_backlog(plan)}

    def backlog(self, plan: LaunchPlan) -> int | None:
        """As raised; what a configuration file says is not known."""
        return None if self.config else raised_backlog(plan)


def raised_backlog(plan: LaunchPlan) -> int:
    """gunicorn's backlog, or the burst's connections where those are more."""
    return max(_LEAST_BACKLOG, plan.connections)


def _has_control_socket() -> bool:
    # It lies in the home folder, and all instances share it.
    try:
        return int(version("gunicorn").partition(".")[0]) >= _CONTROL_SOCKET_SINCE
    except PackageNotFoundError:  # the documentation is built without it
        return True

"""uWSGI, speaking HTTP itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pytest_djworkers.backends.backlog import somaxconn
from pytest_djworkers.backends.protocol import WSGI_ENTRY, About, LaunchPlan, flags, without_none
from pytest_djworkers.backends.spec import existing_file, path_of, setting

_LEAST_BACKLOG = 100
"""uWSGI's default."""


@dataclass(frozen=True, slots=True)
class Uwsgi:
    """``threads`` is what each process runs views in. uWSGI is a program, not a module: the one
    beside the interpreter is run. The extra is pyuwsgi, the same server built already; a uWSGI that
    was built here does as well."""

    workers: int | None = setting("worker processes")
    threads: int | None = setting("threads of each worker; the default is none but its own")
    ini: str | None = setting("your own uwsgi.ini, read before the settings here", existing_file)
    about: ClassVar[About] = About(
        name="uwsgi",
        requires=("pyuwsgi>=2.0.28",),
        alternatives=("uwsgi>=2.0.28",),
        interface="WSGI",
        raised_limits="--listen (100) to the connections, if those are more, as far as"
        " net.core.somaxconn allows: with more than that it would not start",
        notes=(
            "Each worker answers one request at a time, or one in each of its threads; all other"
            " connections wait in the backlog.",
            "Served with --http-socket, which closes the connection after each answer and, left"
            " alone, doesn't say so: the header Connection: close is added. Its other socket,"
            " --http11-socket, keeps a worker busy with one connection while the rest starve.",
            "A chunked request has no body.",
        ),
        scrubbed=("UWSGI_",),
    )

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """uWSGI's command line, silent but for its start."""
        return [
            str(Path(python).with_name("uwsgi")),
            *(("--ini", path_of(self.ini)) if self.ini else ()),
            *("--http-socket", f"{plan.host}:{plan.port}"),
            *("--add-header", "Connection: close"),
            "--master",
            *("--processes", str(plan.workers)),
            *flags(self.options(plan), skip=["ini"]),
            # Each worker loads the site, and says so; SIGTERM ends it instead of reloading it.
            *("--lazy-apps", "--need-app", "--die-on-term", "--disable-logging"),
            *("--module", WSGI_ENTRY),
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Its limit, raised to the burst's connections."""
        return {
            "listen": self.backlog(plan),
            **without_none(threads=self.threads, ini=self.ini),
        }

    def backlog(self, plan: LaunchPlan) -> int:
        """As many as the kernel allows."""
        return min(max(_LEAST_BACKLOG, plan.connections), somaxconn() or _LEAST_BACKLOG)

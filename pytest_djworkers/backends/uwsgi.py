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
    """uWSGI. ``threads`` is the number of threads that run the views of each process."""

    workers: int | None = setting("worker processes")
    threads: int | None = setting("threads of each worker; the default is 1")
    ini: str | None = setting("your own uwsgi.ini, read before the settings here", existing_file)
    about: ClassVar[About] = About(
        name="uwsgi",
        # pyuwsgi is the same server, built already; uwsgi has to be compiled.
        requires=("pyuwsgi>=2.0.28",),
        alternatives=("uwsgi>=2.0.28",),
        interface="WSGI",
        raised_limits="--listen (100) to the connections, if those are more, as far as"
        " net.core.somaxconn allows: with more than that it would not start",
        notes=(
            "Each worker serves one request at a time, or one in each of its threads; all other"
            " connections wait in the backlog.",
            "Served with --http-socket, which closes the connection after each response without"
            " saying so: the header Connection: close is added. Its other socket,"
            " --http11-socket, keeps a worker busy with one connection while the rest starve.",
            "The body of a chunked request is empty.",
        ),
        scrubbed=("UWSGI_",),
        unix_socket=True,
    )

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """Return uWSGI's command line."""
        return [
            # uWSGI is a program, not a module: the one beside the interpreter is its environment's.
            str(Path(python).with_name("uwsgi")),
            *(("--ini", path_of(self.ini)) if self.ini else ()),
            *("--http-socket", plan.unix_socket or f"{plan.host}:{plan.port}"),
            # Without this header a client that keeps connections alive uses each a second time:
            # half of its requests were lost to a reset.
            *("--add-header", "Connection: close"),
            "--master",
            *("--processes", str(plan.workers)),
            *flags(self.options(plan), skip=["ini"]),
            # --lazy-apps: each worker loads the site and reports, instead of the master alone.
            # --need-app: a site that can't be loaded ends it; else it would respond with 500.
            # --die-on-term: SIGTERM ends it; else it would reload and serve on.
            # --disable-logging: no line for each request.
            *("--lazy-apps", "--need-app", "--die-on-term", "--disable-logging"),
            *("--module", WSGI_ENTRY),
        ]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return its limit, raised to the burst's connections, and what users have set."""
        return {
            "listen": self.backlog(plan),
            **without_none(threads=self.threads, ini=self.ini),
        }

    def backlog(self, plan: LaunchPlan) -> int:
        """Return the burst's connections, as far as the kernel allows."""
        # With a backlog above net.core.somaxconn uWSGI does not start.
        return min(max(_LEAST_BACKLOG, plan.connections), somaxconn() or _LEAST_BACKLOG)

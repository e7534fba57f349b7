"""gunicorn with uvicorn's worker, of the package uvicorn-worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.gunicorn_base import SCRUBBED, GunicornBase
from pytest_djworkers.backends.protocol import ASGI_ENTRY, About


@dataclass(frozen=True, slots=True)
class GunicornUvicorn(GunicornBase):
    """uvicorn under gunicorn's master; it uses uvloop and httptools if they are installed."""

    worker_class: ClassVar[str] = "uvicorn_worker.UvicornWorker"
    entry: ClassVar[str] = ASGI_ENTRY
    about: ClassVar[About] = About(
        name="gunicorn-uvicorn",
        requires=("gunicorn>=23", "uvicorn-worker>=0.3", "uvicorn[standard]>=0.34"),
        interface="ASGI",
        raised_limits="--backlog (2048) to the connections, if those are more; --worker-connections"
        " is not enforced",
        notes=(
            "Each sync view gets a thread: all connections at once ask for what views share, such"
            " as database connections.",
            "The kernel does not spread connections evenly: 90, 55, 52 and 3 of 200 were seen.",
            "An idle connection is closed after 2 s (--keep-alive).",
        ),
        scrubbed=(*SCRUBBED, "UVICORN_"),
        tls=True,
        unix_socket=True,
    )

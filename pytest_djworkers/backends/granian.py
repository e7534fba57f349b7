"""granian, serving WSGI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.granian_base import (
    LIMITS,
    REQUIRES,
    SCRUBBED,
    UNIX_SOCKET,
    GranianBase,
    default_share,
)
from pytest_djworkers.backends.protocol import About, LaunchPlan
from pytest_djworkers.backends.spec import setting


@dataclass(frozen=True, slots=True)
class Granian(GranianBase):
    """granian with WSGI. ``blocking_threads`` is the number of threads of each worker for views."""

    blocking_threads: int | None = setting(
        "threads that each worker runs views in; the default is half of 1024 over the workers"
    )
    interface: ClassVar[str] = "wsgi"
    about: ClassVar[About] = About(
        name="granian",
        requires=REQUIRES,
        interface="WSGI",
        raised_limits=LIMITS,
        notes=(
            "Its backpressure limits connections, not requests: those above it are not served"
            " until another one closes. By default 1024 in all.",
            "Each worker runs up to 256 views at once (two workers): many database connections,"
            " and little of it for views that compute. A single --blocking-threads for each"
            " worker is what older versions and many examples have.",
            "It works a request off even after its client is gone.",
            UNIX_SOCKET,
        ),
        scrubbed=SCRUBBED,
        tls=True,
        unix_socket=True,
    )

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return its limits, and its threads, which are not raised."""
        # granian's own default for the threads is half of the backpressure: it must be spelt out,
        # or the raised limit of connections would raise the threads, too.
        threads = self.blocking_threads or max(1, default_share(plan) // 2)
        return {**GranianBase.options(self, plan), "blocking_threads": threads}

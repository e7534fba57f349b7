"""granian, serving ASGI without its lifespan part, which Django has not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pytest_djworkers.backends.granian_server import LIMITS, REQUIRES, SCRUBBED, GranianServer
from pytest_djworkers.backends.loops import loop_in_use
from pytest_djworkers.backends.protocol import ASGI_ENTRY, About, LaunchPlan
from pytest_djworkers.backends.spec import one_of, setting


@dataclass(frozen=True, slots=True)
class GranianAsgi(GranianServer):
    """``loop`` is uvloop where that is installed."""

    loop: str | None = setting(
        "event loop: uvloop where it is installed, or asyncio", one_of("asyncio", "uvloop")
    )
    interface: ClassVar[str] = "asginl"
    entry: ClassVar[str] = ASGI_ENTRY
    about: ClassVar[About] = About(
        name="granian-asgi",
        requires=REQUIRES,
        interface="ASGI",
        limits=LIMITS,
        in_a_burst=(
            "Its backpressure limits connections, not requests: those above it are accepted by"
            " nobody until another one closes. By default 1024 in all.",
            "Each sync view gets a thread.",
        ),
        scrubbed=SCRUBBED,
    )

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Its limits, and its event loop."""
        return {**GranianServer.options(self, plan), "loop": self.loop or loop_in_use()}

"""pytest-djworkers: did the Django site get slower under the server it is deployed on?

The names in ``__all__`` are public, and no others. Each is imported at its first use, because every
pytest run of an environment with this plugin imports the package, and few of them fire load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # For type checkers and editors, which don't see what __getattr__ returns.
    from pytest_djworkers.backends.protocol import (
        ASGI_ENTRY,
        WSGI_ENTRY,
        About,
        Backend,
        LaunchPlan,
    )
    from pytest_djworkers.backends.spec import setting
    from pytest_djworkers.errors import (
        BaselineError,
        BurstArgumentError,
        BusyMachineError,
        DatabaseError,
        DjworkersError,
        GeneratorError,
        MarkerError,
        OverrideError,
        ProbeError,
        ReportError,
        ResourceError,
        ServerDiedError,
        ServerError,
        ServerStartError,
        SettingsError,
    )
    from pytest_djworkers.load.facts import (
        Connections,
        Events,
        GeneratorFacts,
        LostAgent,
        Reference,
        Series,
        ServerFacts,
        Usage,
    )
    from pytest_djworkers.load.histogram import Latency
    from pytest_djworkers.load.in_pieces import InPieces
    from pytest_djworkers.load.part_figures import PartFigures
    from pytest_djworkers.load.profile import Order, Part, Profile, SentRequest, Shape
    from pytest_djworkers.load.queries import QueryFigures, Statement
    from pytest_djworkers.load.response_excerpt import ResponseExcerpt
    from pytest_djworkers.load.result import BurstResult
    from pytest_djworkers.request.asked import Request
    from pytest_djworkers.run.burst import Burst
    from pytest_djworkers.server.protocol import AnyServer
    from pytest_djworkers.server.response import Response
    from pytest_djworkers.server.server import Server

__all__ = [
    "ASGI_ENTRY",
    "WSGI_ENTRY",
    "About",
    "AnyServer",
    "Backend",
    "BaselineError",
    "Burst",
    "BurstArgumentError",
    "BurstResult",
    "BusyMachineError",
    "Connections",
    "DatabaseError",
    "DjworkersError",
    "Events",
    "GeneratorError",
    "GeneratorFacts",
    "InPieces",
    "Latency",
    "LaunchPlan",
    "LostAgent",
    "MarkerError",
    "Order",
    "OverrideError",
    "Part",
    "PartFigures",
    "ProbeError",
    "Profile",
    "QueryFigures",
    "Reference",
    "ReportError",
    "Request",
    "ResourceError",
    "Response",
    "ResponseExcerpt",
    "SentRequest",
    "Series",
    "Server",
    "ServerDiedError",
    "ServerError",
    "ServerFacts",
    "ServerStartError",
    "SettingsError",
    "Shape",
    "Statement",
    "Usage",
    "setting",
]

# The public names by the module that defines them.
_NAMES = {
    "backends.protocol": (
        "ASGI_ENTRY",
        "WSGI_ENTRY",
        "About",
        "Backend",
        "LaunchPlan",
    ),
    "backends.spec": ("setting",),
    "errors": (
        "BaselineError",
        "BurstArgumentError",
        "BusyMachineError",
        "DatabaseError",
        "DjworkersError",
        "GeneratorError",
        "MarkerError",
        "OverrideError",
        "ProbeError",
        "ReportError",
        "ResourceError",
        "ServerDiedError",
        "ServerError",
        "ServerStartError",
        "SettingsError",
    ),
    "load.facts": (
        "Connections",
        "Events",
        "GeneratorFacts",
        "LostAgent",
        "Reference",
        "Series",
        "ServerFacts",
        "Usage",
    ),
    "load.histogram": ("Latency",),
    "load.in_pieces": ("InPieces",),
    "load.part_figures": ("PartFigures",),
    "load.profile": (
        "Order",
        "Part",
        "Profile",
        "SentRequest",
        "Shape",
    ),
    "load.queries": ("QueryFigures", "Statement"),
    "load.response_excerpt": ("ResponseExcerpt",),
    "load.result": ("BurstResult",),
    "request.asked": ("Request",),
    "run.burst": ("Burst",),
    "server.protocol": ("AnyServer",),
    "server.response": ("Response",),
    "server.server": ("Server",),
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}


if not TYPE_CHECKING:  # a type checker would believe that the package has any name at all

    def __getattr__(name: str) -> Any:
        """Import a public name from its module. Called for names that are not imported yet."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        globals()[name] = value  # from now on it is found without a call
        return value


def __dir__() -> list[str]:
    """Return the names that completion offers, whether they are imported yet or not."""
    return sorted({*globals(), *__all__})

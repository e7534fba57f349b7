"""The functions of users that take part in each launch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_djworkers.server.protocol import AnyServer
from pytest_djworkers.server.response import Response

CheckResponse = Callable[[str, Response], str]
"""A function that is given a request's method and path, and the response to it. It returns what is
wrong with the response, in words; empty if nothing is."""


@dataclass(frozen=True, slots=True)
class LaunchHooks:
    """The functions that are called with a server that is launched."""

    ready: Callable[[AnyServer], None]
    """Called when the server is ready."""
    check_response: Callable[[AnyServer, str, Response], str]
    """Called with the response to a probe; see ``CheckResponse``."""

    def check_of(self, server: AnyServer) -> CheckResponse:
        """Return the check of what this server responds."""
        return lambda request, response: self.check_response(server, request, response)


def _do_nothing(_server: AnyServer) -> None:
    """Do nothing."""


def _accept(_server: AnyServer, _request: str, _response: Response) -> str:
    """Accept any response."""
    return ""


NO_HOOKS = LaunchHooks(_do_nothing, _accept)

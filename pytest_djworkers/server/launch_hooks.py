"""The functions of users that take part in each launch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_djworkers.server.response import Response

CheckResponse = Callable[[str, Response], str]
"""A function that is given a request's method and path, and the response to it. It returns what is
wrong with the response, in words; empty if nothing is."""


@dataclass(frozen=True, slots=True)
class LaunchHooks:
    """The functions that are called with a server, an ``AnyServer``, that is launched."""

    ready: Callable[[Any], None]
    """Called when the server is ready."""
    check_response: Callable[[Any, str, Response], str]
    """Called with the response to a probe; see ``CheckResponse``."""

    def check_of(self, server: Any) -> CheckResponse:
        """Return the check of what this server responds."""
        return lambda request, response: self.check_response(server, request, response)


def _do_nothing(_server: Any) -> None:
    """Do nothing."""


def _accept(_server: Any, _request: str, _response: Response) -> str:
    """Accept any response."""
    return ""


NO_HOOKS = LaunchHooks(_do_nothing, _accept)

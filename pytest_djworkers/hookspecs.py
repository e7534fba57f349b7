"""The hooks that a ``conftest.py``, or another plugin, can implement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    # pytest loads this module in every run.
    from pytest_djworkers.server.protocol import AnyServer
    from pytest_djworkers.server.response import Response


@pytest.hookspec
def pytest_djworkers_ready(item: pytest.Item, server: AnyServer) -> None:
    """Called when a server is ready, after each launch and before any load is fired at it.

    ``server.arm`` is ``base`` or ``head`` in a comparison, and else empty. What an implementation
    raises fails the test.
    """


@pytest.hookspec
def pytest_djworkers_check_response(
    item: pytest.Item, server: AnyServer, request: str, response: Response
) -> str | None:
    """Called with the response to the one request that is sent before a burst of GET or HEAD, or
    before each such part of a mix.

    Before a mix, one is sent of each such part. ``request`` is its method and path, such as
    ``GET /me``. Return a text that says what is wrong with the response, and the test fails before
    the burst; None if nothing is.
    """

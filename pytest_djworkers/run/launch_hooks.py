"""The calls of the plugin's hooks for one test."""

from __future__ import annotations

import pytest

from pytest_djworkers.server.launch_hooks import LaunchHooks
from pytest_djworkers.server.protocol import AnyServer
from pytest_djworkers.server.response import Response
from pytest_djworkers.units import written


def hooks_of(item: pytest.Item) -> LaunchHooks:
    """Return what a launch calls: the hooks that are implemented for this test."""
    # Of the conftest.py files, only those in the test's folder and above are asked.
    hooks = item.ihook

    def ready(server: AnyServer) -> None:
        hooks.pytest_djworkers_ready(item=item, server=server)

    def check_response(server: AnyServer, request: str, response: Response) -> str:
        found = hooks.pytest_djworkers_check_response(
            item=item, server=server, request=request, response=response
        )
        for one in found:
            if not isinstance(one, str):
                return (
                    f"a hook pytest_djworkers_check_response returned {written(one)}: it must"
                    " return a text that says what is wrong, or None"
                )
        return "; ".join(filter(None, found))

    return LaunchHooks(ready, check_response)

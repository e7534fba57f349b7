"""In the controller of pytest-xdist: prepares what its workers share."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.printable import printable
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.xdist import tell_worker


class XdistControllerPlugin:
    """Gives the workers the folder that they share."""

    def __init__(self, run: RunContext) -> None:
        self._run = run

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker that is about to start where the others are."""
        try:
            tell_worker(node, self._run.workers_folder, node.config.getoption("dist"))
        except SettingsError as error:
            raise pytest.UsageError(printable(str(error))) from None

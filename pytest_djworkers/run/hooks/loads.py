"""Says which load the collected tests get: markers decide on it, so it isn't known before."""

from __future__ import annotations

import pytest

from pytest_djworkers.report.loads import load_line
from pytest_djworkers.run.load_tests import fires_bursts
from pytest_djworkers.run.plans import shape_of
from pytest_djworkers.settings.settings import Settings


class LoadsPlugin:
    """Prints the line on the load. A comparison has a load of its own, which follows the view."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def pytest_report_collectionfinish(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> list[str]:
        """Return the line; none with ``-q``, or if no burst is to be fired."""
        shapes = [shape_of(item, self._settings) for item in items if fires_bursts(item)]
        if not shapes or config.get_verbosity() < 0:
            return []
        return [f"djworkers: {load_line(shapes)}"]

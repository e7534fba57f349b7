"""A plugin for pytest that keeps each comparison, as it travels on the test's report.

It writes a line of JSON for each to the file that the environment names.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

FILE_VARIABLE = "KEEP_COMPARISONS_IN"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the comparisons of a report; pytest-djworkers has put its records on it by now."""
    with Path(os.environ[FILE_VARIABLE]).open("a") as file:
        for record in getattr(report, "djworkers_bursts", ()):
            if record["against_base"] is not None:
                file.write(json.dumps(record["against_base"]) + "\n")

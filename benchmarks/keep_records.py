"""A plugin for pytest that keeps the record of each burst, as it travels on the test's report.

It writes a line of JSON for each to the file that the environment names.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

FILE_VARIABLE = "KEEP_RECORDS_IN"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the records of a test; pytest-djworkers has put them on its report by now."""
    if report.when != "call":
        return
    records = getattr(report, "djworkers_bursts", ())
    with Path(os.environ[FILE_VARIABLE]).open("a") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)

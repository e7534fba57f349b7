"""The file in which a run of pytest in a site notes when each of its tests and servers ran."""

from __future__ import annotations

from pathlib import Path

import pytest

import time_line
from tests.support.processes import REPOSITORY
from tests.support.site import Site


@pytest.fixture
def time_line_in(site: Site, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a run with ``-p time_line`` notes when each test and server ran."""
    file = site.folder / "time-line.jsonl"
    monkeypatch.setenv(time_line.FILE_VARIABLE, str(file))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "benchmarks"))
    return file

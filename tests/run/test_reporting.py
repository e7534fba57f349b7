"""The document of a run: what is taken from the run, and what must not get into it."""

from __future__ import annotations

import pytest

from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.reporting import document_of
from tests.support.results import record
from tests.support.settings import SETTINGS


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("--djworkers-url=http://ada:secret@[::1]:8000/", "--djworkers-url=http://...@[::1]:8000/"),
        ("--djworkers-url=http://ada@localhost:8000", "--djworkers-url=http://...@localhost:8000"),
        ("http://ada:se@cret@127.0.0.1", "http://...@127.0.0.1"),
        ("--djworkers-url=http://127.0.0.1:8000", "--djworkers-url=http://127.0.0.1:8000"),
        ("-k=a@b", "-k=a@b"),
    ],
)
def test_the_command_has_no_password(argument: str, shown: str) -> None:
    baseline = Baseline(SETTINGS.root / "none.json", Machine("A CPU", 2, None))
    run = RunContext(SETTINGS, baseline, None, None)
    found = document_of(run, [record()], [], command=("pytest", argument), exit_status=0)
    assert found.run.command == ("pytest", shown)
    assert found.bursts[0].record.key == "test_site.py::test_json[granian] GET /json"

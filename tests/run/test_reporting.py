"""The document of a run: what is taken from the run, and what must not get into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.report.file_outcomes import FileOutcomes
from pytest_djworkers.report_format import ReportFormat
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.reporting import document_of, write_reports
from pytest_djworkers.settings.report_files import ReportFile
from tests.support.documents import document
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


def test_a_file_of_stacks_without_any_is_said_to_be_missing(tmp_path: Path) -> None:
    outcomes = FileOutcomes()
    stacks, others = tmp_path / "load.speedscope.json", tmp_path / "load.json"
    files = [ReportFile(stacks, ReportFormat.SPEEDSCOPE), ReportFile(others, ReportFormat.JSON)]
    write_reports(document(record()), files, outcomes)
    (left_out,) = outcomes.reports_left_out
    assert left_out.startswith(f"{stacks}: nothing was profiled: ")
    assert (outcomes.reports_written, outcomes.problems) == ([str(others)], [])
    assert not stacks.exists()

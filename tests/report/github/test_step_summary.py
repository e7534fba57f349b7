"""The summary of a step: added to what is there, and never larger than GitHub shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.report.github.step_summary import MOST_BYTES, add_to_summary
from pytest_djworkers.report.markdown.page import render
from tests.support.documents import document
from tests.support.results import record

DOCUMENT = document(record())


def test_the_report_comes_after_what_other_commands_have_added(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    assert add_to_summary(file, DOCUMENT)
    assert file.read_text() == render(DOCUMENT)
    file.write_text("# Other tests")
    assert add_to_summary(file, DOCUMENT)
    assert file.read_text() == f"# Other tests\n\n{render(DOCUMENT)}"


def test_it_is_cut_to_the_room_that_is_left(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    file.write_bytes(b"x" * (MOST_BYTES - 3_000))
    long = document(*(record(test=f"test_{number}") for number in range(50)))
    assert len(render(long)) > 3_000
    assert add_to_summary(file, long)
    assert file.stat().st_size <= MOST_BYTES
    assert "is left out" in file.read_text()


def test_nothing_is_added_to_a_full_one(tmp_path: Path) -> None:
    file = tmp_path / "summary"
    file.write_bytes(b"x" * (MOST_BYTES - 1_000))
    assert not add_to_summary(file, DOCUMENT)
    assert file.stat().st_size == MOST_BYTES - 1_000


def test_one_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"summary .*/gone/file can't be written: No such file"):
        add_to_summary(tmp_path / "gone" / "file", DOCUMENT)

"""Report files: each format is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.report.formats import RENDERERS, write_report
from pytest_djworkers.report_format import ReportFormat
from tests.support.documents import document
from tests.support.results import record

DOCUMENT = document(record())


@pytest.mark.parametrize("format_", RENDERERS)
def test_a_report_replaces_an_older_one_and_leaves_nothing_beside_it(
    tmp_path: Path, format_: ReportFormat
) -> None:
    file = tmp_path / "load"
    file.write_text("an older one")
    write_report(file, format_, DOCUMENT)
    assert file.read_text() == RENDERERS[format_](DOCUMENT)
    assert list(tmp_path.iterdir()) == [file]


def test_a_report_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "gone" / "load.md"
    with pytest.raises(OSError, match=r"report .*load\.md can't be written: No such file"):
        write_report(file, ReportFormat.MARKDOWN, DOCUMENT)


def test_a_comment_is_never_longer_than_github_takes() -> None:
    records = [record(test=f"test_{number}") for number in range(300)]
    text = RENDERERS[ReportFormat.COMMENT](document(*records))
    assert len(RENDERERS[ReportFormat.MARKDOWN](document(*records))) > 65_536
    assert 60_000 < len(text) <= 65_536

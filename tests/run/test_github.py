"""A run in a step of GitHub Actions adds to the step's summary, and prints annotations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.site import TWO_TESTS, Site


@pytest.fixture
def summary(site: Site, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the step's summary; the site is in a subfolder of the checkout."""
    file = site.folder / "summary"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(site.folder.parent))
    return file


def printed(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if line.startswith("::")]


def test_a_step_has_the_report_and_annotations_as_lines(site: Site, summary: Path) -> None:
    site.test(TWO_TESTS)
    result = site.burst("-q")
    result.assert_outcomes(passed=1, failed=1)
    (line,) = printed(result)
    assert line.startswith(
        f"::error file={site.folder.name}/test_site.py,line=4,title=test_fails[granian]%3A failed"
        "::GET /json: requests/s: "
    )
    text = summary.read_text()
    assert "## Load tests: 1 failed, 1 passed" in text
    assert "### GET /users (test_passes)" in text


@pytest.mark.matrix
def test_only_the_controller_of_xdist_reports(site: Site, summary: Path) -> None:
    site.test(TWO_TESTS.partition("def test_passes")[0])
    (line,) = printed(site.burst("-n1", "-qq"))
    assert "::GET /json: requests/s: " in line, "without a line on the worker"
    assert summary.read_text().count("## Load tests: 1 failed\n") == 1


def test_a_run_without_bursts_says_nothing(site: Site, summary: Path) -> None:
    site.test(
        """
@pytest.mark.skip(reason="not today")
def test_it(burst):
    pass

def test_other():
    pass
"""
    )
    result = site.burst()
    result.assert_outcomes(passed=1, skipped=1)
    assert not summary.exists()
    assert site.pytest().ret == pytest.ExitCode.OK
    assert not summary.exists()


@pytest.mark.matrix
def test_a_summary_that_cannot_be_written_fails_the_run(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(site.folder / "gone" / "summary"))
    site.test("def test_it(burst):\n    burst('/json')")
    result = site.burst("--djworkers-report=github")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["djworkers: the step's summary */gone/summary can't be written: No such file or directory"]
    )

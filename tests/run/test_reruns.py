"""If another plugin runs a test again, all outputs have the figures of the last attempt."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

from tests.support.site import Site
from tests.support.steady import baseline_file, steady

FLAKY = """
from pathlib import Path

def rps(value):
    Path("rps").write_text(str(value))

def attempt():
    count = Path("attempts")
    count.write_text((count.read_text() if count.exists() else "") + "x")
    return len(count.read_text())

def test_flaky(burst):
    number = attempt()
    rps(1000 * number)
    burst("/json")
    if number == 1:
        rps(50)
        burst("/json", name="only in the first attempt")
    assert number == 3

def test_steady(burst):
    rps(500)
    burst("/json")
"""
OUTPUTS = ("--junit-xml=junit.xml", "--djworkers-report=load.md", "--djworkers-save-baseline")


def check_outputs(site: Site, result: pytest.RunResult) -> None:
    """Check that all outputs have the figures of the third attempt, and none of the others."""
    text = result.stdout.str()
    assert text.count("GET /json  (test_flaky)") == 1
    result.stdout.re_match_lines(
        [
            r"  granian .* 3,000 .*",
            r"    rerun \(attempt 3\)",
            r"GET /json  \(test_steady\)",
            r"  granian .* 500 .*",
            r"baseline saved: 2 bursts in .*",
        ]
    )
    assert text.count("rerun (attempt 3)") == 1
    assert text.count("rerun (attempt N): the test was run again") == 1
    # Each burst has its line when it ends, and the table has those of the last attempt.
    _, _, table = text.rpartition("djworkers: granian")
    assert "GET /json" in table
    assert "only in the first attempt" not in table
    report = (site.folder / "load.md").read_text()
    assert re.search(r"\| +3,000 \|", report)
    assert "rerun (attempt 3)" in report
    assert not re.search(r"\| +1,000 \|", report)
    # A plugin may write a test case for each attempt: the last one counts.
    last = ET.parse(site.folder / "junit.xml").findall(".//testcase[@name='test_flaky[granian]']")
    found = [(one.get("name"), one.get("value")) for one in last[-1].iter("property")]
    # No property is there twice.
    assert len(dict(found)) == len(found)
    noted = dict(found)
    assert noted["djworkers GET /json rps"] == "3000.0"
    assert noted["djworkers GET /json attempt"] == "3"
    assert not [name for name in noted if "first attempt" in str(name)]
    bursts = json.loads(baseline_file(site).read_text())["bursts"]
    stored = bursts["test_site.py::test_flaky[granian] GET /json"]["sessions"]
    assert [one["windows"][0]["ok"] for one in stored] == [30_000]


@pytest.mark.matrix
def test_the_last_attempt_counts_with_pytest_rerunfailures(site: Site) -> None:
    site.test(FLAKY)
    result = steady(site, 1, "--reruns=2", *OUTPUTS)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*2 passed, 2 rerun*"])
    check_outputs(site, result)


@pytest.mark.matrix
def test_the_last_attempt_counts_with_pytest_rerunfailures_under_xdist(site: Site) -> None:
    site.test(FLAKY)
    result = steady(site, 1, "--reruns=2", "-n1", *OUTPUTS)
    result.assert_outcomes(passed=2)
    check_outputs(site, result)


@pytest.mark.matrix
def test_the_last_attempt_counts_with_pytest_retry(site: Site) -> None:
    site.test(FLAKY)
    result = steady(site, 1, "--retries=2", *OUTPUTS)
    result.stdout.fnmatch_lines(["*2 passed, 1 retried*"])
    check_outputs(site, result)


@pytest.mark.matrix
def test_limits_are_not_checked_against_bursts_of_an_earlier_attempt(site: Site) -> None:
    site.test(
        """
from pathlib import Path

@pytest.mark.min_rps(100)
def test_it(burst):
    if not Path("again").exists():
        Path("again").touch()
        Path("rps").write_text("1000")
        burst("/json")
        assert 0

@pytest.fixture
def breaks():
    if Path("broken").exists():
        raise RuntimeError("the second attempt's setup")
    Path("broken").touch()

def test_setup_breaks(breaks, burst):
    Path("rps").write_text("2000")
    burst("/json")
    assert 0
"""
    )
    result = steady(site, 1, "--reruns=1")
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["this test has limits but fired no burst that could meet them: *"])
    result.stdout.no_fnmatch_line("  backend *requests/s*")

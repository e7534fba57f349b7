"""Under pytest-xdist, workers measure, and the controller prints and writes the results."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.support.site import TWO_TESTS, Site


def test_the_controller_prints_a_shared_run_and_saves_nothing(site: Site) -> None:
    site.test(TWO_TESTS)
    result = site.burst(
        "-n2", "--djworkers-save-baseline", "--djworkers-report=load.md", "--junit-xml=junit.xml"
    )
    result.assert_outcomes(passed=1, failed=1)
    text = result.stdout.str()
    assert "GET /json  (test_fails)" in text
    assert "GET /users  (test_passes)" in text
    result.stdout.fnmatch_lines(
        [
            "GET /json: requests/s: *, limit min_rps(1_000_000_000), *",
            "  granian *8/8*",
            "    *shared run",
            "  granian *8/8*",
            "    *shared run",
            "report: *load.md",
        ]
    )
    result.stdout.fnmatch_lines(["baseline not saved: *test_passes*: shared run"])
    result.stdout.no_fnmatch_line("baseline saved*")
    assert not (site.folder / ".djworkers").exists()
    rows = [one for one in (site.folder / "load.md").read_text().splitlines() if one[:1] == "|"]
    assert sum("shared run" in row for row in rows) == 2
    junit = ET.parse(site.folder / "junit.xml")
    assert "djworkers GET /users rps" in {one.get("name") for one in junit.iter("property")}


@pytest.mark.matrix
def test_a_run_with_one_worker_is_not_shared(site: Site) -> None:
    site.test("def test_passes(burst):\n    burst('/users')")
    result = site.burst("-n1", "--djworkers-save-baseline")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*shared run*")


@pytest.mark.matrix
def test_a_wrong_marker_is_a_collection_error_under_xdist_too(site: Site) -> None:
    site.test("@pytest.mark.min_rps('fast')\ndef test_it(burst):\n    pass")
    result = site.burst("-n2")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["test_site.py:3: min_rps('fast'): must be a number above 0"])

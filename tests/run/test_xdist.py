"""Under pytest-xdist, workers measure, each alone, and the controller writes the results."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.support.site import TWO_TESTS, Site


def test_the_controller_prints_saves_and_reports_what_the_workers_measure(site: Site) -> None:
    site.test(TWO_TESTS)
    result = site.burst(
        "-n2", "--djworkers-save-baseline", "--djworkers-report=load.md", "--junit-xml=junit.xml"
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "GET /json: requests/s: *, limit min_rps(1_000_000_000), *",
            "GET /json  (test_fails)",
            "  granian *8/8*",
            "GET /users  (test_passes)",
            "  granian *8/8*",
            "report: *load.md",
            "baseline saved: 1 burst in *",
            "baseline not saved: *test_fails*: the test did not pass",
        ]
    )
    rows = [one for one in (site.folder / "load.md").read_text().splitlines() if one[:1] == "|"]
    assert sum("granian" in row for row in rows) == 2
    junit = ET.parse(site.folder / "junit.xml")
    assert "djworkers GET /users rps" in {one.get("name") for one in junit.iter("property")}


@pytest.mark.matrix
def test_a_wrong_marker_is_a_collection_error_under_xdist_too(site: Site) -> None:
    site.test("@pytest.mark.min_rps('fast')\ndef test_it(burst):\n    pass")
    result = site.burst("-n2")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["test_site.py:3: min_rps('fast'): must be a number above 0"])

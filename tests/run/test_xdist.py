"""Under pytest-xdist: workers measure, the controller tells and writes."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.support.site import Site

TWO_TESTS = """
@pytest.mark.min_rps(1e9)
def test_fails(burst):
    burst("/json")

def test_passes(burst):
    burst("/users")
"""


def test_a_shared_run_is_told_by_the_controller_and_not_saved(site: Site) -> None:
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
            "  granian *8/8 *shared run*",
            "  granian *8/8 *shared run*",
            "report: *load.md",
        ]
    )
    result.stdout.fnmatch_lines(["baseline not saved: *test_passes*: shared run"])
    result.stdout.no_fnmatch_line("baseline saved*")
    assert not (site.folder / ".djworkers").exists()
    assert (site.folder / "load.md").read_text().count("shared run") == 2
    junit = ET.parse(site.folder / "junit.xml")
    assert "djworkers GET /users rps" in {one.get("name") for one in junit.iter("property")}


@pytest.mark.matrix
def test_one_worker_does_not_share(site: Site) -> None:
    site.test("def test_passes(burst):\n    burst('/users')")
    result = site.burst("-n1", "--djworkers-save-baseline")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*shared run*")


@pytest.mark.matrix
def test_a_wrong_marker_is_a_collection_error_there_too(site: Site) -> None:
    site.test("@pytest.mark.min_rps('fast')\ndef test_it(burst):\n    pass")
    result = site.burst("-n2")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["test_site.py:3: min_rps('fast'): must be a number above 0"])

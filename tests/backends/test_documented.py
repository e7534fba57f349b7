"""The documentation's examples of other servers, run as they are written; and its pages."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.site import Site

GUIDES = Path(__file__).parents[2] / "docs" / "how-to"
PAGE = (GUIDES / "other-servers.rst").read_text()
TEST = "def test_json(burst):\n    assert burst('/json').ok\n"


def example(section: str, language: str) -> str:
    """The code block of a language in a section of the page."""
    after = PAGE.partition(f"{section}\n---")[2]
    block = re.search(rf"\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)", after)
    assert block is not None
    return dedent(block[1])


@pytest.mark.matrix
def test_a_command_of_the_configuration_serves(site: Site) -> None:
    ini = (site.folder / "pytest.ini").read_text()
    lines = example("Other servers: a command", "ini").removeprefix("[pytest]\n")
    site.write("pytest.ini", f"{ini}{lines}")
    site.test(TEST)
    result = site.burst("-v", backends="threaded,plain:workers=2")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["*test_json[[]threaded[]] PASSED*", "*test_json[[]plain:workers-2[]] PASSED*"]
    )


@pytest.mark.matrix
def test_a_backend_of_another_package_serves(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write("patient_backend.py", example("Other servers: a package", "python"))
    declared = example("Other servers: a package", "toml")
    name, value = re.findall(r'^(\w+) = "(.*)"$', declared, re.MULTILINE)[0]
    (group,) = re.findall(r'entry-points\."(.*)"', declared)
    site.write("patient-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: p\nVersion: 1\n")
    site.write("patient-1.dist-info/entry_points.txt", f"[{group}]\n{name} = {value}\n")
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    site.test(TEST)
    result = site.burst("-v", backends="patient:threads=2")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*test_json[[]patient:threads-2[]] PASSED*"])

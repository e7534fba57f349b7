"""The reference says what the code says, and the links of the documentation lead to pages."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from docs.write_reference import FOLDER, pages, with_lists
from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.load.facts import Usage
from pytest_djworkers.options import MARKERS, OPTIONS, SWITCHES
from pytest_djworkers.run.junit import add_burst_properties
from tests.support.comparisons import compared
from tests.support.explanations import NAMED
from tests.support.results import QUERIES, RESULT, record

ROOT = Path(__file__).parents[1]
MARKDOWN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "example_project" / "README.md"]
TEXTS = [*MARKDOWN, *sorted((ROOT / "docs").rglob("*.rst"))]
LINK = {".md": r"(?:\]\(|src(?:set)?=\")(?!http)([^)#\"]+)", ".rst": r"<([^>\n:]+\.rst)>`__"}


def test_the_reference_says_what_the_code_says() -> None:
    """If it fails: make reference."""
    pytest.importorskip("uvloop", reason="the servers' commands are those with uvloop installed")
    assert {file: file.read_text() for file in pages()} == pages()


def test_every_option_is_in_the_reference_once() -> None:
    page = (FOLDER / "options.rst").read_text()
    heads = re.findall(r"^``.*\n(?=   \S)", page, re.MULTILINE)
    for option in OPTIONS:
        name = f"``{option.ini}``" if option.ini_only else f"``{option.flag}="
        assert sum(head.startswith(name) for head in heads) == 1
    for flag in SWITCHES:
        assert sum(head.startswith(f"``{flag}``") for head in heads) == 1
    assert len(heads) == len(OPTIONS) + len(SWITCHES)


def test_every_marker_is_in_the_reference() -> None:
    page = (FOLDER / "markers.rst").read_text()
    for marker in MARKERS:
        assert f"``@pytest.mark.{marker.partition(': ')[0]}``" in page


def test_every_property_of_junit_is_in_the_reference() -> None:
    item: Any = SimpleNamespace(user_properties=[])
    used = replace(RESULT, usage=Usage(1.0, 600_000_000, 2, 2, 0, 0))
    slower = replace(compared(0.7), explanation=NAMED)
    one = record(result=replace(used, queries=QUERIES), against_base=slower, attempt=2)
    add_burst_properties(item, [one])
    names = {name.removeprefix("djworkers GET /json ") for name, _ in item.user_properties}
    page = (FOLDER / "files.rst").read_text().partition("JUnit's XML\n")[2]
    assert set(re.findall(r"``([a-z]+(?: ?[a-z0-9_]+)?)``", page)) - {"djworkers", "head"} == {
        name for name in names if not name.startswith("head ")
    }


def test_every_server_has_a_page_that_the_list_links_to() -> None:
    listed = (FOLDER / "servers" / "index.rst").read_text()
    files = {file.stem for file in (FOLDER / "servers").glob("*.rst")} - {"index"}
    assert files == BACKENDS.keys()
    assert all(f"<{name}.rst>" in listed for name in files)


def test_an_option_that_no_list_names_is_in_the_list_of_the_others() -> None:
    page = with_lists(
        ".. generated options: seed\n.. end of options\n.. generated options\n.. end of options\n"
    )
    named, others = page.split(".. end of options")[:2]
    assert "--djworkers-seed=N" in named
    assert "--djworkers-seed=N" not in others
    assert others.count("--djworkers") >= len(OPTIONS) // 2


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    """Those that readers of the repository follow; Sphinx checks its own."""
    linked = re.findall(LINK[page.suffix], page.read_text())
    assert [link for link in linked if not (page.parent / link).exists()] == []

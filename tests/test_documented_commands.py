"""The commands of the documentation print exactly what it shows."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path

import pytest

from pytest_djworkers.cli import main

DOCS = Path(__file__).parents[1] / "docs"
REFERENCE = (DOCS / "reference" / "command-line.rst").read_text()
PAGE = (DOCS / "how-to" / "from-other-tools.rst").read_text()


def blocks(language: str) -> list[str]:
    """Return the code blocks of one language on the page."""
    found = re.findall(rf"^\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)", PAGE, re.MULTILINE)
    return [textwrap.dedent(block).strip() + "\n" for block in found]


def test_the_documented_session_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (notes,) = blocks("markdown")
    (tmp_path / "notes.md").write_text(notes)
    (session,) = blocks("console")
    steps = re.findall(r"^\$ djworkers (.*)\n((?:(?!\$).*\n)*)", session, re.MULTILINE)
    assert len(steps) == 3
    for command, output in steps:
        assert main(shlex.split(command)) == 0
        assert capsys.readouterr().out == output


def test_every_command_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = re.findall(r"^    (\S+)(?: |$)", capsys.readouterr().out, re.MULTILINE)
    assert {"baselines", "show", "diff", "report", "mix", "import-wrk"} == set(listed)
    for name in listed:
        assert f"``djworkers {name}" in REFERENCE

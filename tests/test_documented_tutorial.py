"""The tutorial, done from its first line to its last: its files written, its commands run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages import DOCS, examples_in, shows
from tests.support.shell import Shell

PAGE = DOCS / "tutorial" / "index.rst"
FAILS = "failed in"
"""What the output of a command ends with that is to fail."""


@pytest.mark.matrix
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    folder.mkdir()
    shell = Shell(folder)
    for example in examples_in(PAGE):
        if example.file is not None:
            shell.write(example.file, example.source)
            continue
        assert example.language == "console", example
        for command, shown in example.steps():
            code, output = shell.run(command)
            assert code == (FAILS in shown), f"{command}\n{output}"
            assert not shown or shows(shown, output), f"{command}\n{output}\nis not\n{shown}"
    for report in ("load.html", "load.md"):
        assert "regressed" in (shell.folder / report).read_text().lower()

"""The steps of workflow files, executed as a runner does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.pages import DOCS
from tests.support.repository import ENVIRONMENT

WORKFLOWS = DOCS / "how-to" / "workflows"
_EXPRESSION = re.compile(r"\$\{\{ *(?P<path>[a-z_.]+) *\}\}")
# A runner has these in its image or gets them from a step; what would need the network is noted.
_PYTHON = f"""#!/bin/sh
case "$*" in
    "-m pip "*) echo "python $*" >> "$CALLS" ;;
    *) exec {sys.executable} "$@" ;;
esac
"""
_APT = """#!/bin/sh
echo "apt-get $*" >> "$CALLS"
"""


def workflow(name: str) -> Any:
    """Return the content of a workflow file. YAML takes its key ``on`` for True."""
    return yaml.safe_load((WORKFLOWS / name).read_text())


def expanded(text: str, context: Mapping[str, Any]) -> str:
    """Return a value with its expressions replaced, such as ``${{ github.token }}``."""

    def value(found: re.Match[str]) -> str:
        at: Any = context
        for name in found["path"].split("."):
            at = at[name]
        return str(at)

    done = _EXPRESSION.sub(value, text)
    assert "${{" not in done
    return done


@dataclass(frozen=True)
class Runner:
    """A folder in which scripts of steps are executed, with a PATH of its own."""

    folder: Path
    tools: Path
    """The folder of the programs that stand in for those that need the network."""

    @classmethod
    def in_folder(cls, folder: Path, tools: Path) -> Runner:
        """Return a runner whose steps work in this folder."""
        tools.mkdir()
        made = cls(folder, tools)
        made.add_tool("python", _PYTHON)
        made.add_tool("apt-get", _APT)
        return made

    def add_tool(self, name: str, script: str) -> None:
        """Add a program to the PATH."""
        file = self.tools / name
        file.write_text(script)
        file.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """The calls of programs that would have needed the network."""
        file = self.tools / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def run(
        self, script: str, shell: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Execute a script, and return what it printed."""
        own = Path(sys.executable).parent
        return subprocess.run(
            [*shell, "-c", script],
            cwd=self.folder,
            env={
                **os.environ,
                **ENVIRONMENT,
                "PATH": f"{self.tools}:{own}:{os.environ['PATH']}",
                "CALLS": str(self.tools / "calls"),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=300,
        )

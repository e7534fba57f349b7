"""The commands of a page, run as a reader types them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

PROGRAMS = ("git", "mkdir", "sh")
"""What pages use besides Python's own commands. Not wrk: a reader may not have it."""
SKIPPED = {
    "pip install": "the network is not there; the plugin and the servers are installed",
    "python3 -m venv": "the tests have a virtual environment",
    ". .venv/bin/activate": "its commands are first on PATH",
}
"""The beginnings of commands that are not run, each with its reason."""
_CHANGED_OUTPUT = ("CI", "BUILD_NUMBER", "COLUMNS", "GITHUB_STEP_SUMMARY", "PYTHONDEVMODE")


@dataclass
class Shell:
    """A shell in a folder, with the commands of the tests' own environment."""

    folder: Path
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        programs = self.folder.with_name(f"{self.folder.name}-programs")
        programs.mkdir()
        for name in PROGRAMS:
            (programs / name).symlink_to(shutil.which(name) or name)
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST", "DJANGO")) and name not in _CHANGED_OUTPUT
        }
        self.environment |= {
            "PATH": f"{Path(sys.executable).parent}:{programs}",
            "HOME": str(self.folder),
            "GIT_AUTHOR_NAME": "Ann",
            "GIT_AUTHOR_EMAIL": "ann@example.com",
            "GIT_COMMITTER_NAME": "Ann",
            "GIT_COMMITTER_EMAIL": "ann@example.com",
        }

    def write(self, name: str, text: str) -> None:
        """Write a file in the current folder."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def run(self, command: str) -> tuple[int, str]:
        """Run a command, and return its exit code and what it printed."""
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ")
            return 0, ""
        if command.startswith(tuple(SKIPPED)):
            return 0, ""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

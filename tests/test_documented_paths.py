"""The paths that CONTRIBUTING names exist, so that the map doesn't lead astray."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pytest_djworkers"
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
PATHS = sorted(set(re.findall(r"`([\w./]+(?:/|\.py|\.md|\.rst|\.toml|\.json))`", PAGE)))


def test_contributing_names_paths() -> None:
    assert len(PATHS) > 20


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_contributing_names_exists(path: str) -> None:
    """It is relative to the repository, or to the package."""
    assert (ROOT / path).exists() or (PACKAGE / path).exists()


def test_contributing_shows_every_folder_of_the_package() -> None:
    folders = {
        f"{folder.name}/"
        for folder in PACKAGE.iterdir()
        if folder.is_dir() and list(folder.glob("*.py"))
    }
    assert folders <= set(PATHS)

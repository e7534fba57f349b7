"""The oldest versions that are tested are those that the package says it needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]


def test_the_oldest_versions_are_the_lower_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (tested,) = re.findall(
        r"^    oldest: (gunicorn.*)", (ROOT / "tox.ini").read_text(), re.MULTILINE
    )
    extras = project["optional-dependencies"]
    needed = [
        *project["dependencies"],
        *(one for name in tested.split(", ") for one in extras[name]),
    ]
    bounds = {one.name: str(one.specifier).removeprefix(">=") for one in map(Requirement, needed)}
    lines = (ROOT / "tests" / "oldest.txt").read_text().splitlines()
    pinned = [Requirement(line) for line in lines if not line.startswith("#")]
    pins = {one.name: Version(str(one.specifier).removeprefix("==")) for one in pinned}
    assert pins.pop("psycopg-binary") == pins["psycopg"]
    assert pins == {name: Version(bound) for name, bound in bounds.items()}

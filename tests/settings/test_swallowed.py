"""A flag whose value is missing takes the next word: a path that was meant for pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.options import BY_NAME
from pytest_djworkers.settings.swallowed import swallowed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with tests, and other files."""
    for name in ("tests/test_load.py", "load.md", "build.sh", "local_settings.py"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "tests"),
        ("", "tests/test_load.py"),
        ("", "tests/test_load.py::test_json[granian]"),
        ("baseline", "tests"),
        ("compare", "tests/"),
        ("connections", "tests"),
        ("settings", "tests"),
        ("report", "tests/test_load.py"),
        ("compare_requirements", "tests/test_load.py"),
    ],
)
def test_a_path_in_the_word_after_a_flag_is_not_its_value(
    folder: Path, name: str, value: str
) -> None:
    option = BY_NAME[name]
    said = swallowed(option, value, ["-x", option.flag, value], folder)
    assert said == (
        f"{option.flag} takes the next word for its value, and {value!r} is a path here: write"
        f" {option.flag}={option.metavar} {value} (or {option.flag}={value}, if that is the value)"
    )
    # So it is meant.
    assert swallowed(option, value, ["-x", f"{option.flag}={value}"], folder) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "granian"),
        ("", "test_" + "long" * 100),
        ("compare", "main"),
        ("report", "load.md"),
        ("compare_copy", "tests"),
        ("compare_copy", "local_settings.py"),
        ("compare_prepare", "build.sh"),
        ("compare_python", "build.sh"),
    ],
)
def test_another_word_is_the_value(folder: Path, name: str, value: str) -> None:
    option = BY_NAME[name]
    assert swallowed(option, value, [option.flag, value], folder) is None

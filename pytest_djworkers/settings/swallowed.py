"""Flags that took the next word for their value, though that was meant for pytest: a test file."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from pytest_djworkers.options import Option

# The names of files are values of these: of paths, only those of tests are not meant for them.
_TAKE_FILES = frozenset(
    {
        "report",
        "compare_python",
        "compare_requirements",
        "compare_environments",
        "compare_prepare",
        "compare_copy",
    }
)


def swallowed(option: Option, value: str, words: Sequence[str], folder: Path) -> str | None:
    """Return what to write instead, if a flag's value seems to be a path to collect tests from.

    ``words`` are those of the command line, and ``folder`` is the one that it was typed in. A value
    that is written with "=" is meant.
    """
    if (option.flag, value) not in pairwise(words):
        return None
    if not (
        _is_test(value, folder) or (option.name not in _TAKE_FILES and _is_path(value, folder))
    ):
        return None
    return (
        f"{option.flag} takes the next word for its value, and {value!r} is a path here: write"
        f" {option.flag}={option.metavar} {value} (or {option.flag}={value}, if that is the value)"
    )


def _is_test(value: str, folder: Path) -> bool:
    file, _, _ = value.partition("::")
    name = Path(file).name
    is_test = name.endswith(".py") and (name.startswith("test") or name.endswith("_test.py"))
    return is_test and _is_path(file, folder)


def _is_path(value: str, folder: Path) -> bool:
    try:
        return (folder / value).exists()
    except OSError:  # a name that is too long
        return False

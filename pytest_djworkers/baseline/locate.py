"""Where baselines are, for a command that no pytest has told its root."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_djworkers.baseline.files import FOLDER, files_in, names_in, read_document
from pytest_djworkers.baseline.imported import Imported, read_imported
from pytest_djworkers.baseline.machine import this_machine
from pytest_djworkers.baseline.store import Baseline, read
from pytest_djworkers.errors import BaselineError

_ROOT_HAS = (
    FOLDER,
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)


def find_root(start: Path) -> Path:
    """The nearest folder upwards that has baselines, or what makes it pytest's root; else the
    folder itself."""
    for folder in (start, *start.parents):
        # Not pathlib's: that raises where a folder may not be looked into.
        if any(os.path.exists(folder / name) for name in _ROOT_HAS):  # noqa: PTH110  # Path raises for what may not be looked into
            return folder
    return start


def names(root: Path) -> list[str]:
    """The baselines under a root, by name."""
    return names_in(root)


def files_of(root: Path, name: str) -> list[Path]:
    """The files of a baseline, a machine each, and that of what was imported."""
    return files_in(root / FOLDER / name)


def files_named(root: Path, what: str) -> list[Path]:
    """The file that ``what`` is, or else all files of the baseline that it names.

    Raises BaselineError for neither.
    """
    if os.path.isfile(what):  # noqa: PTH113  # Path raises for what may not be looked into
        return [Path(what)]
    if what in (there := names(root)):
        return files_of(root, what)
    known = f"has {', '.join(there)}" if there else "has none"
    raise BaselineError(f"{what} is no file, and no baseline: {root / FOLDER} {known}")


def file_named(root: Path, what: str) -> Path:
    """The one file that ``what`` is or names: of several, the one of this machine.

    Raises BaselineError where there is none, or no telling which.
    """
    files = files_named(root, what)
    own = [file for file in files if file.stem == this_machine().key]
    chosen = own or files
    if len(chosen) > 1:
        several = ", ".join(map(shortened, chosen))
        raise BaselineError(f"baseline {what} has nothing of this machine: say which of {several}")
    return chosen[0]


def read_file(file: Path) -> Baseline | tuple[Imported, ...]:
    """What is in a file: figures of a machine, or what was imported.

    Raises BaselineError when it can't be read.
    """
    if "imported" in (read_document(file) or {}):
        return read_imported(file)
    return read(file)


def shortened(file: Path) -> str:
    """A file as users write it: from the current folder, where it is in that."""
    try:
        here = Path.cwd()
    except OSError:  # it is gone
        return str(file)
    return str(file.relative_to(here) if file.is_relative_to(here) else file)

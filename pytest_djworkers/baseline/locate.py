"""Find baselines for the command ``djworkers``, which pytest has not told its root."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_djworkers.baseline.files import FOLDER, files_in, names_in, read_document
from pytest_djworkers.baseline.imported import Imported, read_imported
from pytest_djworkers.baseline.machine import this_machine
from pytest_djworkers.baseline.store import Baseline, read
from pytest_djworkers.errors import BaselineError

# The files that pytest looks for, so that both find the same root (its page "Rootdir").
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
    """Return the nearest folder upwards that has baselines, or a file that makes it pytest's root.

    Return the folder itself if there is none.
    """
    for folder in (start, *start.parents):
        # Not pathlib's: that raises where a folder may not be looked into.
        if any(os.path.exists(folder / name) for name in _ROOT_HAS):  # noqa: PTH110  # Path raises for what may not be looked into
            return folder
    return start


def names(root: Path) -> list[str]:
    """Return the names of the baselines under a root."""
    return names_in(root)


def files_of(root: Path, name: str) -> list[Path]:
    """Return the files of a baseline: one for each machine, and the one of imports."""
    return files_in(root / FOLDER / name)


def files_named(root: Path, what: str) -> list[Path]:
    """Return the file that ``what`` is the path of, or all files of the baseline of that name.

    Raises BaselineError if there is neither.
    """
    if os.path.isfile(what):  # noqa: PTH113  # Path raises for what may not be looked into
        return [Path(what)]
    if what in (there := names(root)):
        return files_of(root, what)
    known = f"has {', '.join(there)}" if there else "has none"
    raise BaselineError(f"{what} is neither a file nor a baseline: {root / FOLDER} {known}")


def file_named(root: Path, what: str) -> Path:
    """Return the one file of this path or name: of several, the one of this machine.

    Raises BaselineError if there is none, or if there are several and none is of this machine.
    """
    files = files_named(root, what)
    # The import file has no machine's key for its name, so it is chosen only if it is alone.
    own = [file for file in files if file.stem == this_machine().key]
    chosen = own or files
    if len(chosen) > 1:
        several = ", ".join(map(shortened, chosen))
        raise BaselineError(f"baseline {what} has no file of this machine: name one of {several}")
    return chosen[0]


def read_file(file: Path) -> Baseline | tuple[Imported, ...]:
    """Return the content of a file: the baseline of a machine, or the imported runs.

    Raises BaselineError if it can't be read.
    """
    if "imported" in (read_document(file) or {}):
        return read_imported(file)
    return read(file)


def shortened(file: Path) -> str:
    """Return a path as users write it: relative to the current folder, if the file is in it."""
    try:
        here = Path.cwd()
    except OSError:  # it is gone
        return str(file)
    return str(file.relative_to(here) if file.is_relative_to(here) else file)

"""Where the arms of a comparison live: the same site, found in another tree."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest_djworkers
from pytest_djworkers.server.home import Home

_PACKAGE = Path(pytest_djworkers.__file__).parent


def plugin_folder(folder: Path) -> Path:
    """A folder that holds this package and nothing else, to be found before any other copy: the
    plugin is the working tree's for every arm."""
    made = folder / "plugin"
    made.mkdir(exist_ok=True)
    link = made / _PACKAGE.name
    if not link.is_symlink():
        link.symlink_to(_PACKAGE, target_is_directory=True)
    return made


def head_home(here: Home, top: Path, plugin: Path) -> Home:
    """The working tree's home, held to what lies in its repository."""
    return Home(here.python, here.folder, (str(plugin), *here.search_path), top)


def base_home(here: Home, top: Path, tree: Path, plugin: Path, python: str | None = None) -> Home:
    """The same home in another tree of the repository.

    Every path in the repository becomes its twin in ``tree``, but for those of the interpreter's
    environment. Another interpreter has packages of its own, and is told of no others.
    """
    other = python is not None and Path(python) != Path(here.python)
    moved = [_moved(Path(path), top, tree) for path in here.search_path]
    kept = [
        str(new or old)
        for old, new in zip(here.search_path, moved, strict=True)
        if new is not None or not other
    ]
    folder = _moved(here.folder, top, tree) or here.folder
    return Home(
        python or here.python,
        folder if folder.is_dir() else tree,
        (str(plugin), *kept),
        tree,
    )


def _moved(path: Path, top: Path, tree: Path) -> Path | None:
    """A path's twin in the other tree; None for one that has none there."""
    path = path.resolve()
    environments = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()}
    if not path.is_relative_to(top.resolve()) or any(
        path.is_relative_to(one) for one in environments
    ):
        return None
    return tree / path.relative_to(top.resolve())

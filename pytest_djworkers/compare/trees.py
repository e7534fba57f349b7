"""The runtimes of the two arms: the same site, in two trees of one repository."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pytest_djworkers.entry.tree_bounds import TreeBounds, environment_folders
from pytest_djworkers.server.runtime import Runtime
from pytest_djworkers.system.python_folders import python_folders

_PACKAGE = Path(__file__).parents[1]
_NOT_MOVED = {"HOME", "OLDPWD", "SCRIPT_NAME", "TEMP", "TMP", "TMPDIR", "XDG_CACHE_HOME"}
"""Variables that name no code, though in a container the home may be the repository."""
_PACKAGE_FOLDERS = {"site-packages", "dist-packages", "__pypackages__"}


def plugin_folder(folder: Path) -> Path:
    """Return a folder that holds a link to this package and nothing else.

    It goes to the front of every arm's search path: both arms run this copy of the plugin, also if
    base's tree or environment has another.
    """
    made = folder / "plugin"
    made.mkdir(exist_ok=True)
    link = made / _PACKAGE.name
    if not link.is_symlink():
        link.symlink_to(_PACKAGE, target_is_directory=True)
    return made


def head_runtime(here: Runtime, top: Path, tree: Path, plugin: Path) -> Runtime:
    """Return the working tree's runtime, which may load no code from ``tree``, base's worktree."""
    path = (str(plugin), *here.search_path)
    kept = _shared_folders(here.search_path, top, tree)
    return Runtime(here.python, here.folder, path, top, tree, kept)


def base_runtime(
    here: Runtime, top: Path, tree: Path, plugin: Path, python: str | None = None
) -> Runtime:
    """Return the same runtime in ``tree``, base's worktree.

    Paths in the repository, also those in environment variables, are replaced by the same paths in
    ``tree``; the interpreter's environment stays. With another interpreter, ``python``, packages
    outside of the repository are left out: it has its own.
    """
    is_other_python = python is not None and Path(python) != Path(here.python)
    kept = _shared_folders(here.search_path, top, tree)
    bounds = TreeBounds(str(tree), str(top), kept, "")
    path = [
        bounds.twin(entry) if bounds.is_apart(entry) else entry
        for entry in here.search_path
        if not is_other_python or bounds.is_apart(entry)
    ]
    folder = here.folder
    if bounds.is_apart(str(folder)):
        folder = Path(bounds.twin(str(folder)))
    return Runtime(
        python or here.python,
        # Base may not have the folder that pytest was started in.
        folder if folder.is_dir() else tree,
        (str(plugin), *path),
        tree,
        top,
        kept,
        dict(_moved_variables(os.environ, bounds)),
    )


def environment_runtime(here: Runtime, python: str, plugin: Path) -> Runtime:
    """Return the working tree's runtime in another interpreter, which has its own packages."""
    path = here.search_path
    if python != here.python:
        own = set(python_folders())
        path = tuple(
            entry
            for entry in path
            if entry not in own and not _PACKAGE_FOLDERS.intersection(Path(entry).parts)
        )
    return Runtime(python, here.folder, (str(plugin), *path))


def _shared_folders(search_path: Iterable[str], top: Path, tree: Path) -> tuple[str, ...]:
    """Return the folders that both arms use, though they may lie in the repository.

    They are this process's environment, this package, and packages that are installed next to the
    code, which git doesn't have.
    """
    bounds = TreeBounds(str(tree), str(top), (), "")
    installed = [
        entry
        for entry in search_path
        if _PACKAGE_FOLDERS.intersection(Path(entry).parts) and not bounds.has_twin(entry)
    ]
    return (*environment_folders(), str(_PACKAGE), *installed)


def _moved_variables(variables: Mapping[str, str], bounds: TreeBounds) -> Iterator[tuple[str, str]]:
    """Yield the environment variables that name paths of the repository, with base's paths.

    A variable may hold one path or a list, as ``PATH`` does. Paths that base lacks stay.
    """
    for name, value in variables.items():
        if name in _NOT_MOVED:
            continue
        paths = value.split(os.pathsep)
        moved = [
            bounds.twin(path) if bounds.is_apart(path) and bounds.has_twin(path) else path
            for path in paths
        ]
        if moved != paths:
            yield name, os.pathsep.join(moved)

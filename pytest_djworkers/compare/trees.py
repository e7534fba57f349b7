"""Where the arms of a comparison live: the same site, found in another tree."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pytest_djworkers.entry.tree_bounds import TreeBounds, environment_folders
from pytest_djworkers.server.runtime import Runtime

_PACKAGE = Path(__file__).parents[1]
_NOT_MOVED = {"HOME", "OLDPWD", "SCRIPT_NAME", "TEMP", "TMP", "TMPDIR", "XDG_CACHE_HOME"}
"""Variables that are no code's: a container's home may be its repository."""
_PACKAGES = {"site-packages", "dist-packages", "__pypackages__"}


def plugin_folder(folder: Path) -> Path:
    """A folder that holds this package and nothing else, to be found before any other copy: the
    plugin is the working tree's for every arm."""
    made = folder / "plugin"
    made.mkdir(exist_ok=True)
    link = made / _PACKAGE.name
    if not link.is_symlink():
        link.symlink_to(_PACKAGE, target_is_directory=True)
    return made


def head_runtime(here: Runtime, top: Path, tree: Path, plugin: Path) -> Runtime:
    """The working tree's runtime, held to what lies in its repository; ``tree`` is base's."""
    path = (str(plugin), *here.search_path)
    return Runtime(here.python, here.folder, path, top, tree, _kept(here.search_path, top, tree))


def base_runtime(
    here: Runtime, top: Path, tree: Path, plugin: Path, python: str | None = None
) -> Runtime:
    """The same runtime in another tree of the repository.

    Every path in the repository becomes its twin in ``tree``, but for those of the interpreter's
    environment; so do those that variables name. Another interpreter has packages of its own, and
    is told of no others.
    """
    other = python is not None and Path(python) != Path(here.python)
    kept = _kept(here.search_path, top, tree)
    bounds = TreeBounds(str(tree), str(top), kept, "")
    path = [
        bounds.twin(place) if bounds.is_apart(place) else place
        for place in here.search_path
        if not other or bounds.is_apart(place)
    ]
    folder = here.folder
    if bounds.is_apart(str(folder)):
        folder = Path(bounds.twin(str(folder)))
    return Runtime(
        python or here.python,
        folder if folder.is_dir() else tree,
        (str(plugin), *path),
        tree,
        top,
        kept,
        dict(_moved_variables(os.environ, bounds)),
    )


def _kept(search_path: Iterable[str], top: Path, tree: Path) -> tuple[str, ...]:
    """What is no code of the repository though it lies there: this process's environment, this
    package, and packages installed beside the code, which git does not have."""
    installed = [
        place
        for place in search_path
        if _PACKAGES.intersection(Path(place).parts)
        and not TreeBounds(str(tree), str(top), (), "").has_twin(place)
    ]
    return (*environment_folders(), str(_PACKAGE), *installed)


def _moved_variables(variables: Mapping[str, str], bounds: TreeBounds) -> Iterator[tuple[str, str]]:
    """The variables that name files or folders of the repository, alone or in a list, with their
    twins instead, where base has them."""
    for name, value in variables.items():
        if name in _NOT_MOVED:
            continue
        places = value.split(os.pathsep)
        moved = [
            bounds.twin(place) if bounds.is_apart(place) and bounds.has_twin(place) else place
            for place in places
        ]
        if moved != places:
            yield name, os.pathsep.join(moved)

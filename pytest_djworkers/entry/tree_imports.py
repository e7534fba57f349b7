"""Keeps imports to one of two trees: modules of the other tree are taken from this one instead.

It changes the specs that other import finders return, so it holds for all of them: those of
editable installs, ``.pth`` files, namespace packages, and a site's own. Only imports get slower by
it, not requests.
"""

from __future__ import annotations

import copy
import os
import sys
from _thread import get_ident
from collections.abc import Callable, Sequence
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    ExtensionFileLoader,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from types import ModuleType
from typing import Any

from pytest_djworkers.entry.strays import StrayList
from pytest_djworkers.entry.tree_bounds import TreeBounds


def hold_imports(bounds: TreeBounds) -> StrayList:
    """Keep this process's imports to its tree from now on, and return the list of strays.

    Modules that are loaded from the other tree nevertheless get on the list, now or later. A second
    call returns the same list.
    """
    for finder in sys.meta_path:
        if isinstance(finder, _Gate):
            return finder.strays
    strays = StrayList(bounds)
    for loader in (SourceFileLoader, SourcelessFileLoader, ExtensionFileLoader):
        _watch(loader, strays)
    sys.path[:] = _moved(sys.path, bounds)
    for module in sys.modules.copy().values():
        _move_namespace(module, bounds)
    sys.meta_path.insert(0, _Gate(bounds, strays))
    strays.look_at_modules()
    return strays


class _Gate:
    """An import finder that asks all others, and moves what they find in the other tree to this."""

    def __init__(self, bounds: TreeBounds, strays: StrayList) -> None:
        self._bounds = bounds
        self.strays = strays
        self._inside = os.path.join(bounds.tree, "")
        self._asking: set[tuple[int, str]] = set()
        """The threads that look for a module, with its name. Another finder may ask all finders in
        turn, which would have no end."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module, as a finder of ``sys.meta_path``.

        Raises ModuleNotFoundError if only the other tree has it. Python would ask the other finders
        next if this returned None, and they would give it.
        """
        asking = (get_ident(), name)
        if asking in self._asking:
            return None
        self._asking.add(asking)
        try:
            return self._find(name, path, target)
        finally:
            self._asking.remove(asking)

    def _find(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        is_elsewhere = False
        for finder in sys.meta_path.copy():
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            found = finder.find_spec(name, path, target)
            here = None if found is None else self._here(found)
            if here is not None:
                self._look_for_compiled(here)
                return here
            is_elsewhere |= found is not None
        for folder in sys.path if path is None else path:
            self._look_for_twin(name, os.path.join(str(folder), name.rpartition(".")[2]))
        if is_elsewhere:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

    def _here(self, spec: ModuleSpec) -> ModuleSpec | None:
        """Return the spec of the same module in this tree; None if this tree doesn't have it."""
        if not spec.has_location or spec.origin is None:
            return _with_namespace(spec, self._bounds)
        if not self._bounds.is_apart(spec.origin):
            return _with_locations(spec, self._bounds)
        twin = self._bounds.twin(spec.origin)
        if not os.path.isfile(twin):
            if spec.origin.endswith(tuple(EXTENSION_SUFFIXES)):
                self._miss(spec.name, spec.origin)
            return None
        loader: Any = copy.copy(spec.loader)
        if hasattr(loader, "path"):
            loader.path = twin
        here = ModuleSpec(
            spec.name,
            loader,
            origin=twin,
            is_package=spec.submodule_search_locations is not None,
        )
        here.submodule_search_locations = spec.submodule_search_locations
        here.has_location = True
        return _with_locations(here, self._bounds)

    def _look_for_compiled(self, found: ModuleSpec) -> None:
        """Look for a compiled module beside a source file: it would be taken first."""
        if isinstance(found.loader, SourceFileLoader) and found.origin is not None:
            where = found.origin.removesuffix(".py").removesuffix("/__init__")
            self._look_for_twin(found.name, where)

    def _look_for_twin(self, name: str, where: str) -> None:
        """Report a compiled module that only the other tree has in this place."""
        # Modules that are built in place are not in git, so base's worktree lacks them. Without
        # them one arm would be slower.
        if where.startswith(self._inside):
            other = os.path.join(self._bounds.apart, where.removeprefix(self._inside))
            for suffix in EXTENSION_SUFFIXES:
                if os.path.isfile(other + suffix) and not os.path.isfile(where + suffix):
                    self._miss(name, other + suffix)

    def _miss(self, name: str, file: str) -> None:
        self.strays.look(f"compiled module {name!r}", file, is_missing=True)


def _with_namespace(spec: ModuleSpec, bounds: TreeBounds) -> ModuleSpec | None:
    """Return a namespace package without folders of the other tree; None if none are left."""
    locations = spec.submodule_search_locations
    if locations is None or not any(map(bounds.is_apart, locations)):
        return spec
    moved = [
        place
        for place in _moved(locations, bounds)
        if not os.path.isabs(place) or os.path.isdir(place)
    ]
    if not any(map(os.path.isabs, moved)):
        return None
    spec.submodule_search_locations = moved
    return spec


def _with_locations(spec: ModuleSpec, bounds: TreeBounds) -> ModuleSpec:
    """Return the spec of a package so that its submodules are looked for in this tree."""
    locations = spec.submodule_search_locations
    if locations is not None and any(map(bounds.is_apart, locations)):
        spec.submodule_search_locations = _moved(locations, bounds)
    return spec


def _move_namespace(module: ModuleType, bounds: TreeBounds) -> None:
    """Move the folders of a namespace package that a ``.pth`` file has put into sys.modules."""
    places = getattr(module, "__path__", None)
    if isinstance(places, list) and getattr(module, "__file__", None) is None:
        places[:] = _moved(places, bounds)


def _moved(places: Sequence[str], bounds: TreeBounds) -> list[str]:
    """Return folders with those of the other tree replaced by this tree's, each once."""
    moved = [bounds.twin(place) if bounds.is_apart(place) else place for place in places]
    return list(dict.fromkeys(moved))


def _watch(loader: Any, strays: StrayList) -> None:
    """Let a class of loaders report what it loads from the other tree, whoever uses it."""
    loads: Callable[[Any, ModuleType], None] = loader.exec_module

    def exec_module(self: Any, module: ModuleType) -> None:
        strays.look(f"module {module.__name__!r}", self.path)
        loads(self, module)

    loader.exec_module = exec_module

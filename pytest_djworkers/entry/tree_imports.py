"""Imports held to one of two trees: what is found in the other is looked for here instead.

It works on what the finders say, so it holds for all of them: setuptools' and editables' import
finders, ``.pth`` files, namespace packages, a site's own. Only imports pay for it, requests don't.
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
    """Hold this process to its tree, from now on; what it loads from the other tree all the same
    is on the list, now or later. Done once more, it gives the same list."""
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
    """Asks all other finders, and moves what they find in the other tree to its twin."""

    def __init__(self, bounds: TreeBounds, strays: StrayList) -> None:
        self._bounds = bounds
        self.strays = strays
        self._inside = os.path.join(bounds.tree, "")
        self._asking: set[tuple[int, str]] = set()
        """Threads, and what they ask for: another finder may ask all finders, too."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As a finder of ``sys.meta_path``. Raises ModuleNotFoundError for what only the other
        tree has: asked once more, the other finders would give it."""
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
        """The spec of the same module in this tree; None where this tree does not have it."""
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
        """A source file may have a compiled module beside it, which would be taken first."""
        if isinstance(found.loader, SourceFileLoader) and found.origin is not None:
            where = found.origin.removesuffix(".py").removesuffix("/__init__")
            self._look_for_twin(found.name, where)

    def _look_for_twin(self, name: str, where: str) -> None:
        """Whether only the other tree has a compiled module here: what is built in place is not
        in git, and without it one arm would be slower."""
        if where.startswith(self._inside):
            other = os.path.join(self._bounds.apart, where.removeprefix(self._inside))
            for suffix in EXTENSION_SUFFIXES:
                if os.path.isfile(other + suffix) and not os.path.isfile(where + suffix):
                    self._miss(name, other + suffix)

    def _miss(self, name: str, file: str) -> None:
        self.strays.look(f"compiled module {name!r}", file, is_missing=True)


def _with_namespace(spec: ModuleSpec, bounds: TreeBounds) -> ModuleSpec | None:
    """A namespace package without folders of the other tree; None where it has no others."""
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
    """A package whose submodules are looked for in this tree."""
    locations = spec.submodule_search_locations
    if locations is not None and any(map(bounds.is_apart, locations)):
        spec.submodule_search_locations = _moved(locations, bounds)
    return spec


def _move_namespace(module: ModuleType, bounds: TreeBounds) -> None:
    """Move the folders of a package that a ``.pth`` file has made out of nothing."""
    places = getattr(module, "__path__", None)
    if isinstance(places, list) and getattr(module, "__file__", None) is None:
        places[:] = _moved(places, bounds)


def _moved(places: Sequence[str], bounds: TreeBounds) -> list[str]:
    """With twins in place of the other tree's folders, each once."""
    moved = [bounds.twin(place) if bounds.is_apart(place) else place for place in places]
    return list(dict.fromkeys(moved))


def _watch(loader: Any, strays: StrayList) -> None:
    """Have a class of loaders tell what it loads from the other tree, whoever asks it to."""
    loads: Callable[[Any, ModuleType], None] = loader.exec_module

    def exec_module(self: Any, module: ModuleType) -> None:
        strays.look(f"module {module.__name__!r}", self.path)
        loads(self, module)

    loader.exec_module = exec_module

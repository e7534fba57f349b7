"""Runs a function on a module as soon as the module has been imported, whoever imports it.

Every Python process of a server imports this file, so it imports next to nothing.
"""

from __future__ import annotations

import sys
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    Action = Callable[[ModuleType], None]


def after_import(name: str, action: Action) -> None:
    """Call ``action`` with a module: now, if it has been imported, or when it is imported, before
    the code that imports it gets it."""
    module = sys.modules.get(name)
    if module is not None and not _is_being_imported(module):
        action(module)
        return
    finder = next((one for one in sys.meta_path if isinstance(one, _Finder)), None)
    if finder is None:
        finder = _Finder()
        sys.meta_path.insert(0, finder)
    finder.actions.setdefault(name, []).append(action)


def _is_being_imported(module: ModuleType) -> bool:
    # A module is in sys.modules from the beginning of its import. importlib itself looks at this.
    return bool(getattr(module.__spec__, "_initializing", False))


class _Finder:
    """An import finder that finds what the other finders find, and puts a ``_Loader`` in front."""

    def __init__(self) -> None:
        self.actions: dict[str, list[Action]] = {}
        self._asking: set[tuple[int, str]] = set()
        """The threads that look for a module, with its name. Another finder may ask all finders in
        turn, which would have no end."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's spec if there is an action for it, and None otherwise."""
        actions, asking = self.actions.get(fullname), (get_ident(), fullname)
        if not actions or asking in self._asking:
            return None
        self._asking.add(asking)
        try:
            return self._found(fullname, path, target, actions)
        finally:
            self._asking.discard(asking)

    def _found(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None,
        actions: list[Action],
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find and find(fullname, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, actions)  # type: ignore[assignment]  # a loader by its methods
                return spec
        return None


class _Loader:
    """Wraps a module's own loader, and runs the actions when the module has been loaded."""

    def __init__(self, own: Any, actions: list[Action]) -> None:
        self._own = own
        self._actions = actions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Do what the module's own loader does."""
        made: ModuleType | None = self._own.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """Load the module, and run the actions."""
        # Code such as pkgutil looks at a module's loader: it must find the original.
        module.__loader__ = self._own
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        self._own.exec_module(module)
        for action in self._actions:
            action(module)

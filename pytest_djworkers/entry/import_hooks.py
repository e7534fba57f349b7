"""Something done with a module as soon as it has been imported, by whomever.

Imported by every Python process of a server, so it imports next to nothing.
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
    """Call it with that module: now, if it has been imported, or else before anybody has it."""
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
    return bool(getattr(module.__spec__, "_initializing", False))


class _Finder:
    """Finds what the others find, and has it loaded by a ``_Loader``."""

    def __init__(self) -> None:
        self.actions: dict[str, list[Action]] = {}
        self._asking: set[tuple[int, str]] = set()
        """Threads, and what they ask for: another finder may ask all finders, too."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's spec, if something is to be done with it."""
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
    """Is the module's own loader, but for what it does when that has loaded the module."""

    def __init__(self, own: Any, actions: list[Action]) -> None:
        self._own = own
        self._actions = actions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the own loader does."""
        made: ModuleType | None = self._own.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """Load it, leave no trace, and do what is to be done."""
        module.__loader__ = self._own
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        self._own.exec_module(module)
        for action in self._actions:
            action(module)

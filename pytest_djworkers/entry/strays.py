"""Finds strays: modules and paths in settings that a process takes from the other arm's tree.

Base's code is in a worktree of its own, and head's in the working tree. An import finder, an
editable install or a path in the environment can lead a process of base into the working tree, and
both arms would run the same code. ``tree_imports.py`` prevents what it can. What is loaded from the
other tree nevertheless is a stray: it is reported, and ends the comparison.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pytest_djworkers.entry.tree_bounds import TreeBounds

_READ_BY_DJANGO = {"FIXTURE_DIRS", "LOCALE_PATHS", "STATICFILES_DIRS", "TEMPLATES"}
_NO_FILES = ("_URL", "_COOKIE_PATH", "_SCRIPT_NAME")
"""Ends of names of settings that have paths of URLs: ``/app`` may also be a repository."""
_LOOKED_INTO = 5
"""The depth to which nested lists and dictionaries of a setting are searched."""


@dataclass(frozen=True, slots=True)
class Stray:
    """Something that a process of one arm has, or lacks, because it is in the other arm's tree."""

    what: str
    """``module 'core'``, ``a path in the setting TEMPLATES``."""
    file: str
    is_missing: bool = False
    """True if this arm would run without it; False if it takes it from the other tree."""

    def __str__(self) -> str:
        if self.is_missing:
            return (
                f"{self.what} is built in the other side's tree alone ({self.file}), and this side"
                " would run without it. What is built in place is not in git: remove it for the"
                " comparison, or install it as a package of its own"
            )
        return (
            f"{self.what} is {self.file}, in the other side's tree, so both sides would run the"
            " same code. An import finder (an editable install), a variable of the environment or"
            " an absolute path leads there: have modules found through a path inside their"
            " repository (pythonpath), derive paths in settings from __file__, or name an"
            " interpreter with base's own packages (--djworkers-compare-python)"
        )


def refusal(strays: Sequence[Stray]) -> str:
    """Return the message with which a comparison ends; there must be a stray."""
    more = f" (and {len(strays) - 1} more like it)" if len(strays) > 1 else ""
    return f"refusing to serve: {strays[0]}{more}"


class StrayList:
    """The strays of one process. Each is written to a file at once, which pytest reads."""

    def __init__(self, bounds: TreeBounds) -> None:
        self._bounds = bounds
        self.found: list[Stray] = []

    def look(self, what: str, path: str, *, is_missing: bool = False) -> None:
        """Add a stray if its path lies in the other tree."""
        stray = Stray(what, path, is_missing)
        if self._bounds.is_apart(path) and stray not in self.found:
            self.found.append(stray)
            _append(self._bounds.strays, stray)

    def look_at_modules(self) -> None:
        """Add all loaded modules that are strays, however they were loaded."""
        for name, module in sys.modules.copy().items():
            file = getattr(module, "__file__", None)
            if isinstance(file, str):
                self.look(f"module {name!r}", file)

    def look_at_settings(self, settings: Mapping[str, object]) -> None:
        """Add the settings that have paths in the other tree."""
        # A path that only the other tree has may be a file that both arms share, such as a log. It
        # is a stray if Django reads code or templates from it, or if this tree has the same file.
        for name, value in settings.items():
            if name.endswith(_NO_FILES):
                continue
            for path in _paths_in(value):
                if self._bounds.is_apart(path) and (
                    name in _READ_BY_DJANGO or self._bounds.has_twin(path)
                ):
                    self.look(f"a path in the setting {name}", path)

    def refuse(self) -> None:
        """Raise RuntimeError if a module or a setting is a stray."""
        from django.conf import settings

        self.look_at_modules()
        names = filter(str.isupper, dir(settings))
        self.look_at_settings({name: getattr(settings, name, None) for name in names})
        if self.found:
            raise RuntimeError(refusal(self.found))


def strays_told(file: Path) -> tuple[Stray, ...]:
    """Return the strays that processes have written to a file; none if there is no file."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    return tuple(dict.fromkeys(Stray(**json.loads(line)) for line in lines))


def _append(file: str, stray: Stray) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, (json.dumps(asdict(stray)) + "\n").encode())
    finally:
        os.close(descriptor)


def _paths_in(value: object, depth: int = 0) -> Iterable[str]:
    if isinstance(value, str | os.PathLike):
        path = os.fspath(value)
        if isinstance(path, str):
            yield path
    elif depth < _LOOKED_INTO and isinstance(value, Mapping | list | tuple | set | frozenset):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _paths_in(one, depth + 1)

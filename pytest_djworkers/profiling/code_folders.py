"""Tells the site's own code from that of libraries, by the file that it is in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from pytest_djworkers.profiling.stacks import Frame

_PACKAGES = re.compile(r".*/(?:site|dist)-packages/(?P<inner>.*)", re.DOTALL)
_STANDARD = re.compile(r".*/lib(?:64)?/python3\.\d+t?/(?P<inner>.*)", re.DOTALL)
_NATIVE = {"", ".so", ".c", ".rs"}
_OURS = re.compile(r".*/pytest_djworkers/(?:entry|system)/.*", re.DOTALL)


class Owner(StrEnum):
    """The owner of a piece of code."""

    SITE = "site"
    LIBRARY = "library"
    """A package, or the standard library."""
    PLUGIN = "plugin"
    """This package, which is part of the server's processes."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the served code."""

    name: str
    """With its class: ``Shop.get``."""
    file: str
    """The path relative to the project, or to the folder of packages."""
    owner: Owner

    @property
    def is_of_site(self) -> bool:
        """True for the site's own code."""
        return self.owner is Owner.SITE

    def __str__(self) -> str:
        """Return it for people: ``burn (shop/urls.py)``."""
        return f"{self.name} ({self.file})"


@dataclass(frozen=True, slots=True)
class CodeFolders:
    """The folders of a site's own code. Where they overlap, the first is the one that counts."""

    roots: tuple[str, ...]

    def function_of(self, frame: Frame) -> Function:
        """Return the function of a frame, its file relative to the folder that it belongs to."""
        owner, file = self._place(frame.file)
        return Function(frame.name, file, owner)

    def _place(self, file: str) -> tuple[Owner, str]:
        return _place(file, self.roots)


@lru_cache(maxsize=8192)
def _place(file: str, roots: tuple[str, ...]) -> tuple[Owner, str]:
    if _OURS.fullmatch(file):
        return Owner.PLUGIN, file
    # The innermost folder of packages decides: an environment may lie in the project.
    for pattern in (_PACKAGES, _STANDARD):
        if found := pattern.fullmatch(file):
            return Owner.LIBRARY, found["inner"]
    path = Path(file)
    if not path.is_absolute() or path.suffix in _NATIVE:
        return Owner.LIBRARY, file
    for root in map(Path, roots):
        # With links resolved, too: the server may know the folder by another path.
        for inside, folder in ((path, root), (path.resolve(), root.resolve())):
            if inside.is_relative_to(folder):
                return Owner.SITE, str(inside.relative_to(folder))
    # A template's file may be anywhere, and need not be told.
    return (Owner.SITE, file) if path.suffix == ".py" else (Owner.LIBRARY, path.name)

"""Tells which of two trees a file belongs to: base's worktree, or the working tree.

A comparison runs the code of two revisions, each in processes of its own. A process belongs to one
tree; the other one is "apart" from it.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class TreeBounds:
    """The tree that the site's code must come from, and the one that none of it may come from."""

    tree: str
    apart: str
    kept: tuple[str, ...]
    """Folders that belong to neither tree, wherever they are: environments, and this package."""
    strays: str
    """The file in which a process reports its strays."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as simple types, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the bounds that ``to_dict`` gave this data for."""
        return cls(data["tree"], data["apart"], tuple(data["kept"]), data["strays"])

    def is_apart(self, path: str) -> bool:
        """Return True if a file or folder lies in the other tree.

        One tree may contain the other, or an environment: the innermost folder decides. A relative
        path does not count, since it depends on the current folder.
        """
        if not os.path.isabs(path):
            return False
        path, apart = _resolved(path), _resolved(self.apart)
        if not _is_in(path, apart):
            return False
        holders = (*map(_resolved, (self.tree, *self.kept)), *environment_folders())
        # A folder that contains all of the other tree decides nothing, nor does an environment that
        # was made at the top of it.
        return not any(len(folder) > len(apart) and _is_in(path, folder) for folder in holders)

    def twin(self, path: str) -> str:
        """Return the place in this tree for a path of the other one; there may be no such file."""
        relative = os.path.relpath(_resolved(path), _resolved(self.apart))
        return os.path.normpath(os.path.join(self.tree, relative))

    def has_twin(self, path: str) -> bool:
        """Return True if this tree has a file or folder for a path of the other one."""
        return os.path.exists(self.twin(path))


@lru_cache(maxsize=1)
def environment_folders() -> tuple[str, ...]:
    """Return the folders of this process's interpreter and of its packages."""
    found = {sys.prefix, sys.base_prefix}
    found.update(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))
    return tuple(map(_resolved, found))


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _resolved(path: str) -> str:
    """Return a path with all links resolved."""
    # Only folders are cached: a process asks for the same few over and over, for many files.
    path = os.path.abspath(path)
    if os.path.islink(path):
        return os.path.realpath(path)
    folder, name = os.path.split(path)
    return os.path.join(_resolved_folder(folder), name) if name else path


@lru_cache(maxsize=4096)
def _resolved_folder(folder: str) -> str:
    return os.path.realpath(folder)

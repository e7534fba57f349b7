"""Which of two trees a file belongs to: base's worktree, or the working tree.

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
    """Folders that count as neither's, wherever they lie: environments, and this package."""
    strays: str
    """The file in which a process tells what it has loaded from the other tree."""

    def to_dict(self) -> dict[str, Any]:
        """Simple types only, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``."""
        return cls(data["tree"], data["apart"], tuple(data["kept"]), data["strays"])

    def is_apart(self, path: str) -> bool:
        """Whether a file or folder lies in the other tree; the innermost folder decides. What is
        relative does not: it depends on the current folder."""
        if not os.path.isabs(path):
            return False
        path, apart = _resolved(path), _resolved(self.apart)
        if not _is_in(path, apart):
            return False
        holders = (*map(_resolved, (self.tree, *self.kept)), *environment_folders())
        # Not by what holds all of the other tree: an environment may have been made at its top.
        return not any(len(folder) > len(apart) and _is_in(path, folder) for folder in holders)

    def twin(self, path: str) -> str:
        """Where a path of the other tree would be in this one; it need not be there."""
        relative = os.path.relpath(_resolved(path), _resolved(self.apart))
        return os.path.normpath(os.path.join(self.tree, relative))

    def has_twin(self, path: str) -> bool:
        """Whether it is there."""
        return os.path.exists(self.twin(path))


@lru_cache(maxsize=1)
def environment_folders() -> tuple[str, ...]:
    """The folders of this process's interpreter and of its packages."""
    found = {sys.prefix, sys.base_prefix}
    found.update(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))
    return tuple(map(_resolved, found))


def _is_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _resolved(path: str) -> str:
    """With no link in it. Folders are kept: a process asks for the same ones over and over."""
    path = os.path.abspath(path)
    if os.path.islink(path):
        return os.path.realpath(path)
    folder, name = os.path.split(path)
    return os.path.join(_resolved_folder(folder), name) if name else path


@lru_cache(maxsize=4096)
def _resolved_folder(folder: str) -> str:
    return os.path.realpath(folder)

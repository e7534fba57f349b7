"""The code that differs between two revisions: edited, renamed and moved functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pytest_djworkers.profiling.code_folders import Function


@dataclass(frozen=True, slots=True)
class CodeChanges:
    """The functions that differ between base and head; files are relative to the project."""

    edited: frozenset[tuple[str, str]] = frozenset()
    """The file and the name of each function of head that was changed or added."""
    head_names: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """Head's file and name for functions of base that have another one there."""
    head_files: Mapping[str, str] = field(default_factory=dict)
    """Head's path for files of base that have another one there."""

    def in_head(self, function: Function) -> Function:
        """Return head's function for one of base's."""
        if not function.is_of_site:
            return function
        file = self.head_files.get(function.file, function.file)
        file, name = self.head_names.get((function.file, function.name), (file, function.name))
        return replace(function, file=file, name=name)

    def is_edited(self, function: Function) -> bool:
        """Return True if a function of head differs from base's."""
        return (function.file, function.name) in self.edited


Translate = Callable[[Function], Function]
NO_CHANGES = CodeChanges()
"""The changes between two sides that serve the same files."""

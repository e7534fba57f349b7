"""The code that differs between two revisions: edited, renamed and moved functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pytest_djworkers.profiling.code_diff import FileDiff
from pytest_djworkers.profiling.code_folders import Function
from pytest_djworkers.profiling.functions_in import SourceFunction, functions_in

_SAME = 0.5
"""The share of a function's lines that must be the same in another one to be its new name."""
_INNER = ".<locals>.<"
Named = tuple[str, str]
"""The file and the name of a function."""
ReadSource = Callable[[str], str]
"""Returns the text of a file, by its path; empty if it can't be read."""


@dataclass(frozen=True, slots=True)
class CodeChanges:
    """The functions that differ between base and head; files are relative to the project."""

    edited: frozenset[Named] = frozenset()
    """The functions of head that were changed or added."""
    head_names: Mapping[Named, Named] = field(default_factory=dict)
    """Head's functions for those of base that have another name or file there."""
    head_files: Mapping[str, str] = field(default_factory=dict)
    """Head's path for files of base that have another one there."""

    def in_head(self, function: Function) -> Function:
        """Return head's function for one of base's."""
        if not function.is_of_site:
            return function
        file = self.head_files.get(function.file, function.file)
        # A comprehension belongs to its function.
        name, inner, rest = function.name.partition(_INNER)
        file, name = self.head_names.get((function.file, name), (file, name))
        return replace(function, file=file, name=f"{name}{inner}{rest}")

    def is_edited(self, function: Function) -> bool:
        """Return True if a function of head differs from base's."""
        return (function.file, function.name.partition(_INNER)[0]) in self.edited


NO_CHANGES = CodeChanges()
"""The changes between two sides that serve the same files."""


def code_changes(
    diffs: Iterable[FileDiff], read_base: ReadSource, read_head: ReadSource
) -> CodeChanges:
    """Return the changes of a revision's files."""
    edited: set[Named] = set()
    names: dict[Named, Named] = {}
    files: dict[str, str] = {}
    gone: dict[Named, SourceFunction] = {}
    new: dict[Named, SourceFunction] = {}
    for diff in diffs:
        base = functions_in(read_base(diff.base)) if diff.base else ()
        head = functions_in(read_head(diff.head)) if diff.head else ()
        if diff.base and diff.head:
            if diff.base != diff.head:
                files[diff.base] = diff.head
            renamed = dict(_renamed(diff, base, head))
            names |= {(diff.base, old): (diff.head, now) for old, now in renamed.items()}
        else:
            renamed = {}
        if diff.head:
            edited |= {(diff.head, name) for name in _edited(diff, head)}
            known = {*_names(base), *renamed.values()}
            new |= {(diff.head, one.name): one for one in head if one.name not in known}
        if diff.base:
            known = {*_names(head), *renamed}
            gone |= {(diff.base, one.name): one for one in base if one.name not in known}
    return CodeChanges(frozenset(edited), {**names, **dict(_moved(gone, new))}, files)


def _names(functions: Iterable[SourceFunction]) -> set[str]:
    return {one.name for one in functions}


def _edited(diff: FileDiff, head: Iterable[SourceFunction]) -> Iterator[str]:
    """Yield the innermost function of head that each changed line is in."""
    innermost: dict[int, str] = {}
    # Inner functions come after those that they are in.
    for one in head:
        innermost |= dict.fromkeys(diff.changed_lines.intersection(one.lines), one.name)
    yield from innermost.values()


def _renamed(
    diff: FileDiff, base: Iterable[SourceFunction], head: Iterable[SourceFunction]
) -> Iterator[tuple[str, str]]:
    """Yield the functions of a file that have another name in head, most of whose lines are the
    same."""
    base, head = tuple(base), tuple(head)
    old, now = _names(base), _names(head)
    for one in base:
        if one.name in now:
            continue
        lines = {diff.in_head(line) for line in one.lines}
        for other in head:
            if other.name not in old and len(lines.intersection(other.lines)) >= _SAME * len(
                one.lines
            ):
                yield one.name, other.name
                break


def _moved(
    gone: Mapping[Named, SourceFunction], new: Mapping[Named, SourceFunction]
) -> Iterator[tuple[Named, Named]]:
    """Yield the functions that are in another file of head, or in another class, unchanged."""
    by_body: dict[str, list[Named]] = {}
    for name, one in new.items():
        by_body.setdefault(one.body, []).append(name)
    for name, one in gone.items():
        # Several functions may have the same code: nobody knows which is the old one.
        found = by_body.get(one.body, [])
        if len(found) == 1:
            yield name, found[0]

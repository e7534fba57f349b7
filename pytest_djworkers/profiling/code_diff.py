"""Reads git's difference of two revisions: changed lines, and files with another name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FILE = "diff --git "
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines of base that others of head have taken the place of; without context."""

    base_line: int
    """The first line; without any, the line before."""
    base_lines: int
    head_line: int
    head_lines: int


@dataclass(frozen=True, slots=True)
class FileDiff:
    """The difference of one file."""

    base: str | None
    """The path in base; None if base doesn't have it."""
    head: str | None
    hunks: tuple[Hunk, ...]

    def in_head(self, line: int) -> int | None:
        """Return head's line for a line of base that is the same; None for a changed one."""
        moved = 0
        for one in self.hunks:
            if line < one.base_line or (not one.base_lines and line == one.base_line):
                break
            if line < one.base_line + one.base_lines:
                return None
            moved += one.head_lines - one.base_lines
        return line + moved

    @property
    def changed_lines(self) -> frozenset[int]:
        """Head's lines that are new or changed, and those that lines were taken away behind."""
        return frozenset(
            line
            for one in self.hunks
            for line in range(one.head_line, one.head_line + max(1, one.head_lines))
        )


def file_diffs(text: str) -> Iterator[FileDiff]:
    """Yield the files of a difference that ``git diff --unified=0 --find-renames`` has printed,
    with the prefixes ``a/`` and ``b/``."""
    for part in f"\n{text}".split(f"\n{_FILE}")[1:]:
        head, _, body = part.partition("\n@@ ")
        lines = head.splitlines()
        hunks = _hunks(f"@@ {body}") if body else ()
        yield FileDiff(
            _path(lines, "--- a/", "rename from "),
            _path(lines, "+++ b/", "rename to "),
            tuple(hunks),
        )


def new_file(path: str, text: str) -> FileDiff:
    """Return the difference of a file that only head has."""
    return FileDiff(None, path, (Hunk(0, 0, 1, len(text.splitlines())),))


def _hunks(body: str) -> Iterator[Hunk]:
    for line in body.splitlines():
        if found := _HUNK.match(line):
            base_line, base_lines, head_line, head_lines = found.groups(default="1")
            yield Hunk(int(base_line), int(base_lines), int(head_line), int(head_lines))


def _path(lines: list[str], *prefixes: str) -> str | None:
    for line in lines:
        for prefix in prefixes:
            if line.startswith(prefix):
                # Git ends a name that has spaces with a tab.
                return line.removeprefix(prefix).rstrip("\t")
    return None

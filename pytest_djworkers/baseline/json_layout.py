"""The layout of a baseline as text: JSON, in lines that make small diffs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_DEEPEST_OPEN = 6
"""The depth of the windows, counted from the document: each is one line, whatever it holds."""


def laid_out(document: Mapping[str, Any]) -> str:
    """Return the document as JSON text, sorted by key, each burst a block of its own.

    A collection that holds others has one entry a line, down to a session's list of windows;
    anything else is one line. So one more session adds lines between others and changes none.
    """
    return "".join(_parts(document, 0)) + "\n"


def _parts(value: Any, depth: int) -> Iterator[str]:
    """Yield the text in pieces; indented by one space a level, since keys are long."""
    if not _opens(value, depth):
        # ensure_ascii is off so that a test called "ü" can be found by grep.
        yield json.dumps(value, sort_keys=True, ensure_ascii=False)
        return
    is_object = isinstance(value, Mapping)
    entries: Iterable[tuple[Any, Any]] = (
        sorted(value.items()) if is_object else (("", entry) for entry in value)
    )
    yield "{" if is_object else "["
    for number, (key, entry) in enumerate(entries):
        yield ("," if number else "") + "\n" + " " * (depth + 1)
        if is_object:
            yield f"{json.dumps(key, ensure_ascii=False)}: "
        yield from _parts(entry, depth + 1)
    yield "\n" + " " * depth + ("}" if is_object else "]")


def _opens(value: Any, depth: int) -> bool:
    """Return whether the entries of a value have lines of their own."""
    entries = value.values() if isinstance(value, Mapping) else value
    # A line per number would make a window hundreds of lines long.
    return (
        depth < _DEEPEST_OPEN
        and isinstance(value, Mapping | list | tuple)
        and any(isinstance(entry, Mapping | list | tuple) for entry in entries)
    )

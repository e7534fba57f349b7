"""JSON and nothing else: what Python's own reader lets through is refused."""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from typing import Any, NoReturn

_MOST_LEVELS = 50
"""The deepest nesting; a baseline has about ten levels."""
_SHOWN = 100
"""The number of characters that are shown of a key."""
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_HALF_CHARACTER = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
"""A lone surrogate: such a text can't be encoded again, so it could be neither shown nor saved."""


def parse_json(text: bytes) -> Any:
    """Return the value of a JSON text. Raises ValueError, in words, for anything else.

    Python's reader by itself takes NaN and Infinity, the last of two entries with one key, half
    of a character, and as much depth as its stack has.
    """
    # The depth is counted beforehand, since the reader would end in a RecursionError, or, where
    # the stack is small, in a crash. Brackets in strings don't count.
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > _MOST_LEVELS:
        raise ValueError(f"more than {_MOST_LEVELS} levels deep")
    if _HALF_CHARACTER.search(text):
        raise ValueError("half of a character (a lone surrogate)")
    return json.loads(
        text.removeprefix(codecs.BOM_UTF8).decode(),
        object_pairs_hook=_object_of,
        parse_constant=_refuse_constant,
    )


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        double = next(key for key, number in counts.items() if number > 1)
        # A merge that took both sides: the last one would win, and the other be lost.
        raise ValueError(f"{double[:_SHOWN]!r} is there twice: was it merged?")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")

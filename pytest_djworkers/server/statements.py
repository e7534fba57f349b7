"""SQL statements without their literals, so that those that differ in nothing else are one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

LONGEST = 1000
"""The number of characters that are shown of a statement."""
_GONE = "?"
_LIST = re.compile(r"\(\s*\?(?:\s*,\s*\?)+\s*\)")
_ROWS = re.compile(r"\(\?(?:, …)?\)(?:\s*,\s*\(\?(?:, …)?\))+")
_SAVEPOINT = re.compile(r"((?:RELEASE |ROLLBACK TO )?SAVEPOINT) \S+", re.IGNORECASE)
_DJANGOS_ESCAPE = r"ESCAPE '\'"
"""The end of Django's LIKE, with the only backslash that it writes itself."""
_NOT_SHOWN = "a statement that can't be read"


@lru_cache(maxsize=4096)
def without_literals(sql: str, vendor: str = "") -> str:
    """Return a statement in one line, without comments, with ``?`` for each literal and parameter.

    Lists of them are shortened to ``(?, …)``. ``vendor`` is the kind of database as Django names
    it. What can't be read for certain is left out, so that no literal is ever shown.
    """
    try:
        text = " ".join("".join(_parts(_certain(sql), vendor)).split())
    except Exception:  # noqa: BLE001  # a statement in no grammar must not end a test
        return _NOT_SHOWN
    text = _ROWS.sub("(?, …), …", _LIST.sub("(?, …)", text))
    text = _SAVEPOINT.sub(rf"\1 {_GONE}", text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _certain(sql: str) -> str:
    """Return the beginning of a statement in which every database finds the same strings."""
    sql = sql.replace(_DJANGOS_ESCAPE, "ESCAPE '!'")
    # A backslash escapes the quote behind it in some databases, and in others it does not.
    return sql.partition("'")[0] + "'" if "\\" in sql and "'" in sql else sql


def _parts(sql: str, vendor: str) -> Iterator[str]:
    # A run without such statements doesn't wait for the import.
    from sqlparse import lexer, tokens

    # MySQL's double quotes hold strings, and those of others hold names.
    literals = [tokens.Literal, tokens.Name.Placeholder]
    for kind, text in lexer.tokenize(sql):  # type: ignore[no-untyped-call]  # sqlparse has few types
        if kind in tokens.Comment:
            yield " "
        elif kind in tokens.String.Symbol and vendor != "mysql":
            yield text
        elif any(kind in one for one in literals) or text[:1].isdigit():
            yield _GONE
        elif kind in tokens.Error and text in "'\"`":
            # A string that doesn't end: all that follows may belong to it.
            yield f"{_GONE}…"
            return
        else:
            yield text

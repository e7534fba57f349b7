"""Requests as they may be shown and stored: without the values of queries, headers and cookies.

A baseline is committed, and reports and failures are read by many. Another query is another burst
all the same, so a short hash stands for the values.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

MASK = "..."
_ROUNDS = 20_000
"""About 10 ms: it is made once for a burst, and by who guesses values, for each guess."""
_DIGITS = 8


def masked(path: str) -> str:
    """A path, or a URL, with the names of its query alone."""
    target, mark, query = path.partition("?")
    if not query:
        return path
    parts = (part.partition("=") for part in query.partition("#")[0].split("&"))
    # Without a name, it is a value: a signed link's whole query may be one.
    return target + mark + "&".join(f"{name}={MASK}" if is_ else MASK for name, is_, _ in parts)


def query_hash(path: str) -> str:
    """A short hash of a path's query; empty where it has none."""
    target, _, query = path.partition("?")
    return _hash(target, query) if query else ""


@lru_cache(maxsize=1024)
def _hash(target: str, query: str) -> str:
    salt = f"pytest-djworkers {target}".encode()
    digest = hashlib.pbkdf2_hmac("sha256", query.encode(), salt, _ROUNDS)
    return digest.hex()[:_DIGITS]

"""Requests without the values of their queries, headers and cookies, to be shown and stored.

A baseline is committed, and many people read reports and failures. Bursts that differ only in the
values are still different bursts, so a short hash stands for the values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

MASK = "..."
_ROUNDS = 20_000
"""About 10 ms of CPU time: once for each burst, but once for each guess of someone who tries to
find the values."""
_DIGITS = 8


def masked(path: str) -> str:
    """Return a path, or a URL, with the names of its query but not the values."""
    target, mark, query = path.partition("?")
    if not query:
        return path
    parts = (part.partition("=") for part in query.partition("#")[0].split("&"))
    # A part without "=" is a value: a signed link's whole query may be one.
    return target + mark + "&".join(f"{name}={MASK}" if is_ else MASK for name, is_, _ in parts)


def query_hash(path: str) -> str:
    """Return a short hash of a path's query; empty if it has none."""
    target, _, query = path.partition("?")
    return _hash(target, query) if query else ""


def paths_hash(paths: Iterable[str]) -> str:
    """Return a short hash of several paths with their queries, in their order."""
    digest = hashlib.sha256("\n".join(paths).encode()).hexdigest()
    return _hash("", digest)


@lru_cache(maxsize=1024)
def _hash(target: str, query: str) -> str:
    # The path is in the salt, so that the same value has different hashes on different paths.
    salt = f"pytest-djworkers {target}".encode()
    digest = hashlib.pbkdf2_hmac("sha256", query.encode(), salt, _ROUNDS)
    return digest.hex()[:_DIGITS]

"""The file of a mix, such as one that was made from an access log.

::

    {"version": 1,
     "parts": [{"method": "GET", "path": "/", "weight": 6},
               {"method": "GET", "paths": ["/book/1", "/book/2"], "weight": 3, "name": "a book"},
               {"method": "POST", "path": "/cart", "weight": 1,
                "headers": {"Content-Type": "application/json"}, "body": "{}"}]}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.strict_json import parse_json
from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.request.asked import Request
from pytest_djworkers.serialization import from_simple
from pytest_djworkers.system.files import read_regular, write_whole

VERSION = 1
_MOST_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MixEntry:
    """One part of the file of a mix. It has a path, or several."""

    weight: float
    method: str = "GET"
    path: str | None = None
    paths: tuple[str, ...] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    name: str | None = None
    order: str | None = None
    """The order of the paths; see ``burst()``."""

    @property
    def request(self) -> Request:
        """The request that a burst would be asked for."""
        return Request(
            self.path,
            method=self.method,
            headers=self.headers or None,
            body=self.body,
            paths=self.paths,
            order=self.order,
            name=self.name,
        )

    def written(self) -> dict[str, Any]:
        """Return what the file has of it: nothing that is not given."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value not in (None, {})}


_KEYS = frozenset(one.name for one in fields(MixEntry))


@dataclass(frozen=True, slots=True)
class _Document:
    version: int
    parts: tuple[MixEntry, ...]


def write_mix(file: Path, entries: Iterable[MixEntry]) -> None:
    """Write the file of a mix. Raises OSError."""
    document = {"version": VERSION, "parts": [entry.written() for entry in entries]}
    write_whole(file, f"{json.dumps(document, indent=1, ensure_ascii=False)}\n")


def read_mix(file: Path) -> Iterator[tuple[Request, float]]:
    """Yield the requests of a file with their weights. Raises BurstArgumentError, in words."""
    try:
        content = read_regular(file, most_bytes=_MOST_BYTES)
    except OSError as error:
        raise BurstArgumentError(f"mix=: {file}: {error.strerror or error}") from None
    try:
        entries = _entries(parse_json(content))
    except ValueError as error:
        raise BurstArgumentError(f"mix=: {file} is no file of a mix: {error}") from None
    for entry in entries:
        yield entry.request, entry.weight


def _entries(found: Any) -> tuple[MixEntry, ...]:
    """Return the parts in a document. Raises ValueError, in words."""
    if isinstance(found, dict) and found.get("version", VERSION) != VERSION:
        raise ValueError(f"it has version {found['version']!r}, and this is for {VERSION}")
    document = from_simple(found, _Document)
    # A key with a typing error would be ignored, and another request sent.
    for number, part in enumerate(found["parts"], 1):
        if unknown := sorted(part.keys() - _KEYS):
            known = ", ".join(sorted(_KEYS))
            raise ValueError(f"part {number} has an unknown key {unknown[0]!r} (known: {known})")
    return document.parts

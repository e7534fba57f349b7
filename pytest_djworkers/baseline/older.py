"""What older versions stored, read as it is stored now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytest_djworkers.load.masking import masked, query_hash

_DEFAULT_NAME = re.compile(r"(?P<test>.*) (?P<method>[A-Z]+) (?P<path>/\S*\?\S*)", re.DOTALL)


def without_values(bursts: Mapping[str, Any]) -> dict[str, Any]:
    """The bursts of a file, without the values of queries: those were once a part of a burst's
    request, and of its name."""
    found: dict[str, Any] = {}
    for key, entry in bursts.items():
        conditions = _object(_object(entry).get("conditions"))
        request = conditions.get("request")
        if not isinstance(request, str) or not _has_values(request, conditions):
            found[key] = entry
            continue
        method, _, path = request.partition(" ")
        now = {"request": f"{method} {masked(path)}", "query": query_hash(path)}
        name = _key(key, request)
        # As the second query at a path is told from the first.
        name = f"{name} #{query_hash(path)}" if name in found else name
        found[name] = {**entry, "conditions": {**conditions, **now}}
    return found


def _object(value: Any) -> dict[str, Any]:
    """A JSON object; whether it had to be one is looked at elsewhere."""
    return value if isinstance(value, dict) else {}


def _has_values(request: str, conditions: Mapping[str, Any]) -> bool:
    return bool(request.partition("?")[2]) and "query" not in conditions


def _key(key: str, request: str) -> str:
    """What a burst is stored under, where it had the name that it has by default."""
    match = _DEFAULT_NAME.fullmatch(key)
    if match is None or not request.startswith(f"{match['method']} {match['path']}"):
        return key
    return f"{match['test']} {match['method']} {masked(match['path'])}"

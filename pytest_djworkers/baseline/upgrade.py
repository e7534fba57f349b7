"""Bring what older versions stored to the form in which it is stored now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytest_djworkers.load.masking import masked, query_hash

# "test_load.py::test_json[granian] GET /json?page=2": a test may have spaces in its parameters,
# so the last method and path count. A burst that was given a name has no method here.
_DEFAULT_NAME = re.compile(r"(?P<test>.*) (?P<method>[A-Z]+) (?P<path>/\S*\?\S*)", re.DOTALL)


def without_values(bursts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bursts of a file without the values of queries.

    Those were once a part of a burst's request, and of its name. Values may be secrets, and the
    file is committed.
    """
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
        # A second query at the same path gets its hash behind the name, as in a run.
        name = f"{name} #{query_hash(path)}" if name in found else name
        found[name] = {**entry, "conditions": {**conditions, **now}}
    return found


def _object(value: Any) -> dict[str, Any]:
    """Return a JSON object as it is, and an empty one for anything else.

    What is wrong with it is said by the reading that comes after.
    """
    return value if isinstance(value, dict) else {}


def _has_values(request: str, conditions: Mapping[str, Any]) -> bool:
    """Return whether a request is stored with the values of its query, as older versions did."""
    # Newer versions store the hash of the values beside the request, under "query".
    return bool(request.partition("?")[2]) and "query" not in conditions


def _key(key: str, request: str) -> str:
    """Return the key without values, if the burst had the name that it has by default."""
    match = _DEFAULT_NAME.fullmatch(key)
    if match is None or not request.startswith(f"{match['method']} {match['path']}"):
        return key
    return f"{match['test']} {match['method']} {masked(match['path'])}"

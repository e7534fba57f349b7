"""The name that tells a burst from the others of its test."""

from __future__ import annotations

from collections.abc import Collection

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.masking import masked, query_hash
from pytest_djworkers.load.profile import Request


def burst_name(name: object, path: str, request: Request, taken: Collection[str]) -> str:
    """Return the burst's name: ``name``, or the method and the path if that is None.

    ``taken`` are the names of the test's earlier bursts. Raises BurstArgumentError for a name that
    is not one line of printable text, or is taken.
    """
    found = _default_name(path, request, taken) if name is None else _one_line(name)
    if found in taken:
        raise BurstArgumentError(
            f"this test has fired a burst named {found!r} already: tell them apart with name="
        )
    return found


def _default_name(path: str, request: Request, taken: Collection[str]) -> str:
    name = f"{request.method} {masked(path)}"
    # Values of a query are secret, so two queries at one path have the same masked name.
    return f"{name} #{query_hash(path)}" if name in taken and "?" in path else name


def _one_line(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise BurstArgumentError(f"name={name!r} must be one line of printable text")
    return name

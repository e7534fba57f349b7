"""The names that tell the bursts of a test apart, and the parts of a burst."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.masking import masked, query_hash


def burst_name(name: object, default: str, taken: Collection[str]) -> str:
    """Return the burst's name: ``name``, or the default if that is None.

    ``taken`` are the names of the test's earlier bursts. Raises BurstArgumentError for a name that
    is not one line of printable text, or is taken.
    """
    found = default if name is None else _one_line(name)
    if found in taken:
        raise BurstArgumentError(
            f"this test has fired a burst named {found!r} already: tell them apart with name="
        )
    return found


def part_name(name: object, method: str, paths: Sequence[str], taken: Collection[str]) -> str:
    """Return the name of a part: ``name``, or the method and the path of its requests.

    The paths are those that were asked for, without what ``query=`` adds. ``taken`` are the names
    of others, from which a hash tells a path with another query. Raises BurstArgumentError for a
    name that is not one line of printable text.
    """
    if name is not None:
        return _one_line(name)
    found = f"{method} {masked(paths[0])}"
    # Values of a query are secret, so two queries at one path have the same masked name.
    if found in taken and "?" in paths[0]:
        found = f"{found} #{query_hash(paths[0])}"
    others = len({*paths}) - 1
    return f"{found} and {others:,} more" if others else found


def _one_line(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise BurstArgumentError(f"name={name!r} must be one line of printable text")
    return name

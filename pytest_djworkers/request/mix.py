"""The argument ``mix=``: requests and their weights, from a mapping, from pairs or from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.request.asked import Request
from pytest_djworkers.request.mix_file import read_mix
from pytest_djworkers.units import written

MOST_PARTS = 100
"""The most parts of a mix: each has a histogram in each agent, and a row in the reports."""
_LARGEST = 1e9


def weighted_requests(mix: object, root: Path) -> list[tuple[Request, float]]:
    """Return the requests of a mix with their weights. Raises BurstArgumentError.

    A file is found from ``root``.
    """
    if isinstance(mix, str | Path):
        pairs: Iterable[object] = read_mix(root / mix)
    elif isinstance(mix, Mapping):
        pairs = mix.items()
    elif isinstance(mix, Iterable) and not isinstance(mix, bytes):
        pairs = mix
    else:
        raise BurstArgumentError(
            f"mix= is {type(mix).__name__}, not a mapping of requests to weights, a list of"
            " (request, weight), or the path of a file"
        )
    found = [_pair(number, pair) for number, pair in enumerate(pairs, 1)]
    if not found:
        raise BurstArgumentError("mix= is empty: it must have at least one request")
    if len(found) > MOST_PARTS:
        raise BurstArgumentError(
            f"mix= has {len(found):,} parts, and {MOST_PARTS} are the most: requests that differ"
            " in their paths or bodies only can be one part, with paths= or bodies="
        )
    return found


def _pair(number: int, pair: object) -> tuple[Request, float]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise BurstArgumentError(f"mix=: part {number} is no pair of a request and its weight")
    request, weight = pair
    if isinstance(request, str):
        request = Request(request)
    if not isinstance(request, Request):
        raise BurstArgumentError(
            f"mix=: part {number} is {type(request).__name__}, not a path or a"
            " pytest_djworkers.Request(...)"
        )
    return request, _weight(request, weight)


def _weight(request: Request, weight: object) -> float:
    """Return a weight. Raises BurstArgumentError for anything but a positive number."""
    is_number = isinstance(weight, int | float | Fraction) and not isinstance(weight, bool)
    # NaN fails the comparison, too.
    if not is_number or not 0 < weight < _LARGEST:  # type: ignore[operator]  # is_number says so
        raise BurstArgumentError(
            f"mix=: the weight of {request!r} is {written(weight)}: it must be a number above 0,"
            " and a part with twice the weight gets twice the requests"
        )
    return float(weight)  # type: ignore[arg-type]  # is_number says so

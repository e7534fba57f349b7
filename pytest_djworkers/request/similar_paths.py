"""Groups of paths that lead to the same view, most likely: ``/book/1`` and ``/book/2``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

_ANY = "{}"
_KEY = re.compile(
    r"\d+|[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}|(?=\D*\d)[0-9a-fA-F]{8,}"
)
"""A segment that is a key of a row: a number, a UUID, or a hexadecimal number with a digit."""
_MANY_NAMES = 10
"""The number of rare segments in one place from which on they are taken for names of rows."""
_RARE = 0.01
"""The share of all requests below which a segment is rare. Views of their own mostly have more."""

_MOST_SEGMENTS = 16
"""The number of segments that are looked at; all further ones count as one."""

_Segments = tuple[str, ...]
_Paths = dict[_Segments, dict[str, int]]
"""The targets, with their counts, by the segments of their paths that are left to look at."""


def groups_of(targets: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Return the targets with their counts, by a pattern: ``/book/{}``.

    ``targets`` has the number of requests by path and query. The query plays no part in a pattern.
    """
    paths: _Paths = defaultdict(dict)
    for target, count in targets.items():
        segments = target.partition("?")[0][1:].split("/", _MOST_SEGMENTS)
        paths[tuple(segments)][target] = count
    groups: dict[str, dict[str, int]] = defaultdict(dict)
    for pattern, members in _grouped(paths, (), rare=_RARE * sum(targets.values())):
        groups["/" + "/".join(pattern)].update(members)
    return dict(groups)


def _grouped(
    paths: _Paths, before: _Segments, rare: float
) -> Iterator[tuple[_Segments, dict[str, int]]]:
    """Yield patterns and their targets, for paths whose first segments became ``before``."""
    by_segment: dict[str, _Paths] = defaultdict(dict)
    for segments, members in paths.items():
        by_segment[segments[0]][segments] = members
    merged = _names_of_rows(by_segment, rare, is_top=not before)
    by_name: dict[str, _Paths] = {}
    for segment, below in by_segment.items():
        rest = by_name.setdefault(_ANY if segment in merged else segment, defaultdict(dict))
        for segments, members in below.items():
            rest[segments[1:]].update(members)
    for name, rest in by_name.items():
        pattern = (*before, name)
        if ended := rest.pop((), None):
            yield pattern, ended
        if rest:
            yield from _grouped(rest, pattern, rare)


def _names_of_rows(by_segment: Mapping[str, _Paths], rare: float, *, is_top: bool) -> set[str]:
    """Return the segments of one place that name rows rather than views."""
    keys = {segment for segment in by_segment if _KEY.fullmatch(segment)}
    # A site's first segments are names of its views, however many there are.
    if is_top:
        return keys
    seldom = {one for one, below in by_segment.items() if one and _requests(below) < rare}
    return keys | seldom if len(keys | seldom) >= _MANY_NAMES else keys


def _requests(paths: _Paths) -> int:
    return sum(sum(members.values()) for members in paths.values())

"""The statements of two revisions, each with the same statement of the other.

Two are the same if they have the same text without literals and run in the same database. Lines
move between revisions, and one statement may be run by several lines: in one file they keep their
order, and those that run it about as often belong together. Then come the moves between files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pytest_djworkers.load.queries import Statement


class Pair(NamedTuple):
    """A statement of base, and the same of head; None for an arm that doesn't run it."""

    base: Statement | None
    head: Statement | None


class _Alignment(NamedTuple):
    """Pairs of some statements of a file; the fewer queries more or less, the better."""

    changed: int
    moved: int
    """The number of lines that the statements have moved by."""
    pairs: tuple[Pair, ...]

    def then(self, pair: Pair) -> _Alignment:
        base, head = pair
        changed = abs((base.count if base else 0) - (head.count if head else 0))
        moved = abs(_line(base) - _line(head)) if base and head else 0
        return _Alignment(self.changed + changed, self.moved + moved, (*self.pairs, pair))


_Key = tuple[str, str, bool]


def paired(base: Iterable[Statement], head: Iterable[Statement]) -> Iterator[Pair]:
    """Yield each statement of base and of head, once."""
    of_base, of_head = _by_key(base), _by_key(head)
    for key in {**of_base, **of_head}:
        yield from _paired_within(of_base[key], of_head[key])


def _by_key(statements: Iterable[Statement]) -> defaultdict[_Key, list[Statement]]:
    found: defaultdict[_Key, list[Statement]] = defaultdict(list)
    for one in sorted(statements, key=_line):
        found[one.alias, one.sql, one.many].append(one)
    return found


def _paired_within(base: Sequence[Statement], head: Sequence[Statement]) -> Iterator[Pair]:
    """Yield the pairs of one statement that several lines run."""
    alone: list[Pair] = []
    for file in dict.fromkeys(_file(one) for one in (*base, *head)):
        of_base, of_head = ([one for one in arm if _file(one) == file] for arm in (base, head))
        for pair in _aligned(of_base, of_head):
            if pair.base and pair.head:
                yield pair
            else:
                alone.append(pair)
    yield from _across_files(
        [one.base for one in alone if one.base], [one.head for one in alone if one.head]
    )


def _aligned(base: Sequence[Statement], head: Sequence[Statement]) -> tuple[Pair, ...]:
    """Return the pairs of one file's lines, in their order."""
    # The best alignment of the first statements of base with the first ones of head, by numbers.
    best = {(0, 0): _Alignment(0, 0, ())}
    for b in range(len(base) + 1):
        for h in range(len(head) + 1):
            ways = []
            if b and h:
                ways.append(best[b - 1, h - 1].then(Pair(base[b - 1], head[h - 1])))
            if b:
                ways.append(best[b - 1, h].then(Pair(base[b - 1], None)))
            if h:
                ways.append(best[b, h - 1].then(Pair(None, head[h - 1])))
            if ways:
                best[b, h] = min(ways, key=lambda way: (way.changed, way.moved))
    return best[len(base), len(head)].pairs


def _across_files(base: list[Statement], head: list[Statement]) -> Iterator[Pair]:
    """Yield pairs of statements that have moved to another file, those most alike first."""
    while base and head:
        one, other = min(
            ((one, other) for one in base for other in head),
            key=lambda both: abs(both[0].count - both[1].count),
        )
        yield Pair(one, other)
        base.remove(one)
        head.remove(other)
    yield from (Pair(one, None) for one in base)
    yield from (Pair(None, one) for one in head)


def _file(statement: Statement) -> str:
    return statement.place.rpartition(":")[0]


def _line(statement: Statement) -> int:
    line = statement.place.rpartition(":")[2]
    return int(line) if line.isdecimal() else 0

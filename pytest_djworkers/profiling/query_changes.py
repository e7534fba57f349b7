"""The difference between the queries of a request in base and in head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pytest_djworkers.load.queries import QueryFigures
from pytest_djworkers.profiling.changes_in_words import in_words
from pytest_djworkers.profiling.statement_changes import StatementChange, change_between
from pytest_djworkers.profiling.statement_pairs import paired
from pytest_djworkers.units import before_and_after

_BESIDE_S = 0.0005
"""The rough time in seconds that a site needs for a query besides its database's. It decides
nothing but the order."""


@dataclass(frozen=True, slots=True)
class QueryChanges:
    """The queries of a request in base and in head."""

    base_count: int
    head_count: int
    statements: tuple[StatementChange, ...]
    """Every statement of both, those that matter most first."""
    part: str = ""
    """The part of a mix whose request it is; empty for other bursts."""

    @property
    def lines(self) -> tuple[str, ...]:
        """What changed, in words, the most important first; empty if nothing did that matters."""
        said = [one for one in self.statements if one.is_worth_saying]
        # The line of the first other count has the total, if that is another one, too.
        is_same = self.base_count == self.head_count
        first = None if is_same else next((one for one in said if one.more), None)
        return tuple(
            f"{self.total}: {in_words(one)}" if one is first else in_words(one) for one in said
        )

    @property
    def weight(self) -> float:
        """The rough seconds by which all changes together make a request slower; negative if they
        make it faster."""
        return sum(map(_weight, self.statements))

    @property
    def total(self) -> str:
        """The number of queries in both arms: ``queries 3 → 43``."""
        of_part = f" of {self.part}" if self.part else ""
        return (
            f"queries{of_part} {before_and_after(f'{self.base_count:,}', f'{self.head_count:,}')}"
        )


def changes_of(base: QueryFigures, head: QueryFigures) -> QueryChanges:
    """Return what changed between the queries of base and those of head.

    Smaller changes of times can be told if the figures are ``pooled`` of several launches.
    """
    are_cut = _is_cut(base), _is_cut(head)
    launches = min(base.launches, head.launches)
    changes = [
        change_between(
            pair, launches=launches, is_cut=are_cut[0] if pair.base is None else are_cut[1]
        )
        for pair in paired(base.statements, head.statements)
    ]
    # What goes the way that the whole goes is more important than what goes against it.
    way = -1 if sum(map(_weight, changes)) < 0 else 1
    changes.sort(
        key=lambda one: (
            not one.is_worth_saying,
            -way * _weight(one),
            -one.head_count,
            one.sql,
            one.place,
        )
    )
    return QueryChanges(base.count, head.count, tuple(changes))


def changes_of_parts(
    base: Mapping[str, QueryFigures], head: Mapping[str, QueryFigures]
) -> QueryChanges | None:
    """Return what changed of the part of a mix that changed most; None if no part is in both."""
    found = [
        replace(changes_of(base[part], head[part]), part=part) for part in base if part in head
    ]
    most = max(found, key=lambda one: abs(one.weight), default=None)
    # The only part of a burst is all of it.
    return most if most is None or len(found) > 1 else replace(most, part="")


def _is_cut(figures: QueryFigures) -> bool:
    """Return True if figures lack some statements, since there are too many."""
    return figures.count > sum(one.count for one in figures.statements)


def _weight(change: StatementChange) -> float:
    """Return the rough seconds by which a statement makes a request slower. Those that are
    explained count double."""
    scans = (*change.new_sequential_scans, *change.lost_sequential_scans)
    is_explained = bool(change.explaining(scans))
    return (change.grown_s + change.more * _BESIDE_S) * (2 if is_explained else 1)

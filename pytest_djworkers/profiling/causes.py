"""Finds the causes of a change among the differences of functions, waits and queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pytest_djworkers.profiling.code_changes import CodeChanges
from pytest_djworkers.profiling.explanation import Cause, CauseKind
from pytest_djworkers.profiling.items import Item, item_of, place_of
from pytest_djworkers.profiling.items_changed import (
    ArmTimes,
    Changed,
    LaunchTimes,
    changed_items,
    whole_difference,
)
from pytest_djworkers.profiling.launch_stacks import TimedStack
from pytest_djworkers.profiling.query_changes import QueryChanges
from pytest_djworkers.profiling.waits import QUEUES, Wait

_LEAST_SHARE = 0.1
"""The share that a cause must have to be named, of the largest one and of the whole change."""
_MOST_CAUSES = 5
_NOT_FOR_CPUS = {Wait.POOL, Wait.HTTP, Wait.LOCK, Wait.SLEEP}
"""The waits that are long whatever the CPUs do."""


@dataclass(frozen=True, slots=True)
class CauseFinder:
    """Finds the causes of one change."""

    cpu: ArmTimes | None
    """The CPU time, with head's names for base's functions; None if it wasn't sampled."""
    waiting: ArmTimes | None
    """The same for the time of waiting."""
    changes: CodeChanges
    queries: QueryChanges | None
    """None if the queries are not known."""
    is_slower: bool | None
    """True if head is slower, False if it is faster; None if neither is known."""
    is_computing: bool
    """True if head's CPU time decides how fast it is."""

    def find(self) -> tuple[Cause, ...]:
        """Return the causes that are certain, the largest first."""
        cpu, waiting = _certain(self.cpu), _certain(self.waiting)
        query = self._query(cpu, waiting)
        # A query's own time is in neither whole.
        least_s = 0.0 if query else _LEAST_SHARE * self._whole_s
        is_counted = query is not None and _has_other_count(self.queries)
        found = self._of_cpu(cpu, least_s, without_database=is_counted)
        waiting = dict(self._own_waits(waiting, is_another=bool(found or query)))
        found += self._of_waiting(waiting, least_s, without_database=query is not None)
        if query is not None:
            found.append(query)
        found.sort(key=lambda one: -abs(one.change_s))
        least_s = _LEAST_SHARE * abs(found[0].change_s) if found else 0.0
        return tuple(one for one in found[:_MOST_CAUSES] if abs(one.change_s) >= least_s)

    def _own_waits(
        self, waiting: Mapping[Item, Changed], *, is_another: bool
    ) -> Iterator[tuple[Item, Changed]]:
        """Yield the waits that are no result of something else; ``is_another`` says that another
        cause is known."""
        for item, changed in waiting.items():
            is_new = _is_new(changed)
            if self.is_computing and is_another:
                # While the CPUs are busy, everything that waits also waits for them.
                is_own = is_new and item.wait in _NOT_FOR_CPUS
            elif self.is_computing or item.wait is Wait.THREAD:
                # Requests queue because of what the others do.
                is_own = is_new or item.wait not in QUEUES
            else:
                is_own = not is_another or item.wait not in QUEUES
            if is_own:
                yield item, changed

    def _matters(self, cause: Cause, least_s: float) -> bool:
        """Return True if a cause is large enough, and goes the way that the whole went."""
        return abs(cause.change_s) >= least_s and self._fits(cause.change_s)

    @property
    def _whole_s(self) -> float:
        """The change of all time that decides how fast head is, in seconds, in the direction in
        which the whole went; 0 if it isn't known, or went the other way."""
        arms = self.cpu if self.is_computing else self.waiting
        change_s = 0.0 if arms is None else whole_difference(_without_queue(arms)).change_s
        return abs(change_s) if self._fits(change_s) else 0.0

    def _fits(self, change_s: float) -> bool:
        """Return True if a change goes the way that the whole went."""
        return self.is_slower is None or (change_s > 0) == self.is_slower

    def _of_cpu(
        self, certain: Mapping[Item, Changed], least_s: float, *, without_database: bool
    ) -> list[Cause]:
        found = [
            (item, cause)
            for item, changed in certain.items()
            if not (item.in_database and without_database)
            and self._matters(cause := self._cause(CauseKind.CPU, item, changed, self.cpu), least_s)
        ]
        of_site = [cause for item, cause in found if item.function.is_of_site]
        # The server's own functions only tell what those of the site have caused.
        return of_site or [cause for _, cause in found]

    def _of_waiting(
        self, certain: Mapping[Item, Changed], least_s: float, *, without_database: bool
    ) -> list[Cause]:
        causes = (
            self._cause(CauseKind.WAIT, item, changed, self.waiting)
            for item, changed in certain.items()
            if not (without_database and item.wait is Wait.DATABASE)
        )
        return [one for one in causes if self._matters(one, least_s)]

    def _cause(
        self,
        kind: CauseKind,
        item: Item,
        changed: Changed,
        arms: ArmTimes | None,
    ) -> Cause:
        assert arms is not None, "nothing is certain without samples"
        of_base, of_head = (_stacks_of(item, arm) for arm in (arms.base, arms.head))
        place = place_of(item, of_base, of_head, self.changes)
        difference = changed.difference
        return Cause(kind, difference.change_s, place, item.wait, difference)

    def _query(self, cpu: Mapping[Item, Changed], waiting: Mapping[Item, Changed]) -> Cause | None:
        """Return the change of the queries as a cause; None if they are the same, or if their
        change goes another way than the whole."""
        queries = self.queries
        if queries is None or not queries.lines:
            return None
        change_s = sum(one.grown_s for one in queries.statements)
        more = queries.head_count - queries.base_count
        under_load_s = self._of_database_s(cpu, waiting, is_counted=more != 0)
        if (under_load_s > 0) == ((more or change_s) > 0):
            change_s = max(change_s, under_load_s, key=abs)
        if not all(map(self._fits, filter(None, (more, change_s)))) or not (more or change_s):
            return None
        return Cause(CauseKind.QUERIES, change_s, queries=queries.lines)

    def _of_database_s(
        self, cpu: Mapping[Item, Changed], waiting: Mapping[Item, Changed], *, is_counted: bool
    ) -> float:
        """Return the change of the time for queries under load, in seconds."""
        # Django's own work for further queries is most of their time, and in no query's.
        items = [(item, one) for item, one in cpu.items() if is_counted and item.in_database]
        if not self.is_computing:
            # They wait for longer than in a sample request.
            items += [(item, one) for item, one in waiting.items() if item.wait is Wait.DATABASE]
        return sum(one.difference.change_s for _, one in items)


def _is_new(changed: Changed) -> bool:
    """Return True if an item has its time in one arm only."""
    less_s, more_s = sorted((changed.difference.base_s, changed.difference.head_s))
    return less_s <= _LEAST_SHARE * more_s


def _without_queue(arms: ArmTimes) -> ArmTimes:
    """Return the times without that of requests which wait for others to end."""

    def kept(launches: LaunchTimes) -> LaunchTimes:
        return [[one for one in stacks if one.wait is not Wait.THREAD] for stacks in launches]

    return replace(arms, base=kept(arms.base), head=kept(arms.head))


def _certain(arms: ArmTimes | None) -> Mapping[Item, Changed]:
    if arms is None:
        return {}
    changed = changed_items(arms, lambda stack: (item_of(stack),))
    return {item: one for item, one in changed.items() if one.is_certain}


def _stacks_of(item: Item, launches: LaunchTimes) -> list[TimedStack]:
    return [one for stacks in launches for one in stacks if item_of(one) == item]


def _has_other_count(queries: QueryChanges | None) -> bool:
    return queries is not None and queries.base_count != queries.head_count

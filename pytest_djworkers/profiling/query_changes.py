"""The difference between the queries of a request in base and in head, statement by statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from pytest_djworkers.load.queries import QueryFigures, Statement
from pytest_djworkers.load.query_plan import Plan, PlanNode, in_brackets, sequential_scans
from pytest_djworkers.profiling.statement_pairs import Pair, paired
from pytest_djworkers.units import before_and_after, format_duration

LEAST_GROWTH_S = 0.0005
"""The least change of a statement's time in a request, in seconds, that is worth a line."""
LEAST_RATIOS = {4: 1.5, 2: 3.0, 1: 10.0}
"""The least ratio of the two times by the number of samples from which it holds. Between launches
of the same code times differ, too, by less than that; and chance puts two samples in order easily.
"""
_MOST_OUT_OF_ORDER = 0.08
"""The share of all pairs of an arm's sample and the other's that may be in the other order: two of
25, which chance makes of equal arms in one case of 30."""
WORTH_SCANNING = 10_000
"""The number of rows from which reading a whole table is worth a line, however long it took."""


@dataclass(frozen=True, slots=True)
class StatementChange:
    """A statement in base and in head; one of them may not run it."""

    sql: str
    short: str
    """The statement for a line of text."""
    place: str
    """The file and the line that runs it, in head if it runs there; empty if not known."""
    alias: str
    base_count: int
    head_count: int
    base_time_s: float
    """The time of all of its executions in one request, in seconds: the median of the samples."""
    head_time_s: float
    base_plan: Plan = ()
    head_plan: Plan = ()
    new_sequential_scans: tuple[PlanNode, ...] = ()
    """The whole tables that head reads for it, and base does not; the largest first."""
    lost_sequential_scans: tuple[PlanNode, ...] = ()
    """The whole tables that base reads for it, and head does not; the largest first."""
    is_time_told: bool = False
    """True if the times differ by more than chance makes of them, and by enough to matter."""
    is_cut: bool = False
    """True if the other arm may run it, too: it runs more statements than its figures keep."""

    @property
    def more(self) -> int:
        """The number of times that head runs it more often than base does; negative for less."""
        return self.head_count - self.base_count

    @property
    def is_worth_saying(self) -> bool:
        """True if its count or its time changed, or if it reads another whole table."""
        scans = (*self.new_sequential_scans, *self.lost_sequential_scans)
        is_large = any((one.table_rows or 0) >= WORTH_SCANNING for one in scans)
        return not self.is_cut and (self.more != 0 or self.is_time_told or is_large)

    @property
    def grown_s(self) -> float:
        """The seconds by which its time grew; 0 if it can't be told that it did."""
        changed = self.more != 0 or self.is_time_told
        return self.head_time_s - self.base_time_s if changed and not self.is_cut else 0.0


@dataclass(frozen=True, slots=True)
class QueryChanges:
    """The queries of a request in base and in head."""

    base_count: int
    head_count: int
    statements: tuple[StatementChange, ...]
    """Every statement of both, those that matter most first."""

    @property
    def lines(self) -> tuple[str, ...]:
        """What changed, in words, the most important first; empty if nothing did that matters."""
        said = [one for one in self.statements if one.is_worth_saying]
        first = next((one for one in said if one.more), None)
        return tuple(f"{self._total}: {_said(one)}" if one is first else _said(one) for one in said)

    @property
    def _total(self) -> str:
        counts = f"{self.base_count:,}", f"{self.head_count:,}"
        return f"queries {before_and_after(*counts)}"


def changes_of(base: QueryFigures, head: QueryFigures) -> QueryChanges:
    """Return what changed between the queries of base and those of head."""
    cut = tuple(one.count > sum(each.count for each in one.statements) for one in (base, head))
    changes = [
        _change(pair, is_cut=cut[0] if pair.base is None else pair.head is None and cut[1])
        for pair in paired(base.statements, head.statements)
    ]
    changes.sort(key=_importance)
    return QueryChanges(base.count, head.count, tuple(changes))


def _importance(change: StatementChange) -> tuple[object, ...]:
    """Return what sorts the changes: growth first, of the count and then of the time."""
    return (
        not change.is_worth_saying,
        -change.more,
        -change.grown_s,
        -change.head_count,
        change.sql,
        change.place,
    )


def _change(pair: Pair, *, is_cut: bool) -> StatementChange:
    base, head = pair
    shown = head or base
    assert shown is not None
    base_plan, head_plan = (() if one is None else one.plan for one in pair)
    # Without base's plan it isn't known what is new in head's, unless base doesn't run it at all.
    return StatementChange(
        sql=shown.sql,
        short=shown.short,
        place=shown.place,
        alias=shown.alias,
        base_count=0 if base is None else base.count,
        head_count=0 if head is None else head.count,
        base_time_s=_time_s(base),
        head_time_s=_time_s(head),
        base_plan=base_plan,
        head_plan=head_plan,
        new_sequential_scans=_only_in(head_plan, base_plan) if base_plan or not base else (),
        lost_sequential_scans=_only_in(base_plan, head_plan) if head_plan or not head else (),
        is_time_told=base is not None and head is not None and _is_told(base, head),
        is_cut=is_cut,
    )


def _times(statement: Statement) -> tuple[float, ...]:
    return statement.times_s or (statement.time_s,)


def _time_s(statement: Statement | None) -> float:
    return 0.0 if statement is None else median(_times(statement))


def _is_told(base: Statement, head: Statement) -> bool:
    """Return True if a statement's times in both arms differ by more than noise makes of them."""
    less, more = sorted((_times(base), _times(head)), key=median)
    fewest = min(len(less), len(more))
    least_ratio = next(ratio for number, ratio in LEAST_RATIOS.items() if fewest >= number)
    grown_s = median(more) - median(less)
    if grown_s < LEAST_GROWTH_S or median(more) < least_ratio * median(less):
        return False
    out_of_order = sum(one >= other for one in less for other in more)
    return out_of_order <= _MOST_OUT_OF_ORDER * len(less) * len(more)


def _only_in(plan: Plan, other: Plan) -> tuple[PlanNode, ...]:
    """Return the whole tables that are read by the first plan only, the largest first."""
    there = sequential_scans(other)
    found = [node for table, node in sequential_scans(plan).items() if table not in there]
    return tuple(sorted(found, key=lambda node: -(node.table_rows or 0)))


def _said(change: StatementChange) -> str:
    """Return what changed of a statement, in words."""
    scans = _scans_in_words(change)
    of = "" if change.alias == "default" else f" in {change.alias}"
    if change.more:
        place = f" from {change.place}" if change.place else ""
        text = f"{_times_in_words(change)} {change.short}{of}{place}"
        takes = ", which take" if change.head_count > 1 else ", which takes"
    else:
        place = f" at {change.place}" if change.place else ""
        often = f"{change.head_count:,} times " if change.head_count > 1 else ""
        text = f"{often}{change.short}{of}{place}"
        takes = " take" if often else " takes"
    if change.is_time_told:
        times = format_duration(change.base_time_s), format_duration(change.head_time_s)
        text += f"{takes} {before_and_after(*times)}"
    return f"{text}: {scans}" if scans else text


def _times_in_words(change: StatementChange) -> str:
    """Return how often a statement runs whose count changed, in words that it follows."""
    base, head = change.base_count, change.head_count
    if base and head:
        return f"{before_and_after(f'{base:,}', f'{head:,}')} times"
    often = "" if base + head == 1 else f" {base + head:,} times"
    return f"no longer{often}" if base else often.strip() or "now"


def _scans_in_words(change: StatementChange) -> str:
    new, lost = change.new_sequential_scans, change.lost_sequential_scans
    if new:
        return f"{'now ' if change.base_count else ''}{_named(new)}"
    # Of a statement that is gone, its scans are gone, too: there is nothing to say.
    return f"no longer {_named(lost)}" if lost and change.head_count else ""


def _named(scans: Iterable[PlanNode]) -> str:
    tables = " and ".join(f"{one.relation}{in_brackets(one.table_rows)}" for one in scans)
    return f"a sequential scan of {tables}"

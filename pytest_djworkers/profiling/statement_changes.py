"""A statement of a request in base and in head, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pytest_djworkers.load.queries import Statement
from pytest_djworkers.load.query_plan import Plan, PlanNode, sequential_scans
from pytest_djworkers.profiling.statement_pairs import Pair
from pytest_djworkers.profiling.statement_times import LEAST_CHANGE_S, differ

LARGE_TABLE = 10_000
"""The number of rows from which reading a whole table is worth a line, however long it took."""
_SMALL_TABLE = 1000
"""The number of rows below which reading a whole table explains no time."""


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
    """The plan in base; empty if it isn't known."""
    head_plan: Plan = ()
    new_sequential_scans: tuple[PlanNode, ...] = ()
    """The whole tables that head reads for it, and base does not; the largest first."""
    lost_sequential_scans: tuple[PlanNode, ...] = ()
    """The whole tables that base reads for it, and head does not; the largest first."""
    is_time_told: bool = False
    """True if both arms run it as often, or nearly so, and its times differ by more than chance
    makes of them, and by enough to matter."""
    is_cut: bool = False
    """True if the other arm may run it, too: it runs more statements than its figures keep."""

    @property
    def more(self) -> int:
        """The number of times that head runs it more often than base does; negative for less."""
        return self.head_count - self.base_count

    @property
    def is_worth_saying(self) -> bool:
        """True if its count or its time changed, or if a large table is read as a whole in one of
        the arms alone."""
        scans = (*self.new_sequential_scans, *self.lost_sequential_scans)
        is_large = any((one.table_rows or 0) >= LARGE_TABLE for one in scans)
        return not self.is_cut and (self.more != 0 or self.is_time_told or is_large)

    @property
    def grown_s(self) -> float:
        """The seconds by which its time grew; 0 if its count is the same and it can't be told that
        its time isn't."""
        is_known = not self.is_cut and (self.more != 0 or self.is_time_told)
        return self.head_time_s - self.base_time_s if is_known else 0.0

    @property
    def is_slow(self) -> bool:
        """True if it changed the request's time by enough to matter."""
        return self.is_time_told or abs(self.grown_s) >= LEAST_CHANGE_S

    def explaining(self, scans: tuple[PlanNode, ...]) -> tuple[PlanNode, ...]:
        """Return those of its scans whose tables are large enough to explain something."""
        least = _SMALL_TABLE if self.is_slow else LARGE_TABLE
        # SQLite doesn't say how large a table is.
        return tuple(
            one
            for one in scans
            if (self.is_slow if one.table_rows is None else one.table_rows >= least)
        )


def change_between(pair: Pair, *, launches: int, is_cut: bool) -> StatementChange:
    """Return what changed between the two statements of a pair, which are known from so many
    launches of each arm.

    ``is_cut`` says that the arm which doesn't run it has figures that lack some of its statements.
    """
    base, head = pair
    shown = head or base
    assert shown is not None
    base_plan, head_plan = (() if one is None else one.plan for one in pair)
    # Without the other arm's plan it isn't known what is new, unless that doesn't run it at all.
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
        is_time_told=base is not None
        and head is not None
        and _differ(_times(base), _times(head), launches=launches),
        is_cut=is_cut and None in pair,
    )


def _differ(base: Sequence[float], head: Sequence[float], *, launches: int) -> bool:
    """Return True if times differ; those of several launches are one of each that runs the
    statement."""
    return differ(base, head, launches=min(launches, len(base), len(head)))


def _times(statement: Statement) -> tuple[float, ...]:
    # A report of an earlier version has one time only.
    return statement.times_s or (statement.time_s,)


def _time_s(statement: Statement | None) -> float:
    return 0.0 if statement is None else median(_times(statement))


def _only_in(plan: Plan, other: Plan) -> tuple[PlanNode, ...]:
    """Return the whole tables that are read by the first plan only, the largest first."""
    there = sequential_scans(other)
    found = [node for table, node in sequential_scans(plan).items() if table not in there]
    return tuple(sorted(found, key=lambda node: -(node.table_rows or 0)))

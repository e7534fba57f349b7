"""The rows of a table of SQL statements: of a request, or of base's and head's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_djworkers.load.query_plan import Plan, plan_in_words
from pytest_djworkers.profiling.query_changes import QueryChanges, changes_of
from pytest_djworkers.profiling.statement_changes import StatementChange
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.figures import UNKNOWN
from pytest_djworkers.units import before_and_after, format_duration


def changes_of_burst(record: BurstRecord) -> QueryChanges | None:
    """Return the queries of base and head; None if a burst is no comparison, and if they aren't
    known. Of a mix, those of the part that changed most are known if somebody looked for the cause.
    """
    compared, queries = record.against_base, record.result.queries
    if compared is None:
        return None
    if compared.explanation is not None and compared.explanation.queries is not None:
        # Of several launches, and with plans.
        return compared.explanation.queries
    # The part with the most queries may be another one in base.
    if compared.base_queries is None or queries is None or record.result.parts:
        return None
    return changes_of(compared.base_queries, queries)


def times_of(changes: QueryChanges) -> str:
    """Return the time of a request's queries in base and in head."""
    return _both(
        format_duration(sum(one.base_time_s for one in changes.statements)),
        format_duration(sum(one.head_time_s for one in changes.statements)),
    )


def change_rows(changes: Iterable[StatementChange]) -> list[Mapping[str, str]]:
    """Return the row of each statement, with both arms' figures where they differ."""
    return [
        {
            "statement": one.sql,
            "times": _both(f"{one.base_count:,}", f"{one.head_count:,}"),
            "time": _both(
                _time(one.base_count, one.base_time_s), _time(one.head_count, one.head_time_s)
            ),
            "ran by": one.place,
            "database": one.alias,
            "plan": _plans(one.base_plan, one.head_plan),
        }
        for one in changes
    ]


def _time(count: int, time_s: float) -> str:
    return format_duration(time_s) if count else UNKNOWN


def _both(before: str, after: str) -> str:
    return after if before == after else before_and_after(before, after)


def _plans(base: Plan, head: Plan) -> str:
    """Return head's plan, with that of base if it is another one."""
    before, after = plan_in_words(base), plan_in_words(head)
    if not base or before == after:
        return after
    return f"{after}; before: {before}" if head else f"before: {before}"

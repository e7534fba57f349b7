"""The plan by which a database runs a statement, without conditions or values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_djworkers.units import counted

SEQUENTIAL = frozenset({"Seq Scan", "SCAN"})
"""The kinds of nodes that read a whole table, as PostgreSQL and SQLite call them."""


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A step of a plan. A plan is a tuple of them: each is followed by those that it reads from."""

    kind: str
    """The kind of step as the database calls it, such as ``Seq Scan``."""
    depth: int = 0
    """The number of steps between it and the plan's root."""
    relation: str = ""
    """The table that it reads; empty if it reads none."""
    index: str = ""
    """The index that it uses; empty if it uses none."""
    rows: int | None = None
    """The number of rows that it is expected to return; None if the database doesn't say."""
    cost: float | None = None
    """The cost that the database expects of it and all below it, in a unit of its own; None if the
    database doesn't say."""
    table_rows: int | None = None
    """The number of rows in the table, as the database estimates it, for a sequential scan; None if
    it isn't known."""

    @property
    def is_sequential(self) -> bool:
        """True if it reads a whole table."""
        return self.kind in SEQUENTIAL and bool(self.relation) and not self.index

    @property
    def in_words(self) -> str:
        """The step for people: ``Seq Scan on shop_item (200,000 rows)``."""
        using = f" using {self.index}" if self.index else ""
        on = f" on {self.relation}" if self.relation else ""
        rows = self.table_rows if self.table_rows is not None else self.rows
        return f"{self.kind}{using}{on}{in_brackets(rows)}"


Plan = tuple[PlanNode, ...]


def in_brackets(rows: int | None) -> str:
    """Return a number of rows to follow a table's name; empty if it isn't known."""
    return "" if rows is None else f" ({counted(rows, 'row')})"


def sequential_scans(plan: Sequence[PlanNode]) -> dict[str, PlanNode]:
    """Return the sequential scans of a plan by the name of the table that they read."""
    return {node.relation: node for node in reversed(plan) if node.is_sequential}


def plan_in_words(plan: Sequence[PlanNode]) -> str:
    """Return a plan in one line: ``Limit (21 rows) ← Seq Scan on shop_item (200,000 rows)``."""
    return " ← ".join(node.in_words for node in plan)

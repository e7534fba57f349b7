"""Asks a database for the plans of statements that a site has just run, behind the site's back.

Nothing is executed, and the site's transaction, cursors and connection stay as they are: in a
transaction, each question has a savepoint of its own. Of a plan, conditions and values are dropped
here, in the server's process.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any

from pytest_djworkers.load.query_plan import SEQUENTIAL, Plan, PlanNode
from pytest_djworkers.system.clock import CLOCK

_MOST_OF_PLACE = 5
"""The number of statements of one line that are asked about: one with literals in it may differ
each time."""
_WITHIN_S = 2.0
"""The time in seconds that a process spends on plans. PostgreSQL needs a millisecond for most."""
_MOST_NODES = 200
_READS = re.compile(
    r"(?:\s|\(|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*(?P<verb>SELECT|WITH|VALUES)\b", re.IGNORECASE
)
_CHANGES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
_SAVEPOINT = "djworkers_plan"
_IDLE, _IN_TRANSACTION = 0, 2
"""PostgreSQL's states of a connection, as both of its drivers number them."""
_SQLITES_TABLE = re.compile(
    r"(?P<kind>SCAN|SEARCH)(?: TABLE)? (?P<relation>[^\W\d]\w*)(?: AS \w+)?"
    r"(?P<virtual> VIRTUAL TABLE)?"
    r"(?: USING (?:[A-Z]+ )*?(?P<index>INTEGER PRIMARY KEY|INDEX(?: \w+)?))?"
)
_SQLITES_STEP = re.compile(r"[A-Z]+(?:[ -][A-Z]+)*\b")


class PlanReader:
    """Returns the plan of each statement that a process runs, once for each line that runs it."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, str]] = set()
        self._of_place: Counter[str] = Counter()
        self._table_rows: dict[tuple[str, str], int | None] = {}
        self._spent_s = 0.0

    def __call__(self, database: Any, sql: str, params: Any, place: str) -> Plan:
        """Return the plan of a statement that has just run; empty if it isn't asked for, or if
        there is none. Nothing is raised."""
        read = {"postgresql": self._of_postgresql, "sqlite": _of_sqlite}.get(database.vendor)
        if read is None or not only_reads(sql) or not self._is_wanted(database.alias, sql, place):
            return ()
        began_s = CLOCK.monotonic()
        try:
            return read(database, sql, params)[:_MOST_NODES]
        except Exception:  # noqa: BLE001  # the request must go on as if nobody had asked
            return ()
        finally:
            self._spent_s += CLOCK.monotonic() - began_s

    def _is_wanted(self, alias: str, sql: str, place: str) -> bool:
        key = alias, sql, place
        if key in self._seen or self._spent_s > _WITHIN_S:
            return False
        self._seen.add(key)
        self._of_place[place] += 1
        return self._of_place[place] <= _MOST_OF_PLACE

    def _of_postgresql(self, database: Any, sql: str, params: Any) -> Plan:
        # Only with VERBOSE are the schemas of tables told.
        plan = _explained(database, f"EXPLAIN (FORMAT JSON, VERBOSE) {sql}", params)

        def rows_of(node: Mapping[str, Any]) -> int | None:
            names = (node[name] for name in ("Schema", "Relation Name") if name in node)
            table = ".".join(map(database.ops.quote_name, names))
            key = database.alias, table
            if key not in self._table_rows:
                self._table_rows[key] = None
                with suppress(Exception):
                    self._table_rows[key] = _rows_in(database, table)
            return self._table_rows[key]

        return tuple(_nodes(plan, rows_of))


def only_reads(sql: str) -> bool:
    """Return True if a text is one statement, and one that can't change data."""
    found = _READS.match(sql)
    # A second statement would be executed, behind the EXPLAIN of the first.
    if found is None or ";" in sql.rstrip("; \t\r\n"):
        return False
    return found["verb"].upper() != "WITH" or not _CHANGES.search(sql)


def _explained(database: Any, sql: str, params: Any) -> dict[str, Any]:
    """Return the root of a plan of PostgreSQL."""
    with _undone(database), closing(database.create_cursor()) as cursor:
        _execute(cursor, sql, params)
        (told,) = cursor.fetchone()
    # The driver makes objects of JSON, unless the site has told it otherwise.
    plans = json.loads(told) if isinstance(told, str | bytes) else told
    root: dict[str, Any] = plans[0]["Plan"]
    return root


def _rows_in(database: Any, table: str) -> int:
    """Return the number of rows that PostgreSQL expects in a table."""
    sql = f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {table}"  # noqa: S608  # Django has quoted the name
    root = _explained(database, sql, None)
    return int(root["Plan Rows"])


@contextmanager
def _undone(database: Any) -> Iterator[None]:
    """Leave a connection to PostgreSQL as it was. Raises RuntimeError if it can't be asked now."""
    connection = database.connection
    status = int(connection.info.transaction_status)
    pipeline = getattr(getattr(connection, "pgconn", None), "pipeline_status", 0)
    if pipeline or status not in (_IDLE, _IN_TRANSACTION):
        raise RuntimeError("the connection is busy, or its transaction has failed")
    if status == _IDLE:
        if not connection.autocommit:
            raise RuntimeError("a statement would begin a transaction")
        yield
        return
    # Its cursors are the driver's: Django takes no note of what fails in them.
    with closing(database.create_cursor()) as cursor:
        _execute(cursor, f"SAVEPOINT {_SAVEPOINT}")
        try:
            yield
        except BaseException:
            _execute(cursor, f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
            raise
        finally:
            # Without need, nothing is rolled back: psycopg forgets what it has prepared by that.
            _execute(cursor, f"RELEASE SAVEPOINT {_SAVEPOINT}")


def _execute(cursor: Any, sql: str, params: Any = None) -> None:
    """Execute a statement of ours in PostgreSQL."""
    # A site may have psycopg 3 prepare statements: ours would stay in its session.
    once = {"prepare": False} if hasattr(cursor, "pgresult") else {}
    cursor.execute(sql, params, **once)


def _nodes(
    node: Mapping[str, Any], rows_of: Callable[[Mapping[str, Any]], int | None], depth: int = 0
) -> Iterator[PlanNode]:
    """Yield a node of PostgreSQL's plan and those below it, without conditions."""
    kind = str(node["Node Type"])
    yield PlanNode(
        kind,
        depth,
        str(node.get("Relation Name", "")),
        str(node.get("Index Name", "")),
        int(node["Plan Rows"]),
        float(node["Total Cost"]),
        rows_of(node) if kind in SEQUENTIAL and "Relation Name" in node else None,
    )
    for below in node.get("Plans", ()):
        yield from _nodes(below, rows_of, depth + 1)


def _of_sqlite(database: Any, sql: str, params: Any) -> Plan:
    with closing(database.create_cursor()) as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return tuple(_sqlites_nodes(cursor.fetchall()))


def _sqlites_nodes(rows: Iterable[tuple[int, int, int, str]]) -> Iterator[PlanNode]:
    depths = {0: -1}
    for number, parent, _, detail in rows:
        depth = depths[number] = depths.get(parent, -1) + 1
        table, step = _SQLITES_TABLE.match(detail), _SQLITES_STEP.match(detail)
        if table is not None and table["relation"] != "CONSTANT":
            kind = f"{table['kind']}{table['virtual'] or ''}"
            index = (table["index"] or "").removeprefix("INDEX ")
            yield PlanNode(kind, depth, table["relation"], index)
        elif step is not None:
            yield PlanNode(step[0], depth)

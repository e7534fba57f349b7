"""Plans are asked for behind the site's back: nothing of its connections changes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db.backends.sqlite3.base import DatabaseWrapper

from pytest_djworkers.entry import query_plans as module
from pytest_djworkers.entry.query_plans import PlanReader, only_reads
from pytest_djworkers.load.query_plan import PlanNode
from tests.support.postgres import Cluster

SECRET = "secret-4711"
ROWS = 20_000


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        ("SELECT 1", True),
        ("  select 1;  ", True),
        ("(SELECT 1) UNION (SELECT 2)", True),
        ("/* a * b */ -- c\n SELECT 1", True),
        ("VALUES (1)", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a", True),
        ("SELECT * FROM a FOR UPDATE", True),
        ("WITH a AS (DELETE FROM b RETURNING *) SELECT * FROM a", False),
        ("SELECT 1; DELETE FROM a", False),
        ("SELECT 1;; DELETE FROM a;", False),
        ("UPDATE a SET b = 1", False),
        ("EXPLAIN ANALYZE SELECT 1", False),
        ("SELECTED", False),
        ("SAVEPOINT a", False),
        ("", False),
        ("/* " * 5_000, False),
    ],
)
def test_only_single_statements_that_read_are_asked_about(sql: str, reads: bool) -> None:
    assert only_reads(sql) == reads


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Any]:
    """Django's connection to an SQLite with two tables."""
    settings: dict[str, Any] = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "a.sqlite3"),
        "OPTIONS": {},
        "TIME_ZONE": None,
        "CONN_HEALTH_CHECKS": False,
        "CONN_MAX_AGE": 0,
        "AUTOCOMMIT": True,
        "ATOMIC_REQUESTS": False,
        "USER": "",
        "PASSWORD": "",
    }
    wrapper: Any = DatabaseWrapper(settings, "default")
    wrapper.connect()
    for sql in (
        "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, owner INTEGER)",
        "CREATE INDEX item_name ON item (name)",
        "CREATE TABLE owner (id INTEGER PRIMARY KEY)",
    ):
        wrapper.connection.execute(sql)
    yield wrapper
    wrapper.connection.close()


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM item WHERE name = %s", ["SEARCH using item_name on item"]),
        ("SELECT * FROM item WHERE id = %s", ["SEARCH using INTEGER PRIMARY KEY on item"]),
        ("SELECT name FROM item WHERE name <> %s", ["SCAN using item_name on item"]),
        (
            "SELECT * FROM item JOIN owner ON owner.id = owner WHERE owner <> %s ORDER BY owner",
            [
                "SCAN on item",
                "SEARCH using INTEGER PRIMARY KEY on owner",
                "USE TEMP B-TREE FOR ORDER BY",
            ],
        ),
        ("SELECT %s", ["SCAN CONSTANT ROW"]),
        ("SELECT * FROM json_each(%s)", ["SCAN VIRTUAL TABLE on json_each"]),
    ],
)
def test_sqlite_tells_which_tables_it_scans(sqlite: Any, sql: str, words: list[str]) -> None:
    plan = PlanReader()(sqlite, sql, [SECRET], "a.py:1")
    said = [node.in_words for node in plan]
    assert said == words
    assert SECRET not in repr(plan)
    assert [node.relation for node in plan if node.is_sequential] == (
        ["item"] if "SCAN on item" in words else []
    )


def test_a_statement_of_a_line_is_asked_about_once_and_few_of_each_line(
    sqlite: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = PlanReader()
    sql = "SELECT * FROM item WHERE id = {}"
    asked = [bool(read(sqlite, sql.format(number), None, "a.py:1")) for number in (1, 1, 2, 3)]
    assert asked == [True, False, True, True]
    asked = [bool(read(sqlite, sql.format(number), None, "a.py:1")) for number in (4, 5, 6)]
    assert asked == [True, True, False]
    assert read(sqlite, sql.format(1), None, "a.py:2")
    monkeypatch.setattr(module, "_WITHIN_S", 0.0)
    assert not read(sqlite, sql.format(1), None, "a.py:3")


def test_a_statement_that_the_database_does_not_explain_has_no_plan(sqlite: Any) -> None:
    assert PlanReader()(sqlite, "SELECT * FROM missing", None, "a.py:1") == ()
    with closing(sqlite.create_cursor()) as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


SCRIPT = """
import json, sys
driver, entry = sys.argv[1], json.loads(sys.argv[2])
if driver == "psycopg2":
    sys.modules["psycopg"] = None
import django
from django.conf import settings
settings.configure(DATABASES={"default": entry})
django.setup()
from django.db import connection, transaction
from pytest_djworkers.entry.query_plans import PlanReader

BY_NAME = "SELECT id, name FROM item WHERE name = %s"
SECRET = "secret-4711"

def plan_of(sql, params=None):
    return [one.in_words for one in PlanReader()(connection, sql, params, "")]

def run(sql, params=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        plan = plan_of(sql, params)
        return cursor.fetchall() if cursor.description else [], plan

def status():
    return int(connection.connection.info.transaction_status)

rows, plan = run(BY_NAME, [SECRET])
print(driver, plan)
assert len(rows) == 1 and "using item_name on item" in plan[0], plan
assert status() == 0

with transaction.atomic():
    run("INSERT INTO kept VALUES ('before')")
    assert run(BY_NAME, [SECRET])[1] == plan
    # One that is not explained must not end the transaction.
    assert plan_of("SELECT * FROM missing") == []
    assert plan_of("SELECT 1; INSERT INTO kept VALUES ('sneaked in')") == []
    with transaction.atomic():
        run(BY_NAME + " FOR UPDATE", [SECRET])
    run("INSERT INTO kept VALUES ('after')")
    assert status() == 2
    # No savepoint of ours is left.
    try:
        with transaction.atomic():
            run("RELEASE SAVEPOINT djworkers_plan")
    except Exception as error:
        assert "does not exist" in str(error)
    else:
        raise AssertionError
assert status() == 0
assert plan_of("SELECT * FROM missing") == []
assert run("SELECT * FROM kept")[0] == [("before",), ("after",)]
assert not connection.errors_occurred and not connection.needs_rollback

# Nothing is executed.
run("CREATE SEQUENCE IF NOT EXISTS numbers")
assert plan_of("SELECT nextval('numbers')") == ["Result (1 row)"]
assert run("SELECT is_called FROM numbers")[0] == [(False,)]

# Rows that come later, by a cursor in the database.
def by_parts():
    with connection.chunked_cursor() as cursor:
        cursor.execute("SELECT id FROM item WHERE id > %s ORDER BY id", [10])
        first = cursor.fetchmany(100)
        assert plan_of("SELECT id FROM item WHERE id > %s ORDER BY id", [10])
        return len(first + cursor.fetchall())

assert by_parts() == 19_990
with transaction.atomic():
    assert by_parts() == 19_990

assert run("SELECT count(*) FROM item WHERE name LIKE 'secret%'")[1]
with transaction.atomic():
    with connection.cursor() as cursor:
        try:
            cursor.connection.cursor().execute("SELECT 1 / 0")
        except Exception:
            assert plan_of("SELECT 1") == []
    connection.set_rollback(True)
transaction.set_autocommit(False)
# A question of ours must not begin a transaction, nor end one.
assert (plan_of("SELECT 1"), status()) == ([], 0)
run(BY_NAME, [SECRET])
assert status() == 2
transaction.rollback()
transaction.set_autocommit(True)
if driver != "psycopg2":
    raw = connection.connection
    with raw.pipeline():
        assert plan_of("SELECT 1") == []
    from psycopg import sql
    composed = sql.SQL("SELECT id FROM {} WHERE name = %s").format(sql.Identifier("item"))
    assert plan_of(composed.as_string(raw), [SECRET])

run("DROP INDEX item_name")
found = PlanReader()(connection, BY_NAME, [SECRET], "")
(scan,) = [one for one in found if one.is_sequential]
assert scan.in_words == "Seq Scan on item (20,000 rows)", scan
assert SECRET not in repr(found) and scan.rows < 100 and scan.cost > 100
with transaction.atomic():
    run(BY_NAME, [SECRET])
    prepared = [row[0] for row in run("SELECT statement FROM pg_prepared_statements")[0]]
ours = [one for one in prepared if "EXPLAIN" in one or "djworkers" in one]
assert not ours, ours
run("CREATE INDEX item_name ON item (name)")
run("DELETE FROM kept")
# Its connection is gone.
connection.close()
assert plan_of("SELECT 1") == []
print("passed")
"""


@pytest.fixture
def items(postgres: Cluster) -> Iterator[Cluster]:
    """PostgreSQL with a database ``plans``, whose table has an index."""
    postgres.ask("CREATE DATABASE plans")
    for sql in (
        "CREATE TABLE item (id int PRIMARY KEY, name text)",
        f"INSERT INTO item SELECT n, 'item-' || n FROM generate_series(1, {ROWS - 1}) n",
        f"INSERT INTO item VALUES ({ROWS}, '{SECRET}')",
        "CREATE INDEX item_name ON item (name)",
        "CREATE TABLE kept (text text)",
        "ANALYZE",
    ):
        postgres.ask(sql, database="plans")
    yield postgres
    postgres.ask("DROP DATABASE plans WITH (FORCE)")


@pytest.mark.parametrize(
    ("driver", "options"),
    [
        pytest.param("psycopg", {}, id="psycopg"),
        pytest.param("psycopg2", {}, id="psycopg2", marks=pytest.mark.matrix),
        pytest.param(
            *("psycopg", {"server_side_binding": True, "prepare_threshold": 0}),
            id="server-side binding",
            marks=pytest.mark.matrix,
        ),
        pytest.param("psycopg", {"pool": True}, id="pool", marks=pytest.mark.matrix),
    ],
)
def test_nothing_of_a_connection_to_postgresql_changes(
    items: Cluster, driver: str, options: dict[str, Any]
) -> None:
    entry = json.dumps(items.entry("plans", OPTIONS=options))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, driver, entry], capture_output=True, text=True
    )
    assert done.stdout.endswith("passed\n"), done.stdout + done.stderr


def test_a_plan_keeps_no_conditions() -> None:
    node = {
        "Node Type": "Limit",
        "Plan Rows": 1,
        "Total Cost": 8.0,
        "Output": [SECRET],
        "Plans": [
            {
                "Node Type": "Bitmap Index Scan",
                "Plan Rows": 3,
                "Total Cost": 7.5,
                "Index Name": "by_name",
                "Index Cond": f"(name = '{SECRET}')",
                "Filter": SECRET,
                "Alias": SECRET,
            }
        ],
    }
    assert list(module._nodes(node, lambda _: None)) == [
        PlanNode("Limit", rows=1, cost=8.0),
        PlanNode("Bitmap Index Scan", 1, index="by_name", rows=3, cost=7.5),
    ]

"""Documents made by hand, for what writes and reads them."""

from __future__ import annotations

from typing import Any

from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.document import (
    SCHEMA,
    Document,
    Outcome,
    RunSummary,
    TestOutcome,
    entry_of,
)

RUN = RunSummary(
    began="2026-01-02T03:04:05+00:00",
    ended="2026-01-02T03:05:05+00:00",
    command=("pytest", "--djworkers=granian"),
    exit_status=0,
    commit="0123456789abcdef0123456789abcdef01234567",
    machine=Machine("AMD EPYC 7763 64-Core Processor", 2, None),
    surroundings={"kernel": "6.1.0", "memory_bytes": 8 << 30},
    versions={"python": "3.11.2", "django": "5.2.1", "pytest-djworkers": "0.1.0"},
    tolerance=0.1,
    baseline="default",
)


def document(*records: BurstRecord, tests: tuple[TestOutcome, ...] | None = None) -> Document:
    """A document of these records; each test passed, or failed if a burst says why."""
    if tests is None:
        tests = tuple(outcome(one) for one in records)
    return Document(SCHEMA, RUN, tests, tuple(entry_of(one) for one in records))


def outcome(record: BurstRecord, **changes: Any) -> TestOutcome:
    """The outcome of the test of a record; ``changes`` are its other fields."""
    result: Outcome = "failed" if record.failures else "passed"
    values = {
        "outcome": result,
        "file": record.test.partition("::")[0],
        "line": 7,
        "message": "\n".join(record.failures),
    }
    return TestOutcome(record.test, **{**values, **changes})

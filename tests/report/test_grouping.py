from __future__ import annotations

from pytest_djworkers.report.grouping import grouped
from tests.support.results import record


def test_bursts_are_grouped_by_endpoint_in_the_order_of_measuring() -> None:
    records = [record("a", "test_2"), record("a", "test_1"), record("b", "test_2")]
    # Both backends of test_2 are together, although test_1 was measured between them.
    assert [[record.backend for record in group] for group in grouped(records).values()] == [
        ["a", "b"],
        ["a"],
    ]

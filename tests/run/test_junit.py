"""The properties that JUnit's XML has of a burst."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.run.junit import add_burst_properties
from tests.support.comparisons import NOTHING, compared
from tests.support.results import record


def properties(one: BurstRecord) -> dict[str, object]:
    item: Any = SimpleNamespace(user_properties=[])
    add_burst_properties(item, [one])
    return dict(item.user_properties)


def test_a_comparison_is_a_property_in_the_words_of_the_report() -> None:
    assert properties(record(against_base=NOTHING))["djworkers GET /json comparison"] == (
        "not compared: migrations differ"
    )
    found = str(properties(record(against_base=compared(0.7)))["djworkers GET /json comparison"])
    of_rps, of_p95 = found.splitlines()
    assert of_rps.startswith("regressed: requests/s ")
    assert "; requests/s 2,000 → " in of_rps
    assert of_p95.startswith("regressed: p95 ")


def test_a_burst_has_no_comparison() -> None:
    assert "djworkers GET /json comparison" not in properties(record())

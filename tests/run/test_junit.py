"""The properties that JUnit's XML has of a burst."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_djworkers.load.facts import Usage
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.run.junit import add_burst_properties
from tests.support.comparisons import NOTHING, compared
from tests.support.explanations import NAMED
from tests.support.results import MIX, QUERIES, RESULT, record


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


def test_its_cause_is_a_property() -> None:
    found = properties(record(against_base=replace(compared(0.7), explanation=NAMED)))
    assert found["djworkers GET /json cause"] == (
        "because: +4ms in burn (site/b.py:9), called from page"
    )
    assert "djworkers GET /json cause" not in properties(record(against_base=compared(0.7)))


def test_a_comparison_has_the_figures_of_both_arms() -> None:
    found = properties(record(against_base=compared(0.7)))
    assert found["djworkers GET /json base rps"] == 2000
    assert found["djworkers GET /json head rps"] == pytest.approx(1400, rel=0.02)
    arms = [name.removeprefix("djworkers GET /json ") for name in found if " head " in name]
    assert arms == [
        *("head rps", "head p95_s", "head cpu_per_request_s", "head errors", "head timeouts")
    ]


def test_a_burst_has_its_own_figures_only() -> None:
    used = replace(RESULT, usage=Usage(1.0, 600_000_000, 2, 2, 0, 0))
    assert properties(record(result=used)) == {
        "djworkers GET /json rps": 100,
        "djworkers GET /json p50_s": 0.001,
        "djworkers GET /json p95_s": 0.02,
        "djworkers GET /json p99_s": 0.3,
        "djworkers GET /json timeouts": 10,
        "djworkers GET /json errors": 0,
        "djworkers GET /json cpu_per_request_s": 0.001,
        "djworkers GET /json memory_bytes": 600_000_000,
        "djworkers GET /json generator": "asyncio",
    }
    assert "djworkers GET /json memory_bytes" not in properties(record())


def test_a_mix_has_the_figures_of_its_parts() -> None:
    found = properties(record(result=MIX))
    names = [name.removeprefix("djworkers mix of 2 part ") for name in found if " part " in name]
    figures = ["rps", "p50_s", "p95_s", "timeouts", "errors"]
    assert [name for name in names if "p99" not in name] == [
        f"{part} {figure}" for part in ("GET /fast", "the slow one") for figure in figures
    ]
    assert found["djworkers mix of 2 part the slow one rps"] == 25


def test_the_queries_of_a_request_are_counted() -> None:
    found = properties(record(result=replace(RESULT, queries=QUERIES)))
    assert found["djworkers GET /json queries"] == 43

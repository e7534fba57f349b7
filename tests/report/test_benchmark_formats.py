"""The JSON that other services read, held against what they document."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft7Validator

from pytest_djworkers.load.facts import Usage
from pytest_djworkers.report import bencher, benchmark_action
from pytest_djworkers.report.document import Document
from tests.support.comparisons import NOTHING, compared
from tests.support.documents import document
from tests.support.results import RESULT, WRK, record

USED = replace(RESULT, usage=Usage(9.5, 1000, 2, 2, 0, 0))
DOCUMENT = document(
    record(result=USED),
    record("gunicorn-gevent", result=replace(WRK, latency=None)),
    record(test="test_compared", against_base=compared(0.7)),
    record(test="test_nothing", against_base=NOTHING),
)
NAME = "test_site.py::test_json[granian] GET /json"

# As the README of the action has it: name, unit and value are required, and the others are texts.
CUSTOM_BENCHMARKS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "unit": {"type": "string", "minLength": 1},
            "value": {"type": "number"},
            "range": {"type": "string"},
            "extra": {"type": "string"},
        },
        "required": ["name", "unit", "value"],
        "additionalProperties": False,
    },
}
NUMBER = {"type": "number"}
MEASURE = {
    "type": "object",
    "properties": {"value": NUMBER, "lower_value": NUMBER, "upper_value": NUMBER},
    "required": ["value"],
    "additionalProperties": False,
}
# A name is cut from 1,024 characters on, and that of a measure from 64.
BENCHER_METRICS = {
    "type": "object",
    "propertyNames": {"minLength": 1, "maxLength": 1024},
    "additionalProperties": {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z0-9-]{1,64}$"},
        "additionalProperties": MEASURE,
        "minProperties": 1,
    },
}


def parsed(text: str) -> Any:
    return json.loads(text)


@pytest.mark.parametrize(
    ("write", "schema"),
    [
        (benchmark_action.speeds_as_json, CUSTOM_BENCHMARKS),
        (benchmark_action.latencies_as_json, CUSTOM_BENCHMARKS),
        (bencher.as_json, BENCHER_METRICS),
    ],
)
def test_the_text_is_as_documented(write: Callable[[Document], str], schema: Any) -> None:
    Draft7Validator.check_schema(schema)
    Draft7Validator(schema).validate(parsed(write(DOCUMENT)))
    Draft7Validator(schema).validate(parsed(write(document())))


def test_the_action_gets_requests_where_more_is_better() -> None:
    speeds = parsed(benchmark_action.speeds_as_json(DOCUMENT))
    assert len({one["name"] for one in speeds}) == len(speeds) == 4
    first, _, compared_, _ = speeds
    assert first == {
        "name": f"{NAME}: requests/s",
        "unit": "requests/s",
        "value": 100.0,
        "extra": "8 connections, asyncio",
    }
    assert 1_300 < compared_["value"] < 1_500, "head's figure, not that of the windows as a burst"
    assert compared_["range"].startswith("± ")
    assert 0 < float(compared_["range"].removeprefix("± ")) < 100


def test_the_action_gets_times_where_less_is_better() -> None:
    times = parsed(benchmark_action.latencies_as_json(DOCUMENT))
    assert len({one["name"] for one in times}) == len(times)
    assert [(one["name"], one["value"]) for one in times[:4]] == [
        (f"{NAME}: p50", 1.0),
        (f"{NAME}: p95", 20.0),
        (f"{NAME}: p99", 300.0),
        (f"{NAME}: CPU per request", 9.5),
    ]
    assert not [one for one in times if "gunicorn-gevent" in one["name"]], "none is known"


def test_bencher_gets_its_own_measures_in_their_units() -> None:
    found = parsed(bencher.as_json(DOCUMENT))
    assert found[NAME] == {
        "throughput": {"value": 100.0},
        "latency": {"value": 1_000_000.0},
        "latency-p95": {"value": 20_000_000.0},
        "latency-p99": {"value": 300_000_000.0},
        "cpu-per-request": {"value": 9_500_000.0},
        "memory": {"value": 1000},
        "timeouts": {"value": 10},
        "errors": {"value": 0},
    }
    without_latency = found["test_site.py::test_json[gunicorn-gevent] GET /json"]
    assert list(without_latency) == ["throughput", "timeouts", "errors"]


def test_only_a_comparison_has_bounds() -> None:
    found = parsed(bencher.as_json(DOCUMENT))
    bounds = found["test_site.py::test_compared[granian] GET /json"]["throughput"]
    assert bounds["lower_value"] < bounds["value"] < bounds["upper_value"]
    assert list(found["test_site.py::test_nothing[granian] GET /json"]["throughput"]) == ["value"]

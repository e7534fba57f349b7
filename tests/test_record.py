from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_djworkers.baseline.conditions import conditions_of
from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.load.profile import Part, SentRequest
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.bisections import FOUND
from tests.support.results import MIX, QUERIES, RESULT, WRK, record


@pytest.mark.parametrize(
    "result", [RESULT, WRK, replace(RESULT, latency=None, series=None, queries=QUERIES)]
)
@pytest.mark.parametrize("verdict", Verdict)
def test_a_record_survives_json(result: BurstResult, verdict: Verdict) -> None:
    whole = record(
        result=result,
        overridden=("--djworkers-connections=8 (instead of 2000)",),
        against_baseline=BaselineVerdict(verdict, "because", fails=True, ratio=0.5),
        other_settings=("CACHES",),
        bisection=FOUND,
        stored=StoredFigures(100.0, 0.001, None, 3, 4, "2026-01-02T03:04:05+00:00"),
    )
    for one in (whole, record(result=result)):
        assert BurstRecord.from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_no_value_of_a_request_is_on_a_report() -> None:
    secret = "Sesame"
    request = SentRequest(
        f"/x?token={secret}",
        "POST",
        (("Cookie", f"sessionid={secret}"),),
        secret.encode(),
        (201,),
        contains=secret.encode(),
    )
    whole = record(result=replace(RESULT, profile=replace(RESULT.profile, request=request)))
    data = json.dumps(whole.to_dict())
    assert secret not in data
    assert secret not in repr(request)
    assert secret not in repr(whole)
    again = BurstRecord.from_dict(json.loads(data))
    assert again.stored_under == whole.stored_under == conditions_of(whole.result)
    assert again.result.profile.request.expects(201)
    assert again.result.profile.request.shown == "POST /x?token=..."


def test_a_mix_keeps_one_variant_of_each_part_and_the_number_of_them() -> None:
    requests = tuple(
        SentRequest(f"/x?token=hidden{number}", headers=(("Cookie", "hidden"),), body=b"hidden")
        for number in range(3)
    )
    parts = (Part("x", requests), *MIX.profile.parts)
    whole = record(result=replace(MIX, profile=replace(MIX.profile, parts=parts)))
    data = json.dumps(whole.to_dict())
    assert "hidden" not in data
    again = BurstRecord.from_dict(json.loads(data))
    first, *_ = again.result.profile.parts
    assert (len(first.requests), first.variants) == (1, 3)
    assert again.stored_under == whole.stored_under == conditions_of(whole.result)
    assert again.result.part("the slow one").profile.request.expects(201)


@pytest.mark.parametrize(
    ("test", "function", "group"),
    [
        ("t.py::test_a[granian]", "test_a", "t.py::test_a"),
        ("t.py::TestIt::test_a[granian]", "test_a", "t.py::TestIt::test_a"),
        ("t.py::test_a[granian-1]", "test_a[1]", "t.py::test_a[1]"),
        ("t.py::test_a[x-granian-1]", "test_a[x-1]", "t.py::test_a[x-1]"),
        ("t.py::test_a[granian-x::y[z]]", "test_a[x::y[z]]", "t.py::test_a[x::y[z]]"),
        ("[x]/t.py::test_a[granian]", "test_a", "[x]/t.py::test_a"),
    ],
)
def test_the_rows_of_an_endpoint_differ_only_in_the_backend(
    test: str, function: str, group: str
) -> None:
    one = replace(record(), test=test)
    assert one.test_function == function
    assert one.group == (group, "GET /json")


def test_a_backend_is_not_mistaken_for_one_whose_name_it_begins_with() -> None:
    one = record("gunicorn-gevent")
    other = record("gunicorn")
    assert one.group == other.group
    assert (one.backend, other.backend) == ("gunicorn-gevent", "gunicorn")

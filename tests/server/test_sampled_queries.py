"""The queries of a burst's parts on its result."""

from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.part_figures import PartFigures
from pytest_djworkers.server.sampled_queries import SampledQueries, with_queries
from tests.support.results import QUERIES, RESULT

FEW = replace(QUERIES, count=2)
PART = PartFigures(10.0, 0.5, 1, 0, 0, 0, 0, 0, 0, {}, {}, Latency(()))
MIX = replace(RESULT, parts={"GET /few": PART, "GET /many": PART})


def test_a_plain_burst_has_the_queries_of_its_request() -> None:
    known = with_queries(RESULT, {RESULT.name: SampledQueries(FEW)})
    assert (known.queries, known.queries_unknown) == (FEW, "")
    unknown = with_queries(RESULT, {RESULT.name: SampledQueries(None, "why")})
    assert (unknown.queries, unknown.queries_unknown) == (None, "why")


def test_a_mix_has_those_of_each_part_and_the_most_of_them() -> None:
    sampled = {"GET /few": SampledQueries(FEW), "GET /many": SampledQueries(QUERIES)}
    found = with_queries(MIX, sampled)
    assert found.queries == QUERIES
    assert [one.queries for one in found.parts.values()] == [FEW, QUERIES]


def test_those_of_a_mix_are_unknown_if_those_of_a_part_are() -> None:
    sampled = {"GET /few": SampledQueries(FEW), "GET /many": SampledQueries(None, "why")}
    found = with_queries(MIX, sampled)
    assert (found.queries, found.queries_unknown) == (None, "GET /many: why")
    assert found.parts["GET /few"].queries == FEW
    assert found.parts["GET /many"].queries_unknown == "why"

"""Results and records made by hand, for what judges and shows them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_djworkers.load.facts import Connections, GeneratorFacts, Series, ServerFacts
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.part_figures import PartFigures
from pytest_djworkers.load.profile import Part, Profile, SentRequest, Shape
from pytest_djworkers.load.queries import QueryFigures, Statement
from pytest_djworkers.load.query_plan import PlanNode
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.stages import Stage, StageFigures
from pytest_djworkers.record import BurstRecord

RESULT = BurstResult(
    profile=Profile("GET /json", SentRequest("/json"), Shape(connections=8, duration_s=10.0)),
    window_s=10.0,
    ok=990,
    late=10,
    unexpected=0,
    error=0,
    unanswered=0,
    in_flight=8,
    outside=100,
    statuses={200: 1000},
    error_kinds={},
    latency=Latency(((1_000, 500), (20_000, 450), (300_000, 50))),
    connections=Connections(requested=8, opened=8, served=8, never_served=0, at_work=7.9),
    series=Series(0.1, (10,) * 100, (0,) * 100),
    generator=GeneratorFacts("asyncio", "3.11", agents=1, cpu_share=0.2, lag_p99_s=0.001),
    server=ServerFacts("granian", "2.8", 2, {"backlog": 1024}, launch_s=0.4),
)
"""1000 answers in 10 s, 10 of them late; p50 1 ms, p90 20 ms, p99 300 ms."""

QUERIES = QueryFigures(
    count=43,
    time_s=0.01,
    duplicates=40,
    by_alias={"default": 43},
    statements=(
        Statement('SELECT "id" FROM "auth_user" WHERE "id" = ?', 40, 0.008, "shop/views.py:31"),
        Statement("SELECT ?", 2, 0.001, "shop/views.py:32"),
        Statement("INSERT INTO log VALUES (?, …)", 1, 0.001, "", many=True),
    ),
    samples=5,
)
"""The queries of a request with an N+1."""

BASE_QUERIES = replace(
    QUERIES,
    count=3,
    duplicates=1,
    by_alias={"default": 3},
    statements=(
        Statement(
            "SELECT ?",
            2,
            0.001,
            "shop/views.py:12",
            plan=(PlanNode("Index Scan", relation="shop_item", index="by_name", rows=1),),
        ),
        Statement("DELETE FROM log", 1, 0.001, "shop/views.py:13"),
    ),
)
"""The queries of the same request in base, whose plans are known."""

SCANNING_QUERIES = replace(
    QUERIES,
    statements=(
        QUERIES.statements[0],
        replace(
            QUERIES.statements[1],
            time_s=0.02,
            plan=(
                PlanNode("Limit", rows=1),
                PlanNode("Seq Scan", 1, "shop_item", rows=1, table_rows=200_000),
            ),
        ),
        QUERIES.statements[2],
    ),
)
"""The same request, one of whose statements has lost its index."""

WRK = replace(
    RESULT,
    unanswered=None,
    in_flight=None,
    outside=None,
    statuses=None,
    generator=GeneratorFacts("wrk", "4.2.0", agents=1, cpu_share=0.2),
)
"""The same as wrk tells it."""

UNFAIR = replace(RESULT, connections=replace(RESULT.connections, fairness=0.2))
"""The same with a remark."""


_FAST = PartFigures(
    window_s=10.0,
    share=0.75,
    ok=750,
    late=0,
    unexpected=0,
    error=0,
    unanswered=0,
    in_flight=2,
    outside=70,
    statuses={200: 750},
    error_kinds={},
    latency=Latency(((1_000, 500), (20_000, 250))),
)
_SLOW = replace(
    _FAST,
    share=0.25,
    ok=240,
    late=10,
    in_flight=6,
    statuses={200: 250},
    latency=Latency(((20_000, 200), (300_000, 50))),
)
MIX = replace(
    RESULT,
    profile=Profile.of_parts(
        "mix of 2",
        (
            Part("GET /fast", (SentRequest("/fast"),), 3),
            Part("the slow one", (SentRequest("/slow", "POST", expect=(201,)),), 1),
        ),
        RESULT.profile.shape,
    ),
    statuses={200: 750, 201: 250},
    parts={"GET /fast": _FAST, "the slow one": replace(_SLOW, statuses={201: 250})},
)
"""The same as a mix: 75 requests/s of one part, and 25 of another, of which 10 were late."""

_STAGES = (Stage(4.0, 4), Stage(6.0, 8))
STAGED = replace(
    RESULT,
    profile=replace(RESULT.profile, shape=replace(RESULT.profile.shape, stages=_STAGES)),
    stages=(
        StageFigures("stage 1: 4 connections", 0.0, 4.0, replace(_FAST, window_s=4.0, share=0.75)),
        StageFigures("stage 2: 8 connections", 4.0, 6.0, replace(_SLOW, window_s=6.0, share=0.25)),
    ),
)
"""The same in two stages, the first of which had three quarters of the requests."""


def record(backend: str = "granian", test: str = "test_json", **changes: Any) -> BurstRecord:
    """A record of RESULT under a backend; ``changes`` are the record's other fields."""
    result = changes.pop("result", RESULT)
    server = replace(result.server, backend=backend)
    return BurstRecord(
        test=f"test_site.py::{test}[{backend}]", result=replace(result, server=server), **changes
    )

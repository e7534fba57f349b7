"""The documents that the HTML report is tested with: one of bursts, and one of comparisons."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from pytest_djworkers.load.facts import Series, Usage
from pytest_djworkers.load.histogram import Latency, bucket
from pytest_djworkers.load.queries import Statement
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.profiling.code_folders import Function, Owner
from pytest_djworkers.record import LimitOutcome
from pytest_djworkers.report.document import (
    BurstEntry,
    Document,
    StoredPoint,
    TestOutcome,
    entry_of,
)
from pytest_djworkers.verdict.rounds import WORKER_ENDED
from tests.support.comparisons import NOTHING, compared
from tests.support.documents import document, outcome
from tests.support.explanations import EXPLAINED, HANDLER, flame_graph
from tests.support.results import QUERIES, RESULT, WRK, record

HOSTILE = "</script></style><img src=x onerror=\"document.title='taken'\">\u202e\x07"
"""A name that a page must show, and not obey."""
BACKENDS = ("gunicorn-gevent", "granian")
_ENDPOINTS = 4
_QUERIES = replace(
    QUERIES, statements=(*QUERIES.statements, Statement(f"SELECT '{HOSTILE}'", 1, 0.1, HOSTILE))
)
_HOSTILE_FUNCTION = Function(HOSTILE, HOSTILE, Owner.SITE)
_EXPLAINED = replace(
    EXPLAINED,
    functions=(
        replace(EXPLAINED.functions[0], function=_HOSTILE_FUNCTION),
        *EXPLAINED.functions[1:],
    ),
    cpu_flame=flame_graph(
        ((HANDLER, "page", "burn"), 0.001, 0.005),
        ((HANDLER, "page", _HOSTILE_FUNCTION), 0.002, 0.0),
        # It has room for letters on a desk only.
        ((HANDLER, "page", "NARROW"), 0.0, 0.0004),
        ((HANDLER, "page"), 0.0006, 0.0006),
    ),
)


def bursts() -> Document:
    """Eight bursts of ten seconds; some with errors, a history, wrk, or a hostile name."""
    draw = Random(13)
    entries = [
        _entry(draw, number, backend) for number in range(_ENDPOINTS) for backend in BACKENDS
    ]
    tests = [outcome(one.record, log=(f"log {HOSTILE}",)) for one in entries]
    alone = TestOutcome("test_alone", "error", "test_site.py", 3, HOSTILE, (HOSTILE,))
    made = document(tests=(*tests, alone))
    return replace(made, bursts=tuple(entries))


def comparisons() -> Document:
    """Two servers compared with a base: one regressed, one is as fast as it was."""
    worse = compared(0.7, blocks=6)
    lost = replace(worse.rounds[0], discarded=f"{WORKER_ENDED} base ended")
    worse = replace(
        worse,
        rounds=(lost, *worse.rounds[1:]),
        latencies=(_latency(Random(1), 1000), _latency(Random(2), 1000)),
        explanation=_EXPLAINED,
    )
    return document(
        record("granian", against_base=worse, failures=("regressed: requests/s -30.0%",)),
        record("gunicorn-gevent", against_base=compared(1.0, blocks=6)),
        record("granian", "test_other", against_base=NOTHING),
    )


def _entry(draw: Random, number: int, backend: str) -> BurstEntry:
    names = {0: HOSTILE}
    found = record(
        backend,
        f"test_{names.get(number, number)}",
        result=_result(draw, number, names.get(number, f"GET /endpoint/{number}")),
        limits=(LimitOutcome("min_rps(300)", "requests/s: 98, limit min_rps(300), 202 short"),)
        if number == 0
        else (LimitOutcome("min_rps(3)"),),
        failures=("requests/s: 98, limit min_rps(300), 202 short",) if number == 0 else (),
    )
    return replace(entry_of(found), history=_history(draw) if number < 2 else ())


def _result(draw: Random, number: int, name: str) -> BurstResult:
    requests = tuple(draw.randint(50, 150) for _ in range(100))
    # The second endpoint has errors, the third is wrk's, who tells no course.
    errors = tuple(draw.randint(0, 9) for _ in requests) if number == 1 else (0,) * len(requests)
    return replace(
        WRK if number == 2 else RESULT,
        profile=replace(RESULT.profile, name=name),
        ok=sum(requests),
        queries=_QUERIES if number == 3 else None,
        late=0,
        error=sum(errors),
        error_kinds={"reset": sum(errors)} if sum(errors) else {},
        latency=_latency(draw, sum(requests)),
        series=None if number == 2 else Series(0.1, requests, errors),
        usage=Usage(9.5, 157_000_000, 2, 2, 0, 0),
    )


def _latency(draw: Random, samples: int) -> Latency:
    counts: dict[int, int] = {}
    for _ in range(samples):
        value = bucket(round(1000 * draw.lognormvariate(2, 1)))
        counts[value] = counts.get(value, 0) + 1
    return Latency.from_counts(counts)


def _history(draw: Random) -> tuple[StoredPoint, ...]:
    return tuple(
        StoredPoint(f"2026-01-0{day}T03:04:05+00:00", f"{day}" * 40, draw.uniform(900, 1100))
        for day in range(1, 7)
    )

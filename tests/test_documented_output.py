"""The lines of output that pages show are those that the plugin prints, but for their figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pytest_djworkers.baseline.store import read
from pytest_djworkers.compare.judge_calls import with_calls_judged
from pytest_djworkers.compare.parts import BlockParts
from pytest_djworkers.compare.procedure import ComparisonOutcome
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.databases.checks import TestDatabases
from pytest_djworkers.errors import BaselineError, DatabaseError
from pytest_djworkers.limits.kinds import misses
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.load.facts import Connections, Usage
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.query_plan import PlanNode
from pytest_djworkers.markers import read_plan
from pytest_djworkers.profiling.code_folders import Function, Owner
from pytest_djworkers.profiling.differences import Difference
from pytest_djworkers.profiling.explanation import Cause, CauseKind, Explanation, Place
from pytest_djworkers.profiling.query_changes import changes_of
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.alignment import in_a_line
from pytest_djworkers.report.arrangement import arrange
from pytest_djworkers.report.bisection_lines import result_lines, step_line
from pytest_djworkers.report.cause_lines import cause_lines
from pytest_djworkers.report.comparison_details import details, noise_in_words
from pytest_djworkers.report.comparison_lines import findings, lines
from pytest_djworkers.report.loads import load_line
from pytest_djworkers.server.call_counts import CallCounts, CalledFunction, PerRequest
from pytest_djworkers.server.causes import causes_in
from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import Metric, Round
from tests.support import bisections
from tests.support.comparisons import compared, of_backend, window
from tests.support.pages import DOCS, ROOT, Example, examples, without_figures
from tests.support.results import MIX, QUERIES, RESULT, record

SCAN = PlanNode("Seq Scan", relation="shop_item", table_rows=200_000)
MEASURED = replace(
    compared(1.0),
    size=WindowSize(8, 100, 0.25, 2.0, 2.5, 6),
    parts=BlockParts(0.4, 1.3, 1.1, 7.2, 1.1, 0.2),
)


def missed_limits() -> list[str]:
    slow = replace(RESULT, ok=8_560, latency=Latency(((1_000, 900), (812_000, 100))))
    marks = [Mark("min_rps", (1_000,), {}), Mark("max_latency", (), {"p99": "500ms"})]
    plan = read_plan(marks, "granian")
    return [f"GET /users: {line}" for line in misses(plan.limits, slow)]


def too_many_queries() -> list[str]:
    plan = read_plan([Mark("max_queries", (4,), {})], "granian")
    (line,) = misses(plan.limits, replace(RESULT, queries=QUERIES))
    return [f"GET /users: {line}"]


def changed_queries() -> list[str]:
    """Return the lines on an N+1, and on a lost index."""
    loop, item, *_ = QUERIES.statements
    sql = "SELECT id FROM shop_item WHERE name = ?"
    item = replace(item, sql=sql, count=1, place="shop/views.py:44", times_s=(0.0004,) * 5)
    index, scan = (PlanNode("Index Scan", relation="shop_item", index="by_name"),), (SCAN,)
    others = replace(item, sql="SELECT 1", count=2)
    base = replace(QUERIES, count=3, statements=(others, replace(item, plan=index)))
    slow = replace(item, times_s=(0.015,) * 5, plan=scan)
    long = replace(loop, time_s=0.02, sql=loop.sql.replace('"id" FROM', f'"id"{", name" * 9} FROM'))
    head = replace(QUERIES, count=43, statements=(others, long, slow))
    return list(changes_of(base, head).lines)


def a_cause() -> list[str]:
    """Return the lines on a function."""
    function, caller = (
        Function(name, f"caused/{file}.py", Owner.SITE)
        for name, file in (("check_code", "codes"), ("ticket", "views"))
    )
    place = Place(function, 12, caller, None, is_edited=True)
    found = Explanation(
        launches=4,
        samples=(1, 1),
        causes=(Cause(CauseKind.CPU, 0.001, place),),
        cpu=Difference(0.00132, 0.00286, (0.0, 0.0), 0.0),
        explained=0.65,
        limits=("", "the CPUs: the workers used 84% of 2"),
    )
    return cause_lines(replace(compared(1.0), explanation=found))


def more_errors() -> list[str]:
    errors = Judgement(
        Verdict.REGRESSED, Metric.ERRORS, "errors 1.5% against 0%", None, 4, 24, 24, 0, ()
    )
    rounds = tuple(Round(window(500), window(325), number) for number in range(4))
    tails = Latency(((6_000, 2000),)), Latency(((6_000, 1900), (810_000, 100)))
    one = ArmComparison(
        ("main", "head"), 1, 60.0, judgements=(errors,), rounds=rounds, latencies=tails
    )
    test = "test_shop.py::test_list[granian] GET /list"
    return [line.replace(": ", f": {test}: ", 1) for line in lines(one, findings(one))]


def more_calls() -> list[str]:
    def counts(calls: float) -> CallCounts:
        step = CalledFunction("step", "shop/views.py", 9, calls - 72)
        return CallCounts(PerRequest(calls, calls, calls, 50), None, (step,), "3.11")

    both = counts(3072), counts(3142)
    outcome = with_calls_judged(ComparisonOutcome(compared(1.0), None), 0.02, both, lambda: both)
    return [f"GET /users: {lines(outcome.comparison, findings(outcome.comparison))[-1]}"]


def an_unreachable_database() -> list[str]:
    databases = TestDatabases()
    databases.unusable = {"legacy": "it can't be reached (connection refused)"}
    with pytest.raises(DatabaseError) as raised:
        databases.targets()
    return [str(raised.value)]


def no_connection_left() -> list[str]:
    failing = replace(RESULT, ok=100, late=0, unexpected=1331, statuses={200: 100, 500: 1331})
    limits = read_plan([Mark("max_errors", (0,), {})], "granian").limits
    causes = causes_in("FATAL:  sorry, too many clients already")
    return [f"GET /books: {line}" for line in (*misses(limits, failing), *causes)]


def the_load() -> list[str]:
    shapes = [Shape(), Shape(connections=50, duration_s=2.0)]
    return [f"djworkers: {load_line(shapes)}"]


def a_broken_baseline() -> list[str]:
    document = json.loads((ROOT / "tests" / "baseline" / "schemas" / "1.json").read_text())
    (key,) = (name for name in document["bursts"] if "test_json" in name)
    document["bursts"][key]["sessions"][0]["windows"][0]["ok"] = "many"
    with TemporaryDirectory() as folder:
        file = Path(folder) / "machine.json"
        file.write_text(json.dumps(document))
        with pytest.raises(BaselineError) as raised:
            read(file)
    shown = ".djworkers/default/amd-epyc-2x-1b2c3d4e.json"
    return [str(raised.value).replace(str(file), shown).replace("tests/", "")]


def a_table(*records: BurstRecord) -> list[str]:
    """The rows of a table in 80 columns, without what its signs mean."""
    arranged = arrange(records, width=80, whole=False)
    heading, *rows = (in_a_line(row) for row in arranged.columns.cells(arranged.rows))
    (group,) = arranged.groups
    below = (arranged.remarks_below(row) for row in group.rows)
    pairs = (line for pair in zip(rows, below, strict=True) for line in pair if line)
    return [heading, group.heading, *pairs]


def a_ranking() -> list[str]:
    return a_table(
        of_backend("uvicorn", 1.3, (1.25, 1.35)),
        of_backend("waitress", 0.98, (0.95, 1.01)),
        of_backend("daphne", 0.5, (0.48, 0.52)),
    )


def a_starved_burst() -> list[str]:
    burst = replace(RESULT.profile, name="GET /myapp/sync/json")
    served_all = Connections(requested=2000, opened=2000, served=2000, never_served=0, at_work=1900)
    served_few = replace(served_all, served=912, never_served=1088, at_work=900.0)
    result = replace(RESULT, profile=burst, connections=served_all)
    return a_table(
        record("gunicorn-gevent", result=replace(result, connections=served_few)),
        record("granian", result=result),
    )


def a_mix() -> list[str]:
    search = MIX.parts["GET /fast"]
    latency = Latency(((1_000, 500), (20_000, 2_500)))
    parts = {
        name: replace(search, latency=latency) for name in ("GET /", "GET /search", "add to cart")
    }
    profile = replace(MIX.profile, name="mix of 3")
    connections = replace(RESULT.connections, requested=64, opened=64, served=64, at_work=64.0)
    usage = Usage(0.5, 150_000_000, 2, 2, 0, 0)
    result = replace(MIX, profile=profile, parts=parts, connections=connections, usage=usage)
    return a_table(record("granian", test="test_shop", result=result))


def a_bisection() -> list[str]:
    steps = [f"djworkers: {step_line(one)}" for one in bisections.STEPS]
    return [*steps, *result_lines(bisections.FOUND, "GET /users")]


PRINTED: Mapping[str, Callable[[], list[str]]] = {
    "GET /users: requests/s": missed_limits,
    "GET /users: queries": too_many_queries,
    "GET /users: regressed: Python calls": more_calls,
    "queries 3": changed_queries,
    "because": a_cause,
    "regressed: test_shop.py": more_errors,
    "this machine, in this run": lambda: [noise_in_words([MEASURED])],
    "djworkers: 1a2b3c4d5e": a_bisection,
    "41 connections": lambda: details(MEASURED),
    "database 'legacy'": an_unreachable_database,
    "GET /books: errors": no_connection_left,
    "baseline .djworkers": a_broken_baseline,
    "djworkers: bursts of": the_load,
    "rank  backend": a_ranking,
    "backend          requests/s": a_starved_burst,
    "backend        requests/s": a_mix,
}
"""The functions that return the lines of a block, by its beginning."""
SEEN_BY = {
    "djworkers: waiting for another": (
        "system/test_machine_lock.py",
        "waiting for another run's burst",
    ),
    "djworkers: waiting for tests": (
        "system/test_run_lock.py",
        "waiting for tests of other pytest-xdist workers",
    ),
    "djworkers: --dist=": ("run/test_xdist.py", "mixes load tests"),
    "djworkers: 7 commits": ("run/bisection/test_in_a_run.py", "HEAD: about 4 comparisons, "),
    "djworkers: 18 load tests": ("run/hooks/test_budget.py", "within --djworkers-compare-budget"),
    "regressed: test_load.py": ("verdict/test_tripwire.py", "worse by more than a factor of 2"),
}
"""The tests that see the other blocks, by their beginnings, and words that both have."""
SHOWN = [
    one
    for one in examples("text")
    if one.file is None and one.page.parent != DOCS / "reference" / "servers"
]


def beginning(example: Example) -> str:
    """Return the beginning by which the tables name a block."""
    (found,) = (
        begin for begin in (*PRINTED, *SEEN_BY) if example.source.lstrip().startswith(begin)
    )
    return found


@pytest.mark.parametrize("example", SHOWN, ids=str)
def test_shown_output_is_what_is_printed(example: Example) -> None:
    begin = beginning(example)
    if begin in SEEN_BY:
        file, words = SEEN_BY[begin]
        assert words in (ROOT / "tests" / file).read_text()
        assert words in " ".join(example.source.split())
        return
    printed = [without_figures(line) for line in PRINTED[begin]()]
    # A page wraps a long line, though not a row of a table, and may leave its end out.
    is_table = example.source.startswith(" ")
    text = example.source if is_table else example.source.replace("\n  ", " ")
    shown = [without_figures(line) for line in text.splitlines()]
    assert len(shown) == len(printed)
    for wanted, line in zip(shown, printed, strict=True):
        whole = wanted.removesuffix(" ...")
        assert line == wanted or (whole != wanted and line.startswith(whole))


def test_every_block_that_is_known_is_shown() -> None:
    assert {beginning(one) for one in SHOWN} == {*PRINTED, *SEEN_BY}

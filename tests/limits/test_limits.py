"""Limits, judged on results made by hand."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pytest_djworkers.errors import MarkerError
from pytest_djworkers.limits.kinds import LIMITS, misses, need_every_request
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.load.facts import Connections, LostAgent, Usage
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.in_pieces import InPieces
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.markers import read_plan
from pytest_djworkers.options import MARKERS
from tests.support.results import MIX, QUERIES, RESULT, WRK


def mark(name: str, *args: object, **kwargs: object) -> Mark:
    return Mark(name, args, kwargs)


def missed(result: BurstResult, *marks: Mark) -> list[str]:
    """Return the limits of these markers that a result misses, in words."""
    return misses(read_plan(marks, "granian").limits, result)


# RESULT: 100 requests/s, 10 timeouts of 1000, p50 1 ms, p90 20 ms, p99 300 ms.


def test_limits_that_are_just_met_are_met() -> None:
    assert not missed(
        RESULT,
        mark("min_rps", 100),
        mark("max_timeouts", 10),
        mark("max_timeouts", "1%", backend="granian"),
        mark("max_errors", 0),
        mark("max_latency", p50="1ms", p90="20ms", p95="20ms", p99="300ms", max="300ms"),
    )


def test_a_limit_on_a_part_is_held_against_its_figures() -> None:
    def of(part: str, **kwargs: object) -> Mark:
        return mark("max_latency", part=part, **kwargs)

    assert not missed(
        MIX,
        mark("min_rps", 100),
        mark("min_rps", 75, part="GET /fast"),
        mark("min_rps", 25, part="the slow one"),
        mark("max_timeouts", 0, part="GET /fast"),
        mark("max_errors", 0, part="the slow one"),
        of("GET /fast", p50="1ms", max="20ms"),
    )
    assert missed(
        MIX,
        mark("min_rps", 26, part="the slow one"),
        mark("max_timeouts", "3%", part="the slow one"),
        of("the slow one", p50="10ms"),
        of("GET /fast", p999="1s"),
    ) == [
        "requests/s: 25.00, limit min_rps(26, part='the slow one'), 1.00 (3.85%) short",
        "timeouts: 10 of 250 (4%), limit max_timeouts(3%, part='the slow one'), 1% over",
        "latency p50: 20ms, limit max_latency(p50=10ms, part='the slow one'), 10ms over",
        "latency p999: p99.9 of 750 samples has 0 beyond it (10 are needed), so"
        " max_latency(p999=1s, part='GET /fast') can't pass: at this rate, ask for a burst of"
        " duration='160s' or more, or limit p95=",
    ]


def test_no_kind_of_limit_passes_without_the_part_of_a_lost_agent() -> None:
    marks = [
        mark("min_rps", 1),
        mark("max_timeouts", "99%"),
        mark("max_errors", "99%"),
        mark("max_latency", p50="1h"),
        mark("max_cpu_per_request", "1h"),
        mark("max_memory", "900GB"),
        mark("max_queries", 900),
        mark("max_regression", "99%"),
    ]
    assert {one.name for one in marks} == LIMITS.keys()
    lost = (LostAgent("load agent 2 of 3 (popen)", 3), LostAgent("load agent 3 of 3 (popen)", 2))
    result = replace(RESULT, generator=replace(RESULT.generator, lost=lost))
    said = "2 of 3 agents lost, with 5 of 8 connections, so "
    assert [line.removeprefix(said) for line in missed(result, *marks)] == [
        f"{limit.text} can't pass" for limit in read_plan(marks, "granian").limits
    ]


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (mark("min_rps", 125), "requests/s: 100, limit min_rps(125), 25.00 (20%) short"),
        (mark("max_timeouts", 9), "timeouts: 10 of 1,000 (1%), limit max_timeouts(9), 1 over"),
        (
            mark("max_timeouts", "0.4%"),
            "timeouts: 10 of 1,000 (1%), limit max_timeouts(0.4%), 0.6% over",
        ),
        (mark("max_latency", p50="0"), "latency p50: 1ms, limit max_latency(p50=0s), 1ms over"),
        (
            mark("max_latency", p99="100ms"),
            "latency p99: 300ms, limit max_latency(p99=100ms), 200ms over",
        ),
        (
            mark("max_latency", p999="1h"),
            "latency p999: p99.9 of 1,000 samples has 1 beyond it (10 are needed), so"
            " max_latency(p999=3600s) can't pass: at this rate, ask for a burst of"
            " duration='120s' or more, or limit p99=",
        ),
    ],
)
def test_a_missed_limit_is_shown_with_figure_and_distance(limit: Mark, said: str) -> None:
    assert missed(RESULT, limit) == [said]


@pytest.mark.parametrize(
    ("samples", "advice"),
    [
        (774, "duration='1s' or more, or limit p95="),
        (60, "duration='6s' or more, or limit p50="),
        (19, "duration='19s' or more"),
    ],
)
def test_too_few_samples_for_a_percentile_are_told_how_long_a_burst_has_enough(
    samples: int, advice: str
) -> None:
    short = replace(RESULT, window_s=0.3, latency=Latency(((1_000, samples),)))
    (miss,) = missed(short, mark("max_latency", p99="1s"))
    assert miss.endswith(f"can't pass: at this rate, ask for a burst of {advice}")


def test_a_burst_without_samples_is_told_no_length() -> None:
    none = replace(RESULT, latency=Latency(()))
    assert missed(none, mark("max_latency", p99="1s")) == [
        "latency p99: no samples, so max_latency(p99=1s) can't pass"
    ]


def test_missed_limits_on_errors_name_the_kinds() -> None:
    result = replace(
        RESULT,
        unexpected=3,
        error=2,
        statuses={200: 1000, 404: 1, 500: 2},
        error_kinds={"reset": 2},
    )
    assert missed(result, mark("max_errors", 4)) == [
        "errors: 5 of 1,005 (0.498%) (2 status 500, 2 reset, 1 status 404), limit max_errors(4),"
        " 1 over"
    ]


def test_every_missed_limit_is_listed() -> None:
    found = missed(
        RESULT, mark("max_latency", p50="0", p99="0"), mark("max_timeouts", 0), mark("min_rps", 1e6)
    )
    assert [miss.partition(":")[0] for miss in found] == [
        "requests/s",
        "timeouts",
        "latency p50",
        "latency p99",
    ]


USED = replace(RESULT, usage=Usage(1.0, 600_000_000, 2, 2, 0, 0))


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (mark("max_memory", "600MB"), []),
        (mark("max_memory", "500MB"), ["memory: 600MB, limit max_memory(500MB), 100MB over"]),
        (mark("max_cpu_per_request", "1ms"), []),
        (
            mark("max_cpu_per_request", "900us"),
            ["cpu per request: 1ms, limit max_cpu_per_request(900us), 100us over"],
        ),
    ],
)
def test_limits_on_cpu_time_and_memory(limit: Mark, said: list[str]) -> None:
    assert missed(USED, limit) == said
    assert "the server's processes could not be measured" in missed(RESULT, limit)[0]


NOTHING = replace(RESULT, ok=0, late=0, statuses={}, latency=Latency(()))


@pytest.mark.parametrize(
    "limit",
    [
        mark("min_rps", 0.1),
        mark("max_timeouts", 10),
        mark("max_errors", "100%"),
        mark("max_latency", p50="1h"),
        mark("max_latency", max="1h"),
    ],
    ids=lambda limit: limit.name,
)
def test_limits_are_missed_if_nothing_was_measured(limit: Mark) -> None:
    assert len(missed(NOTHING, limit)) == 1


STARVED = replace(WRK, connections=Connections(requested=8, at_work=6.3))
ALL_LATE = replace(WRK, ok=0, latency=None, connections=Connections(requested=8))


@pytest.mark.parametrize("result", [STARVED, ALL_LATE], ids=["starved", "all late"])
@pytest.mark.parametrize(
    "limit",
    [mark("max_timeouts", "100%"), mark("max_latency", p50="9s"), mark("max_latency", max="9s")],
    ids=str,
)
def test_no_limit_on_timeouts_or_latency_passes_if_wrk_hides_timeouts(
    result: BurstResult, limit: Mark
) -> None:
    (said,) = missed(result, limit)
    assert "does not count requests that never end (--djworkers-generator=asyncio does)" in said
    assert not missed(WRK, limit)


@pytest.mark.parametrize(
    ("limit", "needed"),
    [
        (mark("max_latency", p50="1s"), True),
        (mark("max_timeouts", "1%"), True),
        (mark("max_regression", "10%", metric="p95"), True),
        (mark("max_regression", "10%"), False),
        (mark("max_regression", "10%", metric="errors"), False),
        (mark("min_rps", 1), False),
        (mark("max_errors", 0), False),
        (mark("max_memory", "1GB"), False),
    ],
    ids=str,
)
def test_limits_on_latency_and_timeouts_need_every_request(limit: Mark, needed: bool) -> None:
    assert need_every_request(read_plan([limit], "granian").limits) is needed


def test_a_starved_burst_of_the_built_in_generator_is_judged_by_its_figures() -> None:
    starved = replace(RESULT, connections=Connections(requested=8, at_work=1.0))
    assert not missed(starved, mark("max_timeouts", "1%"), mark("max_latency", p50="1ms"))


def test_an_unknown_latency_passes_no_limit() -> None:
    unknown = replace(WRK, latency=None)
    assert missed(unknown, mark("max_latency", p50="1h")) == [
        "latency p50: wrk can't tell it (--djworkers-generator=asyncio can), so"
        " max_latency(p50=3600s) can't pass"
    ]


def test_a_generator_that_was_the_bottleneck_is_named_in_a_miss() -> None:
    bound = replace(RESULT, generator=replace(RESULT.generator, cpu_share=0.99))
    assert not missed(bound, mark("min_rps", 100))
    assert missed(bound, mark("min_rps", 101))[0].endswith(
        "(generator-bound: the generator may be why)"
    )
    # It doesn't count queries.
    assert missed(replace(bound, queries=QUERIES), mark("max_queries", 42))[0].endswith(
        "views.py:31"
    )


SHORT = replace(
    RESULT, profile=replace(RESULT.profile, shape=Shape(connections=8, duration_s=2.0, timeout_s=2))
)
"""No request of its window gets older than the timeout; 8 were in flight at the end."""
HUNG = replace(SHORT, ok=0, late=0, unanswered=3, in_flight=5, latency=Latency(((2_500_000, 3),)))
"""No request got a response; three of them were begun in the warm-up."""


@pytest.mark.parametrize(
    ("result", "limit", "passes"),
    [
        (RESULT, mark("max_timeouts", 10), True),
        (SHORT, mark("max_timeouts", 10), False),
        (SHORT, mark("max_timeouts", 17), False),
        (SHORT, mark("max_timeouts", 18), True),
        (SHORT, mark("max_timeouts", "1.7%"), False),
        (SHORT, mark("max_timeouts", "1.8%"), True),
        (replace(SHORT, in_flight=0), mark("max_timeouts", 10), True),
        (replace(WRK, profile=SHORT.profile), mark("max_timeouts", 17), False),
        (replace(WRK, profile=SHORT.profile), mark("max_timeouts", 18), True),
        (HUNG, mark("max_timeouts", 3), False),
        (HUNG, mark("max_timeouts", 8), True),
        # Eight of 1,008 may take for ever.
        (SHORT, mark("max_latency", p99="5s"), True),
        (SHORT, mark("max_latency", p99="1s"), True),
        (replace(SHORT, in_flight=80), mark("max_latency", p95="5s"), False),
        (replace(SHORT, in_flight=80), mark("max_latency", p90="5s"), True),
        (SHORT, mark("max_latency", max="5s"), False),
        (SHORT, mark("max_latency", max="1s"), False),
        (RESULT, mark("max_latency", max="1s"), True),
        (RESULT, mark("max_latency", max="11s"), False),
        (HUNG, mark("max_latency", max="5s"), False),
    ],
)
def test_a_burst_that_is_too_short_to_see_slow_requests_passes_no_limit_on_them(
    result: BurstResult, limit: Mark, passes: bool
) -> None:
    said = missed(result, limit)
    assert len(said) == (not passes)
    for line in said:
        assert "can't pass: ask for a longer burst (duration=) or a shorter timeout=" in line


@pytest.mark.parametrize(
    "limit",
    [mark("max_memory", "1GB"), mark("max_cpu_per_request", "1s")],
    ids=lambda limit: limit.name,
)
def test_a_usage_of_zero_passes_no_limit(limit: Mark) -> None:
    unused = replace(RESULT, usage=Usage(0.0, 0, 2, 2, 0, 0))
    assert "none was measured" in missed(unused, limit)[0]
    assert len(missed(replace(unused, ok=0, late=0), limit)) == 1


def test_a_burst_alone_misses_no_limit_on_regressions() -> None:
    assert not missed(RESULT, mark("max_regression", "1%"))


def test_every_limit_is_a_marker_that_pytest_knows_in_the_same_order() -> None:
    registered = [text.partition("(")[0] for text in MARKERS]
    assert [name for name in registered if name in LIMITS] == list(LIMITS)


def test_every_limit_is_a_marker_with_all_its_arguments() -> None:
    signatures = dict(text.partition(")")[0].split("(", 1) for text in MARKERS)
    for name, kind in LIMITS.items():
        shown = re.findall(r"(\w+)=", re.sub(r"'[^']*'", "", signatures[name]))
        assert set(shown) == {*kind.arguments, "backend"}


def test_a_limit_on_queries_names_the_statement_that_is_repeated() -> None:
    result = replace(RESULT, queries=QUERIES)
    assert not missed(result, mark("max_queries", 43))
    assert missed(result, mark("max_queries", 12)) == [
        "queries: 43, limit max_queries(12), 31 over: 40 times SELECT id FROM auth_user WHERE"
        " id = ? at shop/views.py:31"
    ]


def test_a_limit_on_queries_names_no_statement_if_none_is_repeated() -> None:
    statements = tuple(replace(one, count=1) for one in QUERIES.statements)
    result = replace(RESULT, queries=replace(QUERIES, count=2, statements=statements))
    assert missed(result, mark("max_queries", 1)) == ["queries: 2, limit max_queries(1), 1 over"]


def test_a_limit_on_queries_that_nobody_counted_fails() -> None:
    result = replace(RESULT, queries_unknown="a sample request returned 500, expected 2xx")
    assert missed(result, mark("max_queries", 5)) == [
        "queries: not known because a sample request returned 500, expected 2xx, so max_queries(5)"
        " can't pass"
    ]
    assert missed(RESULT, mark("max_queries", 5)) == [
        "queries: not known because they were not counted, so max_queries(5) can't pass"
    ]


def test_a_limit_on_queries_is_for_one_backend_if_it_says_so() -> None:
    result = replace(RESULT, queries=QUERIES)
    assert not missed(result, mark("max_queries", 1, backend="uvicorn"))
    assert missed(result, mark("max_queries", 1, backend="granian"))


def test_a_limit_on_queries_may_be_for_a_part_of_a_mix() -> None:
    (limit,) = read_plan([mark("max_queries", 12, part="GET /")], "granian").limits
    assert (limit.part, limit.text) == ("GET /", "max_queries(12, part='GET /')")


@pytest.mark.parametrize("value", [-1, "12%", 1.5, True, "many"])
def test_a_limit_on_queries_takes_a_whole_number(value: object) -> None:
    with pytest.raises(MarkerError, match=r"max_queries\(.*is not a whole number of 0 or more"):
        missed(RESULT, mark("max_queries", value))


# Phases.

STREAM = replace(
    RESULT,
    in_pieces=InPieces(
        first=Latency(((1_000, 50), (5_000, 450))), whole=Latency(((20_000, 450), (300_000, 50)))
    ),
)
"""RESULT, of which half came in pieces: its first bytes have a p50 of 1 ms and a p99 of 5 ms."""


def test_a_limit_on_the_first_byte_is_on_nothing_else() -> None:
    met = mark("max_latency", p50="1ms", p99="5ms", max="5ms", phase="first_byte")
    assert not missed(STREAM, met)
    assert missed(STREAM, mark("max_latency", p99="4ms", phase="first_byte")) == [
        "first byte p99: 5ms, limit max_latency(p99=4ms, phase='first_byte'), 1ms over"
    ]
    # Each replaces a limit on the same phase only.
    plan = read_plan([met, mark("max_latency", p50="1s", p99="2s")], "granian")
    assert [limit.text for limit in plan.limits] == [
        "max_latency(p50=1s)",
        "max_latency(p99=2s)",
        "max_latency(p50=1ms, phase='first_byte')",
        "max_latency(p99=5ms, phase='first_byte')",
        "max_latency(max=5ms, phase='first_byte')",
    ]


def test_no_limit_passes_on_first_bytes_that_the_generator_does_not_tell() -> None:
    assert missed(WRK, mark("max_latency", p50="1h", phase="first_byte")) == [
        "first byte p50: wrk can't tell it (--djworkers-generator=asyncio can), so"
        " max_latency(p50=3600s, phase='first_byte') can't pass"
    ]


def test_a_limit_on_the_first_event_is_on_streams() -> None:
    events = replace(RESULT, in_pieces=InPieces(Latency(()), Latency(())), event_count=5_000)
    assert not missed(events, mark("max_latency", p50="1ms", phase="first_event"))
    assert missed(events, mark("max_latency", p99="250ms", phase="first_event")) == [
        "first event p99: 300ms, limit max_latency(p99=250ms, phase='first_event'), 50ms over"
    ]
    assert missed(
        replace(events, event_count=None), mark("max_latency", p50="1s", phase="first_event")
    ) == [
        "first event p50: the burst reads no stream (stream=), so"
        " max_latency(p50=1s, phase='first_event') can't pass"
    ]

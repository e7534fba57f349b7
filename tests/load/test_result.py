"""The arithmetic of a burst's classes, and what it makes a result say of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.facts import (
    Connections,
    GeneratorFacts,
    Series,
    ServerFacts,
    Usage,
)
from pytest_djworkers.load.merge import merge_agents
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.serialization import from_simple, to_simple
from tests.support.profiles import latencies, make_profile, make_report, make_result
from tests.support.results import RESULT, WRK

CLASSES = ("ok", "late", "unexpected", "error", "unanswered", "in_flight", "outside")
classes = st.fixed_dictionaries(dict.fromkeys(CLASSES, st.integers(0, 10**6)))


def generator(cpu_share: float = 0.1, lag_p99_s: float | None = None) -> GeneratorFacts:
    """A generator that was this busy."""
    return GeneratorFacts("asyncio", "1", agents=1, cpu_share=cpu_share, lag_p99_s=lag_p99_s)


@given(classes, st.floats(0.1, 100))
def test_each_class_counts_towards_its_figures(counts: Mapping[str, int], window_s: float) -> None:
    result = make_result(window_s=window_s, **counts)
    assert result.rps == pytest.approx((counts["ok"] + counts["late"]) / window_s)
    assert result.has_expected == (counts["ok"] + counts["late"] > 0)
    assert result.timeouts == counts["late"] + counts["unanswered"]
    assert result.errors == counts["unexpected"] + counts["error"]
    assert result.judged == sum(counts.values()) - counts["in_flight"] - counts["outside"]
    assert result.sent == sum(counts.values())


@pytest.mark.parametrize("unknown", ["unanswered", "in_flight", "outside"])
def test_the_number_of_sent_requests_is_none_if_a_class_is_not_known(unknown: str) -> None:
    assert make_result(ok=5, **{unknown: None}).sent is None


def test_unanswered_requests_that_nobody_counted_are_no_timeouts() -> None:
    result = make_result(ok=3, late=2, unanswered=None)
    assert (result.timeouts, result.judged) == (2, 5)


@pytest.mark.parametrize(
    ("at_work", "starved"), [(None, None), (7.99, True), (8.0, False), (10.2, False)]
)
def test_starved_is_less_than_four_fifths_of_the_connections_at_work(
    at_work: float | None, starved: bool | None
) -> None:
    result = make_result(connections=Connections(requested=10, at_work=at_work))
    assert result.starved is starved
    assert ("starved" in result.remarks) is bool(starved)


def test_starved_is_also_less_than_four_fifths_of_the_connections_served() -> None:
    # One response to a request that had waited for ten seconds makes all others look at work.
    def served(number: int) -> BurstResult:
        return make_result(connections=Connections(requested=2000, served=number, at_work=1990.0))

    assert served(391).starved is True
    assert served(391).connections.held == 391
    assert served(391).remarks == ("starved",)
    assert served(1600).starved is False
    assert served(1600).remarks == ()
    # At a fixed rate, connections for which no request is due get no response either.
    at_a_rate = replace(served(391), profile=make_profile(connections=2000, rate=10.0))
    assert at_a_rate.starved is False


def spread(*requests: int) -> BurstResult:
    """A burst with so many responses on each of its connections."""
    report = make_report(
        requested=len(requests),
        served=sum(one > 0 for one in requests),
        per_connection=list(requests),
        ok=sum(requests),
        in_service_s=float(len(requests)),
    )
    return merge_agents(make_profile(connections=len(requests)), [report])


@pytest.mark.parametrize(
    ("requests", "unfair"),
    [
        ([20] * 10, False),
        # 0.3 ms for one in ten, while the others wait for 357 ms each.
        ([1000] + [3] * 9, True),
        # Two connections in ten with the most: 0.42 by Jain's index.
        ([100] * 2 + [20] * 8, False),
        ([100] * 2 + [8] * 8, True),
        # Fewer responses than connections: most have none, as chance has it.
        ([1] * 10 + [0] * 90, False),
        ([1, 1, 2, 0, 0, 1, 0, 2, 1, 0] * 10, False),
        ([10] * 2 + [0] * 98, True),
        ([0] * 10, False),
    ],
    ids=["even", "one", "some", "few", "slow", "by chance", "slow and unfair", "nothing"],
)
def test_unfair_is_when_few_connections_got_most_of_the_responses(
    requests: list[int], unfair: bool
) -> None:
    result = spread(*requests)
    assert result.unfair is unfair
    assert ("unfair" in result.remarks) is unfair


@given(st.integers(100, 300), st.integers(1, 20), st.integers())
def test_a_server_that_takes_any_request_next_is_not_unfair(
    connections: int, mean: int, seed: int
) -> None:
    counts = [0] * connections
    draw = Random(seed)
    for _ in range(mean * connections):
        counts[draw.randrange(connections)] += 1
    assert not spread(*counts).unfair


def test_what_wrk_does_not_tell_is_not_unfair_and_neither_is_a_fixed_rate() -> None:
    one = spread(1000, *[3] * 9)
    assert one.unfair
    assert not replace(one, connections=Connections(requested=10, at_work=10.0)).unfair
    assert not replace(one, profile=make_profile(connections=10, rate=100.0)).unfair


@pytest.mark.parametrize(
    ("unanswered", "at_work", "hides"),
    [(0, 1.0, False), (None, 10.0, False), (None, 1.0, True), (None, None, True)],
    ids=["counted", "all at work", "starved", "cannot be told"],
)
def test_timeouts_are_hidden_if_they_are_not_counted_and_connections_are_missing(
    unanswered: int | None, at_work: float | None, hides: bool
) -> None:
    connections = Connections(requested=10, at_work=at_work)
    assert make_result(unanswered=unanswered, connections=connections).hides_timeouts is hides


@pytest.mark.parametrize(
    ("facts", "bound"),
    [
        (generator(cpu_share=0.95), False),
        (generator(cpu_share=0.96), True),
        (generator(lag_p99_s=0.0009), False),
        (generator(lag_p99_s=0.0011), True),
    ],
)
def test_generator_bound_is_a_busy_generator_or_one_that_lags(
    facts: GeneratorFacts, bound: bool
) -> None:
    result = make_result(generator=facts, latency=latencies(*[10] * 1000))
    assert result.generator_bound is bound
    assert ("generator-bound" in result.remarks) is bound


def test_a_lag_below_half_a_millisecond_is_not_generator_bound() -> None:
    result = make_result(generator=generator(lag_p99_s=0.0004), latency=latencies(*[1] * 1000))
    assert not result.generator_bound


def at_rate(*outstanding: int, **figures: Any) -> BurstResult:
    """A burst at 1000/s for a second, with this many requests outstanding over it."""
    series = Series(0.1, (0,) * 10, (0,) * 10, outstanding)
    return make_result(profile=make_profile(rate=1000.0), series=series, **figures)


@pytest.mark.parametrize(
    ("outstanding", "behind"),
    [
        ([2, 3, 2, 4, 3, 2, 3, 2, 3, 2], False),
        ([0, 0, 0, 90, 190, 100, 0, 0, 0, 0], False),
        ([0, 9, 20, 30, 38, 50, 60, 70, 80, 90], True),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 900], False),
        ([], False),
    ],
    ids=["steady", "a stall that was caught up with", "growing", "one look", "too short"],
)
def test_a_server_that_falls_behind_its_rate_is_remarked_upon(
    outstanding: list[int], behind: bool
) -> None:
    result = at_rate(*outstanding)
    assert result.fell_behind is behind
    assert ("fell behind 1000/s" in result.remarks) is behind


def test_workers_that_died_are_remarked_upon() -> None:
    all_alive = Usage(1.0, 1, workers=2, workers_alive=2, processes_started=1, log_errors=0)
    assert make_result(usage=all_alive).remarks == ()
    died = make_result(usage=replace(all_alive, workers_alive=1))
    assert died.remarks == ("1 worker died, 1 started",)


def test_a_server_that_nobody_looked_at_for_more_than_a_second_is_remarked_upon() -> None:
    watched = Usage(1.0, 1, 1, 1, 0, 0, unwatched_s=1.0)
    assert make_result(usage=watched).remarks == ()
    unwatched = replace(watched, unwatched_s=1.5)
    assert make_result(usage=unwatched).remarks == ("server not watched for 1.5s",)


def test_cpu_time_is_per_response() -> None:
    usage = Usage(2.0, 1, 1, 1, 0, 0)
    result = make_result(ok=6, late=1, unexpected=1, error=5, unanswered=9, usage=usage)
    assert result.cpu_per_request_s == 0.25
    assert make_result(error=5, usage=usage).cpu_per_request_s is None
    assert make_result(ok=5).cpu_per_request_s is None


def test_a_burst_at_a_fixed_rate_is_never_starved() -> None:
    assert at_rate(connections=Connections(requested=10, at_work=1.0)).starved is False


@pytest.mark.parametrize(
    ("connections", "remark"),
    [
        ({"opened": 1999, "requested": 2000}, "opened 1,999 connections"),
        ({"reconnects": 6, "requested": 10}, "closes connections"),
        ({"listen_overflows": 1, "requested": 10}, "backlog overflowed"),
    ],
)
def test_what_happened_to_connections_is_remarked_upon(
    connections: dict[str, int], remark: str
) -> None:
    assert make_result(ok=10, connections=Connections(**connections)).remarks == (remark,)
    unremarkable = dict.fromkeys(connections, 0) | {"requested": 10}
    assert not make_result(ok=10, connections=Connections(**unremarkable | {"opened": 10})).remarks


@pytest.mark.parametrize(
    ("limits", "remarks"),
    [
        ({"backlog": 1000, "max_connections": 200}, ("backlog of 1,000", "holds 200 connections")),
        ({"backlog": 2000, "max_connections": 2000}, ()),
        ({"backlog": None, "max_connections": None}, ()),
    ],
)
def test_limits_of_the_server_below_the_connections_are_remarked_upon(
    limits: dict[str, int | None], remarks: tuple[str, ...]
) -> None:
    server = ServerFacts("granian", "2", 2, {}, 0.4, **limits)
    connections = Connections(requested=2000)
    assert make_result(server=server, connections=connections).remarks == remarks


def test_a_lag_without_a_p99_is_not_generator_bound() -> None:
    assert not make_result(generator=generator(lag_p99_s=5.0)).generator_bound
    assert not make_result(generator=generator(lag_p99_s=5.0), latency=None).generator_bound


def test_a_result_is_printed_in_five_lines() -> None:
    assert str(RESULT) == (
        "GET /json under granian, 8 connections for 10s\n"
        "100 requests/s, 10 timeouts, 0 errors\n"
        "latency: p50 1ms, p90 20ms, p95 20ms, p99 300ms, max 300ms\n"
        "served: 8 of 8 connections\n"
        "fired by asyncio (3.11): no remarks"
    )
    used = replace(
        RESULT,
        usage=Usage(0.5, 150_000_000, 2, 2, 0, 0),
        generator=replace(RESULT.generator, cpu_share=0.99),
    )
    assert str(used).splitlines()[3:] == [
        "served: 8 of 8 connections, CPU per request 500us, memory 150MB",
        "fired by asyncio (3.11): generator-bound",
    ]


def test_what_is_not_known_is_printed_as_such() -> None:
    result = replace(WRK, server=None, latency=None, connections=Connections(requested=8))
    assert str(result).splitlines() == [
        "GET /json, 8 connections for 10s",
        "100 requests/s, 10 timeouts or more, 0 errors",
        "latency: not known",
        "served: an unknown number of 8 connections",
        "fired by wrk (4.2.0): no remarks",
    ]


@given(classes, st.lists(st.floats(0.001, 60_000), max_size=50))
def test_a_result_is_printed_in_five_lines_and_shown_in_one(
    counts: Mapping[str, int], milliseconds: list[float]
) -> None:
    result = make_result(latency=latencies(*milliseconds), **counts)
    assert len(str(result).splitlines()) == 5
    assert str(result).isascii()
    # pytest shows it for each result in an assertion that fails.
    assert len(repr(result)) < 120
    assert f"{result.timeouts:,} timeout" in repr(result)


def test_the_repr_of_a_result_has_its_name_and_its_server() -> None:
    assert repr(RESULT) == (
        "<BurstResult GET /json under granian, 8 connections for 10s: 100 requests/s, 10 timeouts,"
        " 0 errors>"
    )


def test_the_name_of_a_result_is_the_profiles() -> None:
    assert make_result().name == make_profile().name


def through_json(result: BurstResult) -> Any:
    """Return the result after its way through a JSON document."""
    return from_simple(json.loads(json.dumps(to_simple(result))), BurstResult)


@given(classes, st.dictionaries(st.integers(200, 599), st.integers(1, 9)))
def test_json_gives_back_the_same_figures(
    counts: Mapping[str, int], statuses: Mapping[int, int]
) -> None:
    result = make_result(statuses=statuses, **counts)
    assert through_json(result) == result


def test_json_gives_back_everything_that_the_built_in_generator_knows() -> None:
    full = make_result(
        profile=make_profile(connections=2),
        error_kinds={"reset": 2},
        latency=latencies(1, 1, 2.5),
        connections=Connections(2, 2, 2, 0, 1, 2, 3, 4, 0.5, 0.1, 1.9, 7, 8, 9, 10),
        series=Series(0.1, (1, 2), (0, 1), (3, 4)),
        wrong_bodies=1,
        longest_gap_s=0.5,
        began_at=1.5,
        usage=Usage(1.5, 9, 2, 1, 1, 3),
        generator=generator(lag_p99_s=0.001),
        server=ServerFacts(
            "granian", "2", 2, {"backlog": 4096, "interface": "wsgi"}, 0.4, 100, 200
        ),
    )
    assert through_json(full) == full


def test_json_gives_back_what_wrk_does_not_know() -> None:
    unknown = dict.fromkeys(("unanswered", "in_flight", "outside", "statuses", "latency"))
    result = make_result(**unknown)
    assert through_json(result) == result

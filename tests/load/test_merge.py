"""Reports of agents are added up: side by side, or window by window."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.agent_protocol import ClockOffset
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.facts import LostAgent, ServerFacts
from pytest_djworkers.load.histogram import Counts, Latency
from pytest_djworkers.load.merge import merge_agents, merge_windows
from pytest_djworkers.load.response_excerpt import ResponseExcerpt
from pytest_djworkers.load.result import BurstResult
from tests.support.profiles import make_profile, make_report

# Agents, side by side.


def merged(*reports: AgentReport) -> Any:
    """Return the result of a burst from these reports."""
    connections = sum(len(report.per_connection) for report in reports)
    return merge_agents(make_profile(connections=connections), reports)


def test_the_counts_of_agents_are_added_up() -> None:
    counts = {"ok": 5, "late": 4, "unexpected": 3, "error": 2, "unanswered": 1, "in_flight": 6}
    one = make_report(outside=7, statuses={200: 9, 500: 3}, error_kinds={"reset": 2}, **counts)
    other = make_report(ok=1, error=2, statuses={200: 1}, error_kinds={"reset": 1, "refused": 1})
    result = merged(one, other)
    assert (result.ok, result.late, result.unexpected, result.error) == (6, 4, 3, 4)
    assert (result.unanswered, result.in_flight, result.outside) == (1, 6, 7)
    assert result.statuses == {200: 10, 500: 3}
    assert result.error_kinds == {"reset": 3, "refused": 1}
    assert result.generator.agents == 2


def test_the_series_of_agents_are_added_up_by_interval() -> None:
    one = make_report(requests=[1, 2, 3], errors=[0, 0, 1])
    series = merged(one, make_report(requests=[10, 20, 30], errors=[1, 0, 0])).series
    assert (series.requests, series.errors) == ((11, 22, 33), (1, 0, 1))
    assert series.interval_s == 0.1


@given(st.lists(st.lists(st.integers(0, 500), max_size=60), min_size=1, max_size=3))
def test_percentiles_are_those_of_the_samples_of_all_agents(parts: list[list[int]]) -> None:
    reports = [make_report(latency=[[value, 1] for value in set(part)]) for part in parts]
    every = sorted(value for part in parts for value in set(part))
    latency = merged(*reports).latency
    assert latency.count == len(every)
    middle = every[(len(every) + 1) // 2 - 1] / 1e6 if len(every) >= 20 else None
    assert latency.p50 == middle


# Odd and even ones, within one bucket and in many.
SAMPLES = st.lists(st.floats(0, 1e8, allow_nan=False), max_size=80)


@given(st.lists(SAMPLES, min_size=1, max_size=8))
def test_merged_histograms_are_that_of_all_samples_together(parts: list[list[float]]) -> None:
    def counts(samples: list[float]) -> Counts:
        made = Counts()
        made.add(samples)
        return made

    together = counts([sample for part in parts for sample in part])
    result = merged(*(make_report(latency=counts(part).items()) for part in parts))
    assert result.latency == Latency(tuple(together.items()))


def test_a_lost_agent_is_missing_in_the_connections_and_not_starved() -> None:
    lost = (LostAgent("load agent 2 of 2 (popen)", 4),)
    report = make_report(
        requested=4, opened=4, served=4, ok=100, per_connection=[25] * 4, in_service_s=4.0
    )
    clocks = [ClockOffset(5, -0.25, 0.001), ClockOffset(7, 0.125, 0.002)]
    result = merge_agents(make_profile(connections=8), [report], lost=lost, clocks=clocks)
    found = result.connections
    assert (found.requested, found.opened, found.served, found.never_served) == (4, 4, 4, 0)
    assert (found.requests_p10, found.requests_p90, found.fairness) == (25, 25, 1.0)
    assert result.starved is False
    assert result.remarks == ("1 of 2 agents lost, with 4 of 8 connections",)
    facts = result.generator
    assert (facts.agents, facts.clock_offset_s, facts.clock_error_s) == (1, 0.25, 0.002)
    assert facts.lost == lost


def test_agents_of_this_machine_have_no_clocks_to_compare() -> None:
    facts = merged(make_report()).generator
    assert (facts.clock_offset_s, facts.clock_error_s, facts.lost) == (None, None, ())


def test_an_agent_that_used_its_whole_cpu_quota_makes_the_burst_generator_bound() -> None:
    # Each on a machine of its own: the quota is that of the agent's.
    result = merged(make_report(cpu_s=0.48, cpus=0.5), make_report(cpu_s=0.6))
    assert result.generator.cpu_share == pytest.approx(0.96)
    assert result.generator_bound


def test_cpu_share_is_the_busiest_agents_and_lag_is_that_of_all() -> None:
    lagging = [[1000, 10], [5000, 990]]
    result = merged(make_report(cpu_s=0.9, lag=[[1, 1]]), make_report(cpu_s=0.2, lag=lagging))
    assert result.generator.cpu_share == 0.9
    assert result.generator.lag_p99_s == 0.005


def test_the_connections_of_agents_are_added_up() -> None:
    one = make_report(opened=2, served=2, per_connection=[30, 10], connect_max_s=0.1, closed_idle=1)
    other = make_report(opened=1, served=1, per_connection=[0, 0], connect_max_s=0.3, closed_idle=2)
    found = merged(one, other).connections
    assert (found.requested, found.opened, found.served, found.never_served) == (4, 3, 3, 1)
    assert (found.connect_max_s, found.closed_idle) == (0.3, 3)
    assert found.fairness == pytest.approx(40**2 / (4 * (900 + 100)))


def test_requests_per_connection_are_nearest_ranks() -> None:
    found = merged(make_report(per_connection=list(range(1, 11)))).connections
    ranks = (found.requests_p10, found.requests_p50, found.requests_p90, found.requests_max)
    assert ranks == (1, 5, 9, 10)


def test_connections_at_work_are_known_if_a_request_was_completed() -> None:
    busy = make_report(ok=10, per_connection=[5, 5], in_service_s=1.5)
    assert merged(busy, make_report(per_connection=[0, 0])).connections.at_work == 1.5
    assert merged(busy, make_report(per_connection=[0, 0])).starved
    assert merged(make_report(per_connection=[0] * 4)).connections.at_work is None


# Windows, one after the other.

SERVER = ServerFacts("granian", "2", 1, {}, launch_s=0.4)


def in_a_row(*reports: AgentReport) -> BurstResult:
    """Return the result of windows of one agent."""
    connections = len(reports[0].per_connection)
    return merge_windows(make_profile(connections=connections), reports, SERVER)


def test_the_counts_and_times_of_windows_are_added_up() -> None:
    first = make_report(ok=3, late=1, statuses={200: 4}, window_s=0.5, cpu_s=0.2, latency=[(5, 4)])
    second = make_report(
        ok=2, error=1, statuses={200: 2}, window_s=1.5, cpu_s=0.2, latency=[(5, 1), (7, 1)]
    )
    result = in_a_row(first, second)
    assert (result.ok, result.late, result.error, result.window_s) == (5, 1, 1, 2.0)
    assert (result.rps, result.statuses) == (3.0, {200: 6})
    assert result.latency is not None
    assert result.latency.counts == ((5, 5), (7, 1))
    assert (result.generator.agents, result.server) == (1, SERVER)


def test_the_connections_of_windows_are_the_same_ones() -> None:
    first = make_report(opened=2, served=1, per_connection=[3, 0], connect_max_s=0.2)
    second = make_report(opened=1, served=2, per_connection=[1, 4], connect_max_s=0.1)
    found = in_a_row(first, second).connections
    assert (found.requested, found.opened, found.served, found.connect_max_s) == (2, 1, 2, 0.2)
    assert (found.requests_p50, found.requests_max) == (4, 4)


def test_between_windows_nothing_is_known_of_series_and_gaps() -> None:
    result = in_a_row(make_report(requests=[1, 2], gaps=[(0, 9)]), make_report(requests=[3]))
    assert (result.series, result.longest_gap_s) == (None, None)


def test_the_first_unexpected_response_is_that_of_the_first_window_with_one() -> None:
    refused, failed = ResponseExcerpt(403), ResponseExcerpt(500)
    windows = (make_report(), make_report(first_unexpected=refused))
    result = in_a_row(*windows, make_report(first_unexpected=failed))
    assert result.first_unexpected == refused


def test_the_speed_of_windows_is_that_of_the_responses_that_came_while_they_were_open() -> None:
    first = make_report(ok=8, late=2, after_window=2, window_s=0.5, sizes=[(130, 10)])
    second = make_report(ok=6, after_window=2, window_s=1.5, sizes=[(9, 1), (130, 5)])
    result = in_a_row(first, second)
    assert (result.ok, result.late, result.after_window) == (14, 2, 4)
    assert result.rps == 6.0

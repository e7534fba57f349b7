"""Each request is counted once, in the class of its times and its response."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.histogram import bucket
from pytest_djworkers.load.part_tally import US_PER_NS
from pytest_djworkers.load.tally import Tally
from pytest_djworkers.serialization import from_simple, to_simple
from tests.support.firing import check, sent
from tests.support.profiles import make_profile

MS = 1_000_000
BEGIN = 5_000 * MS
TIMEOUT = 300 * MS
END = BEGIN + 1_000 * MS


def make_tally() -> Tally:
    """A window of a second from BEGIN on, with a timeout of 0.3 s."""
    return Tally(make_profile(duration_s=1, timeout_s=0.3), BEGIN)


def answer(tally: Tally, status: int, began_ns: int, now_ns: int, handled_ns: int) -> None:
    """Count a complete response, as the receiver does it."""
    (part,) = tally.parts
    if not 200 <= status < 300:
        tally.unexpected_response(part, status, began_ns, now_ns, handled_ns - now_ns)
        return
    tally.expected_responses(part, 1, status, now_ns)
    if tally.counts(now_ns):
        part.samples_us.append((now_ns - began_ns) * US_PER_NS)
        tally.lags_us.append((handled_ns - now_ns) * US_PER_NS)


def report_of(tally: Tally) -> AgentReport:
    """Return the report, as of one connection."""
    tally.fold()
    (part,) = tally.parts
    answered = part.ok + part.late + part.unexpected
    return tally.report(
        opened=1,
        connect_max_ns=0,
        began_at=0,
        cpu_s=0,
        stopped_s=0,
        machine_speed=None,
        connections=[(True, answered)],
    )


@dataclass(frozen=True)
class Sent:
    """A request, and what became of it: a status, a kind of error, or nothing."""

    began_ns: int
    ended_ns: int
    outcome: int | str | None

    def tell(self, tally: Tally) -> None:
        """Count this request."""
        if self.outcome is None:
            tally.leave(tally.parts[0], self.began_ns, END)
        elif isinstance(self.outcome, str):
            tally.failure(tally.parts[0], self.outcome, self.began_ns, self.ended_ns)
        else:
            answer(tally, self.outcome, self.began_ns, self.ended_ns, self.ended_ns + 1)

    @property
    def belongs(self) -> str:
        """The class of this request, computed from its definition."""
        if self.outcome is None:
            return "unanswered" if END - self.began_ns > TIMEOUT else "in_flight"
        if not BEGIN <= self.ended_ns < END:
            return "outside"
        if isinstance(self.outcome, str):
            return "error"
        if not 200 <= self.outcome < 300:
            return "unexpected"
        return "late" if self.ended_ns - self.began_ns > TIMEOUT else "ok"


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    """A request around the window, often at its very edges."""
    moments = st.integers(BEGIN - 1000 * MS, END + 100 * MS)
    ended = draw(moments | st.sampled_from([BEGIN - 1, BEGIN, END - 1, END]))
    took = draw(st.integers(0, 900 * MS) | st.sampled_from([TIMEOUT, TIMEOUT + 1]))
    outcome = draw(st.sampled_from([200, 204, 302, 404, 500, "reset", "refused", None]))
    return Sent((END if outcome is None else ended) - took, ended, outcome)


@given(st.lists(requests(), max_size=40))
def test_each_request_is_in_exactly_one_class(every: list[Sent]) -> None:
    tally = make_tally()
    for request in every:
        request.tell(tally)
    report = report_of(tally)
    check(report)
    assert sent(report) == len(every)
    counted = Counter(request.belongs for request in every)
    assert {name: getattr(report.counts, name) for name in counted} == counted


@given(st.lists(requests(), max_size=40))
def test_the_histogram_has_expected_responses_and_the_ages_of_unanswered_requests(
    every: list[Sent],
) -> None:
    tally = make_tally()
    for request in every:
        request.tell(tally)
    took = Counter(
        bucket(((END if request.outcome is None else request.ended_ns) - request.began_ns) // 1000)
        for request in every
        if request.belongs in {"ok", "late", "unanswered"}
    )
    assert dict(report_of(tally).counts.latency) == took


@given(st.lists(requests(), max_size=40))
def test_the_series_has_each_completion_in_its_tenth_of_a_second(every: list[Sent]) -> None:
    tally = make_tally()
    for request in every:
        request.tell(tally)
    report = report_of(tally)
    for series, members in ((report.requests, "ok late"), (report.errors, "unexpected error")):
        ended = [each.ended_ns for each in every if each.belongs in members.split()]
        assert series == [
            sum(begin <= moment < begin + 100 * MS for moment in ended)
            for begin in range(BEGIN, END, 100 * MS)
        ]


@pytest.mark.parametrize(("duration_s", "intervals"), [(0, 0), (0.1, 1), (0.25, 3), (2, 20)])
def test_the_series_is_as_long_as_the_window(duration_s: float, intervals: int) -> None:
    tally = Tally(make_profile(duration_s=duration_s), BEGIN)
    if duration_s:
        answer(tally, 200, BEGIN, tally.end_ns - 1, tally.end_ns)
    report = report_of(tally)
    assert len(report.requests) == len(report.errors) == intervals
    assert report.requests[-1:] == [1] * bool(intervals)


@pytest.mark.parametrize(("moment", "inside"), [(BEGIN, True), (END - 1, True), (END, False)])
def test_the_window_ends_before_its_last_moment(moment: int, inside: bool) -> None:
    assert make_tally().counts(moment) is inside


def test_lag_counts_from_the_poll_and_time_in_service_from_the_beginning() -> None:
    tally = make_tally()
    answer(tally, 200, BEGIN, BEGIN + 10 * MS, BEGIN + 12 * MS)
    answer(tally, 500, BEGIN, BEGIN + 10 * MS, BEGIN + 15 * MS)
    tally.failure(tally.parts[0], "reset", BEGIN, BEGIN + 3 * MS)
    report = report_of(tally)
    assert list(report.lag) == [(2000, 1), (bucket(5000), 1)]
    assert report.in_service_s == pytest.approx(0.030)


@pytest.mark.parametrize(
    ("age_ms", "in_service_ms"),
    [(100, 400), (300, 600), (301, 300), (2000, 300)],
    ids=["in flight", "as long as the longest", "longer than any", "from before the window"],
)
def test_requests_in_flight_are_in_service_unless_they_waited_longer_than_any_other(
    age_ms: int, in_service_ms: int
) -> None:
    tally = make_tally()
    answer(tally, 200, BEGIN, BEGIN + 300 * MS, BEGIN + 300 * MS)
    tally.leave(tally.parts[0], END - age_ms * MS, END)
    assert report_of(tally).in_service_s == pytest.approx(in_service_ms / 1000)


def test_time_in_service_before_the_window_is_taken_off() -> None:
    tally = make_tally()
    tally.take_off([200 * MS])
    answer(tally, 200, BEGIN - 200 * MS, BEGIN + 300 * MS, BEGIN + 300 * MS)
    assert report_of(tally).in_service_s == pytest.approx(0.3)


def test_no_request_is_in_service_for_longer_than_the_window() -> None:
    tally = make_tally()
    answer(tally, 200, BEGIN - 2000 * MS, BEGIN, BEGIN)
    tally.leave(tally.parts[0], BEGIN - 500 * MS, END)
    assert report_of(tally).in_service_s == pytest.approx(2 + 1)


def test_folding_keeps_counts_and_no_samples() -> None:
    tally = make_tally()
    for _ in range(1000):
        answer(tally, 200, BEGIN, BEGIN + MS, BEGIN + MS)
    tally.fold()
    assert (len(tally.parts[0].samples_us), len(tally.lags_us)) == (0, 0)
    answer(tally, 200, BEGIN, BEGIN + MS, BEGIN + MS)
    assert list(report_of(tally).counts.latency) == [(1000, 1001)]


def test_a_report_travels_as_json() -> None:
    tally = make_tally()
    answer(tally, 200, BEGIN, BEGIN + MS, BEGIN + MS)
    tally.failure(tally.parts[0], "reset", BEGIN, BEGIN + MS)
    report = report_of(tally)
    travelled = from_simple(json.loads(json.dumps(to_simple(report))), AgentReport)
    assert travelled == report
    assert (travelled.counts.statuses, travelled.counts.error_kinds) == ({200: 1}, {"reset": 1})


def test_a_window_closes_early_right_behind_the_responses_that_it_needed() -> None:
    tally = Tally(
        make_profile(duration_s=1, timeout_s=0.3), BEGIN, EarlyClose(after_s=0.2, responses=3)
    )
    for at_ms in (10, 20, 150, 210, 220):
        answer(tally, 200, BEGIN, BEGIN + at_ms * MS, BEGIN + at_ms * MS)
    report = report_of(tally)
    check(report)
    assert (report.counts.ok, report.counts.outside) == (4, 1)
    assert report.window_s == pytest.approx(0.21)
    assert report.requests == [2, 1, 1]
    assert max(end for _, end in report.gaps) <= 210 * MS + 1


def test_a_window_without_enough_responses_lasts_for_its_duration() -> None:
    tally = Tally(
        make_profile(duration_s=1, timeout_s=2), BEGIN, EarlyClose(after_s=0.2, responses=3)
    )
    for at_ms in (500, 999):
        answer(tally, 200, BEGIN, BEGIN + at_ms * MS, BEGIN + at_ms * MS)
    report = report_of(tally)
    assert (report.counts.ok, report.window_s, len(report.requests)) == (2, 1.0, 10)


# A window of a comparison, which counts every request that was sent in it.

WAITED_UNTIL = END + 1500 * MS


@st.composite
def sent_in_window(draw: st.DrawFn) -> Sent:
    """A request that was sent in the window, and ended in it or later, or not at all."""
    began = draw(st.integers(BEGIN, END - 1) | st.sampled_from([BEGIN, END - 1]))
    took = draw(st.integers(0, 1400 * MS) | st.sampled_from([TIMEOUT, TIMEOUT + 1, END - began]))
    outcome = draw(st.sampled_from([200, 204, 404, 500, "reset", None]))
    return Sent(began, WAITED_UNTIL if outcome is None else began + took, outcome)


@given(st.lists(sent_in_window(), max_size=40))
def test_every_request_of_a_window_that_drains_counts_with_its_true_latency(
    every: list[Sent],
) -> None:
    tally = Tally(make_profile(duration_s=1, timeout_s=0.3), BEGIN, drains=True)
    classes: Counter[str] = Counter()
    for each in every:
        took = each.ended_ns - each.began_ns
        if each.outcome is None:
            tally.leave(tally.parts[0], each.began_ns, WAITED_UNTIL)
            classes["unanswered"] += 1
            continue
        each.tell(tally)
        if isinstance(each.outcome, str):
            classes["error"] += 1
        elif each.outcome >= 400:
            classes["unexpected"] += 1
        else:
            classes["late" if took > TIMEOUT else "ok"] += 1
            classes["after_window"] += each.ended_ns >= END
    report = report_of(tally)
    check(report)
    names = ("ok", "late", "unexpected", "error", "unanswered", "after_window")
    assert {name: getattr(report.counts, name) for name in names} == {
        name: classes[name] for name in names
    }
    assert report.counts.in_flight == report.counts.outside == 0
    assert dict(report.counts.latency) == Counter(
        bucket((each.ended_ns - each.began_ns) // 1000)
        for each in every
        if each.outcome in {200, 204, None}
    )
    ended = [each for each in every if each.ended_ns < END]
    assert sum(report.errors) == sum(each.outcome not in {200, 204} for each in ended)


@settings(max_examples=30)
@given(st.lists(sent_in_window().filter(lambda each: each.outcome is not None), max_size=20))
def test_the_time_in_service_ends_with_the_window(every: list[Sent]) -> None:
    tally = Tally(make_profile(duration_s=1, timeout_s=0.3), BEGIN, drains=True)
    for each in every:
        each.tell(tally)
    in_window = sum(min(each.ended_ns, END) - each.began_ns for each in every)
    # Each is handled a nanosecond after it came.
    assert report_of(tally).in_service_s == pytest.approx(in_window / 1e9, abs=1e-6)


def test_what_ends_after_the_window_does_not_close_it_early() -> None:
    early = EarlyClose(after_s=0.2, responses=2)
    tally = Tally(make_profile(duration_s=1, timeout_s=2), BEGIN, early, drains=True)
    answer(tally, 200, BEGIN, BEGIN + 500 * MS, BEGIN + 500 * MS)
    had_enough = tally.has_enough
    tally.failure(tally.parts[0], "reset", BEGIN, BEGIN + 600 * MS)
    assert (had_enough, tally.has_enough) == (False, True)
    answer(tally, 200, BEGIN, BEGIN + 700 * MS, BEGIN + 700 * MS)
    report = report_of(tally)
    assert (report.counts.ok, report.counts.error, report.counts.after_window) == (2, 1, 1)
    assert report.window_s == pytest.approx(0.6)


def test_an_unanswered_request_is_in_service_until_the_window_closes() -> None:
    tally = Tally(make_profile(duration_s=1, timeout_s=0.3), BEGIN, drains=True)
    answer(tally, 200, BEGIN, END + 1400 * MS, END + 1400 * MS)
    tally.leave(tally.parts[0], END - 100 * MS, WAITED_UNTIL)
    assert report_of(tally).in_service_s == pytest.approx(1 + 0.1)

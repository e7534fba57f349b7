"""The lines on a comparison, from comparisons made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.report.comparison_lines import (
    figures_in_words,
    findings,
    lines,
    word_of_all,
)
from pytest_djworkers.server.call_counts import CallCounts, PerRequest
from pytest_djworkers.verdict.estimate import Estimate
from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import Metric, Round
from tests.support.comparisons import NOTHING, compared, window

FAST, SLOW = Latency(((6_000, 2000),)), Latency(((6_000, 1900), (810_000, 100)))
ROUNDS = tuple(Round(window(500), window(325), number) for number in range(4))
BY_ERRORS = Judgement(
    Verdict.REGRESSED, Metric.ERRORS, "errors 1.5% against 0%", None, 4, 24, 24, 0, ()
)
MORE_ERRORS = ArmComparison(
    ("main", "the working tree"), 1, 60.0, judgements=(BY_ERRORS,), rounds=ROUNDS
)


def said(one: ArmComparison) -> list[str]:
    return lines(one, findings(one))


def test_the_line_has_the_figures_of_both_arms_whatever_decided() -> None:
    assert said(MORE_ERRORS) == [
        "regressed: errors 1.5% against 0%; requests/s 2,000 → 1,300 (-35.0%), CPU per request"
        " 1 → 1.54 ms"
    ]
    assert said(replace(MORE_ERRORS, judgements=(), not_compared="unreliable machine")) == [
        "not compared: unreliable machine; requests/s 2,000 → 1,300 (-35.0%), CPU per request"
        " 1 → 1.54 ms"
    ]
    assert said(NOTHING) == ["not compared: migrations differ"]


def test_the_change_is_said_once() -> None:
    of_rps, of_p95 = said(compared(0.7))
    assert of_rps.count("%, ") == 1  # the estimate's own
    assert "; requests/s 2,000 → " in of_rps
    assert "→" not in of_p95, "the figures stand in the first line alone"


@pytest.mark.parametrize(
    ("latencies", "tail"),
    [
        ((FAST, SLOW), ", p99 6 → 810 ms"),
        ((SLOW, FAST), ", p99 810 → 6 ms"),
        ((FAST, FAST), ""),
        # Of 200 samples only two are beyond the 99th percentile.
        ((Latency(((6_000, 200),)), Latency(((6_000, 150), (9_500, 50)))), ", p95 6 → 9.5 ms"),
        ((Latency(()), FAST), ""),
        (None, ""),
    ],
)
def test_the_tail_is_given_where_it_differs_much(
    latencies: tuple[Latency, Latency] | None, tail: str
) -> None:
    text = figures_in_words(replace(MORE_ERRORS, latencies=latencies))
    assert text.partition("1.54 ms")[2] == tail


def test_responses_that_differ_are_said_in_every_line() -> None:
    differing = replace(compared(1.5), responses_differ="responses differ: 12kB against 0B")
    assert len(said(differing)) == 2
    for line in said(differing):
        assert line.startswith("improved: ")
        assert line.endswith("; responses differ: 12kB against 0B")


def test_a_comparison_that_ended_early_says_why_once() -> None:
    (line,) = said(replace(MORE_ERRORS, ended_early="ended by Ctrl-C after 1 block"))
    assert line.endswith("; ended by Ctrl-C after 1 block")
    (line,) = said(replace(MORE_ERRORS, ended_early="errors 1.5%"))
    assert line.count("errors 1.5%") == 1


@pytest.mark.parametrize(
    ("verdict", "metric", "interval", "word"),
    [
        (Verdict.REGRESSED, Metric.RPS, (0.6, 0.8), "slower"),
        (Verdict.IMPROVED, Metric.P95, (0.6, 0.8), "faster"),
        (Verdict.REGRESSED, Metric.CPU_PER_REQUEST, (1.2, 1.4), "dearer"),
        (Verdict.REGRESSED, Metric.ERRORS, None, "more errors"),
        (Verdict.OK, Metric.RPS, (0.95, 0.99), "alike"),
        (Verdict.OK, Metric.CPU_PER_REQUEST, (1.01, 1.05), "alike"),
        (Verdict.OK, Metric.ERRORS, None, "alike"),
        (Verdict.INCONCLUSIVE, Metric.RPS, (0.8, 1.05), "inconclusive"),
        (Verdict.NOT_COMPARED, Metric.RPS, None, "not compared"),
    ],
)
def test_backends_are_slower_or_faster_than_each_other(
    verdict: Verdict, metric: Metric, interval: tuple[float, float] | None, word: str
) -> None:
    estimate = Estimate(1.0, interval, 0.98, 6) if interval else None
    judgement = replace(BY_ERRORS, verdict=verdict, metric=metric, estimate=estimate)
    one = replace(MORE_ERRORS, judgements=(judgement,))
    assert word_of_all(one) == verdict.value
    assert word_of_all(replace(one, of_backends=True)) == word


def test_backends_are_called_by_their_names() -> None:
    one = replace(
        NOTHING,
        labels=("granian", "gunicorn-sync"),
        of_backends=True,
        not_compared="a worker of base and head ended: base's log says: database is locked",
    )
    assert said(one) == [
        "not compared: a worker of granian and gunicorn-sync ended: granian's log says: database is"
        " locked"
    ]


def test_what_decides_for_every_figure_is_said_once() -> None:
    (judgement,) = MORE_ERRORS.judgements
    assert said(replace(MORE_ERRORS, judgements=(judgement, judgement))) == said(MORE_ERRORS)


def test_counts_that_no_limit_judges_are_told() -> None:
    def counts(calls: float, memory: PerRequest | None) -> CallCounts:
        return CallCounts(PerRequest(calls, calls, calls, 50), memory, (), "3.11")

    memory = PerRequest(20_000, 19_000, 21_000, 10)
    one = replace(MORE_ERRORS, counts=(counts(1000, memory), counts(1100, memory)))
    assert figures_in_words(one).endswith(
        ", Python calls per request 1,000 → 1,100 (+10.0%), memory per request 20 → 20 kB"
    )
    of_calls = replace(BY_ERRORS, metric=Metric.CALLS)
    assert "calls" not in figures_in_words(replace(one, judgements=(of_calls,)))
    unknown = replace(MORE_ERRORS, counts=(counts(1000, None), counts(1100, memory)))
    assert "memory" not in figures_in_words(unknown)


def test_calls_are_told_beside_what_could_not_be_compared() -> None:
    of_calls = replace(BY_ERRORS, metric=Metric.CALLS, reason="more calls")
    one = replace(NOTHING, judgements=(of_calls,))
    assert said(one) == ["not compared: migrations differ", "regressed: more calls"]
    assert one.verdict is Verdict.REGRESSED
    assert replace(NOTHING, judgements=(replace(of_calls, verdict=Verdict.OK),)).verdict is (
        Verdict.NOT_COMPARED
    )

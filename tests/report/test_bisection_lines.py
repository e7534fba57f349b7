"""The lines on a bisection."""

from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.compare.bisection.candidates import Answer
from pytest_djworkers.report.bisection_lines import result_lines, step_line
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.rounds import Metric
from tests.support.bisections import FOUND, GOOD, LATER, SLOWER, STEPS, UNFINISHED, step


def test_one_commit_is_named_with_its_author_and_the_loss() -> None:
    said = "2a2b3c4d5e Load each profile, Ann Lee, 2026-01-31"
    loss = "-19.0% (-23.0% to -15.0%)"
    assert result_lines(FOUND) == [f"first slower commit: {said}: {loss}"]
    assert result_lines(FOUND, "GET /a") == [f"first slower commit: {said}: GET /a {loss}"]


def test_a_larger_loss_since_the_good_revision_means_that_there_are_several() -> None:
    much = step(GOOD, Answer.GOOD, Verdict.REGRESSED, -0.4)
    (_, others) = result_lines(replace(FOUND, steps=(much, *STEPS)))
    assert others.startswith("since v1.2 (1a2b3c4d5e): -40.0% (-44.0% to -36.0%), so an earlier")
    # Of a latency, more is worse.
    assert len(result_lines(replace(FOUND, steps=(much, *STEPS), metric=Metric.P95))) == 1
    more = [replace(one, change=0.5, interval=(0.4, 0.6)) for one in (much,)]
    assert len(result_lines(replace(FOUND, steps=(*more, *STEPS), metric=Metric.P95))) == 2


def test_errors_are_not_called_slow() -> None:
    errors = step(GOOD, Answer.GOOD, Verdict.REGRESSED, None, "errors 1.5% against 0%")
    (line,) = result_lines(replace(FOUND, steps=(errors,), metric=Metric.ERRORS))
    assert line.startswith("first commit with more errors: 2a2b3c4d5e ")
    assert line.endswith(": errors 1.5% against 0%")


def test_a_search_that_is_not_over_or_has_nothing_to_find_says_so() -> None:
    (line,) = result_lines(UNFINISHED)
    assert line.startswith("bisection not finished: first slower commit is one of 2: the same")
    (line,) = result_lines(replace(UNFINISHED, steps=(), suspects=()))
    assert line == "bisection not finished: v1.2 (1a2b3c4d5e) was not compared yet"
    fine = step(GOOD, Answer.BAD, Verdict.OK, 0.0)
    (line,) = result_lines(replace(FOUND, steps=(fine,), suspects=()))
    assert line.startswith("nothing to find: the working tree is not slower than v1.2 (1a2b3c4d5e)")
    assert line.endswith(": ok, +0.0% (-4.0% to +4.0%)")


def test_a_skipped_commit_has_its_reason_in_short() -> None:
    started = "base: granian did not start"
    cause = (
        f"{started}\nthe first error in its log: KeyError: 'A'\nThe end of its log:\n    x\nDo it"
    )
    ends = "The end of its log (the 2kB before it were not kept):\n    y\n    KeyError: 'A'\nDo it"
    for reason, said in (
        (cause, f"{started}; the first error in its log: KeyError: 'A'"),
        (f"{started}\n{ends}", f"{started}; KeyError: 'A'"),
        ("new endpoint: base responds 404", "new endpoint: base responds 404"),
    ):
        skipped = step(SLOWER, Answer.SKIPPED, Verdict.NOT_COMPARED, None, reason)
        start = "2a2b3c4d5e Load each profile: skipped: not compared:"
        assert step_line(skipped) == f"{start} {said}"
    assert step_line(replace(STEPS[1], is_earlier=True)).endswith("%): from an earlier run")
    assert step_line(STEPS[1]).startswith(LATER.short)

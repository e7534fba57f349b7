"""The lines that say why head is slower."""

from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.profiling.code_folders import Function, Owner
from pytest_djworkers.profiling.differences import Difference
from pytest_djworkers.profiling.explanation import Cause, CauseKind, Explanation, Place
from pytest_djworkers.profiling.waits import Wait
from pytest_djworkers.report.cause_lines import cause_lines
from tests.support.stacks import BURN, DUMPS, VIEW

CPU = Difference(0.001, 0.002, (0.0009, 0.0011), 0.0)
FOUND = Explanation(
    launches=4,
    samples=(1000, 2000),
    causes=(Cause(CauseKind.CPU, 0.001, Place(BURN, 9, VIEW, None, is_edited=True)),),
    cpu=CPU,
    visible_s=0.0001,
    explained=0.9,
    limits=("", "the CPUs"),
)


def lines(found: Explanation | None) -> list[str]:
    return cause_lines(ArmComparison(("main", "the working tree"), 1, 1.0, explanation=found))


def test_nobody_looked() -> None:
    assert lines(None) == []


def test_the_function_its_caller_and_the_rest() -> None:
    assert lines(FOUND) == [
        "because: +1ms in burn (shop/views.py:9), called from page, which was edited",
        "this explains 90% of CPU time 1 → 2 ms per request; the limit was the CPUs",
    ]


def test_other_causes_are_on_the_second_line() -> None:
    site = Function("wait", "shop/views.py", Owner.SITE)
    causes = (
        Cause(CauseKind.QUERIES, 0.02, queries=("queries 3 → 43: 40 times SELECT 1",)),
        Cause(CauseKind.WAIT, 0.01, Place(site, 7), Wait.LOCK),
        Cause(CauseKind.CPU, 0.005, Place(VIEW, 5, None, DUMPS)),
    )
    found = replace(FOUND, causes=causes, explained=None, limits=("", ""))
    assert lines(found) == [
        "because: queries 3 → 43: 40 times SELECT 1",
        "and: +10ms of waiting for a lock in wait (shop/views.py:7); +5ms in dumps"
        " (json/__init__.py), called from page (shop/views.py:5)",
    ]


def test_causes_that_make_up_the_whole_change_or_a_little_more_explain_all_of_it() -> None:
    for explained in (0.96, 1.0, 1.3):
        _, rest = lines(replace(FOUND, explained=explained, limits=("", "")))
        assert rest == "this explains all of CPU time 1 → 2 ms per request"


def test_a_share_that_makes_no_sense_is_left_out() -> None:
    assert len(lines(replace(FOUND, explained=2.5, limits=("", "")))) == 1
    assert len(lines(replace(FOUND, explained=-0.5, limits=("", "")))) == 1


def test_problems_are_told_whatever_was_found() -> None:
    assert lines(replace(FOUND, causes=(), problems=("py-spy is not installed",))) == [
        "py-spy is not installed"
    ]

"""The lines on a bisection: its budget, its steps, and what it has found."""

from __future__ import annotations

from pytest_djworkers.compare.bisection.candidates import Answer
from pytest_djworkers.compare.bisection.history import History
from pytest_djworkers.compare.bisection.result import Bisection, BisectionStep
from pytest_djworkers.printable import in_one_line
from pytest_djworkers.units import counted, format_change
from pytest_djworkers.verdict.rounds import Metric

_OF_A_LOG = "    "
"""The beginning of a log's lines in a message."""
_USUAL_TIME = "30 to 70 seconds each"
FOUND = "first slower commit"
FOUND_ERRORS = "first commit with more errors"


def budget_line(history: History, comparisons: int) -> str:
    """Return the number of commits and of comparisons, and the time that one takes."""
    changes = " and uncommitted changes" if history.has_changes else ""
    return (
        f"{counted(history.number, 'commit')} between {history.good.label} and HEAD{changes}:"
        f" about {counted(comparisons, 'comparison')}, {_USUAL_TIME}"
    )


def resumed_line(verdicts: int, at: str) -> str:
    """Return how many verdicts are from earlier runs, the last of which ended at a time."""
    are = "verdict is" if verdicts == 1 else "verdicts are"
    return f"{verdicts} {are} from the run of {at} (--cache-clear starts over)"


def step_line(step: BisectionStep) -> str:
    """Return the line on one comparison: commit, answer, verdict, change and interval."""
    said = [f"{step.commit.short}: {step.answer}", step.verdict.value]
    if why := said_of_skipped(step):
        said.append(why)
    elif change := change_of(step):
        said[-1] += f", {change}"
    if step.is_earlier:
        said.append("from an earlier run")
    return in_one_line(": ".join(said))


def said_of_skipped(step: BisectionStep) -> str:
    """Return why a commit was skipped, in short; empty if it was not."""
    return in_one_line(_in_short(step.reason)) if step.answer is Answer.SKIPPED else ""


def change_of(step: BisectionStep) -> str:
    """Return the change with its interval: ``-19.0% (-24.2% to -15.1%)``; empty without one."""
    if step.change is None or step.interval is None:
        return ""
    low, high = (format_change(1 + one) for one in step.interval)
    return f"{format_change(1 + step.change)} ({low} to {high})"


def _in_short(reason: str) -> str:
    """Return the first line of a reason, and the last one of the log in it: the exception."""
    first, *others = reason.splitlines() or [""]
    log = [line.strip() for line in others if line.startswith(_OF_A_LOG) and line.strip()]
    return ": ".join([first.rstrip(":"), *log[-1:]])


def result_lines(bisection: Bisection, burst: str = "") -> list[str]:
    """Return what a bisection has found, a line or a few, with the burst's name if it is given."""
    shown, suspects = bisection.shown, bisection.suspects
    if shown is None:
        return [_nothing(bisection)]
    loss = " ".join(filter(None, (burst, change_of(shown) or shown.reason)))
    if not bisection.is_over:
        return [
            f"bisection not finished: {found_words(bisection)} is one of {len(suspects)}: the same"
            " command goes on"
        ]
    if len(suspects) == 1:
        return [f"{found_words(bisection)}: {suspects[0]}: {loss}"]
    return [
        f"{found_words(bisection)}: one of {len(suspects)}, since {_skipped(bisection)}: {loss}",
        *(f"  {one}" for one in suspects),
    ]


def found_words(bisection: Bisection) -> str:
    """Return the name of the commit that is searched for."""
    return FOUND_ERRORS if bisection.metric is Metric.ERRORS else FOUND


def _skipped(bisection: Bisection) -> str:
    """Return how many of the suspects could not be compared, in words."""
    skipped = {one.commit.id for one in bisection.steps if one.answer is Answer.SKIPPED}
    number = sum(one.id in skipped for one in bisection.suspects)
    return f"{number} of them {'was' if number == 1 else 'were'} skipped"


def _nothing(bisection: Bisection) -> str:
    if not bisection.steps:
        return f"bisection not finished: {bisection.good} was not compared yet"
    step = bisection.steps[0]
    change = change_of(step)
    return (
        f"nothing to find: the working tree is not slower than {bisection.good}:"
        f" {step.verdict}{f', {change}' if change else ''}"
    )

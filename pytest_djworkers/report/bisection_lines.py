"""The lines on a bisection: its budget, its steps, and what it has found."""

from __future__ import annotations

from pytest_djworkers.compare.bisection.candidates import Answer
from pytest_djworkers.compare.bisection.commit_history import CommitHistory
from pytest_djworkers.compare.bisection.result import Bisection, BisectionStep
from pytest_djworkers.printable import in_one_line
from pytest_djworkers.system.log import TAIL_HEADING
from pytest_djworkers.units import about, counted, format_change
from pytest_djworkers.verdict.rounds import Metric

_OF_A_LOG = "    "
"""The beginning of a log's lines in a message."""
_USUAL_TIME = "30 to 70 seconds each"
FOUND = "first slower commit"
FOUND_ERRORS = "first commit with more errors"


def budget_line(history: CommitHistory, comparisons: int, each_s: float | None) -> str:
    """Return the number of commits and of comparisons, and the time that one takes.

    ``each_s`` is the time in seconds that earlier ones took; None if there were none.
    """
    time = _USUAL_TIME if each_s is None else f"{about(each_s)} each"
    changes = " and uncommitted changes" if history.has_changes else ""
    return (
        f"{counted(history.number, 'commit')} between {history.good.label} and HEAD{changes}:"
        f" about {counted(comparisons, 'comparison')}, {time}"
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
    """Return the lines of a reason above the log in it, else its first and the log's last one.

    The latter is the exception. What to do about it is left out: it is the same for each commit.
    """
    said, _, log = reason.partition(f"\n{TAIL_HEADING}")
    lines = said.splitlines()
    if not log:
        return lines[0] if lines else ""
    in_log = [line.strip() for line in log.splitlines() if line.startswith(_OF_A_LOG)]
    return "; ".join(lines if len(lines) > 1 else [*lines, *in_log[-1:]])


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
        found = [f"{found_words(bisection)}: {suspects[0]}: {loss}"]
    else:
        many = f"one of {len(suspects)}, since {_skipped(bisection)}"
        found = [f"{found_words(bisection)}: {many}: {loss}", *(f"  {one}" for one in suspects)]
    return [*found, *_others(bisection)]


def found_words(bisection: Bisection) -> str:
    """Return the name of the commit that is searched for."""
    return FOUND_ERRORS if bisection.metric is Metric.ERRORS else FOUND


def _skipped(bisection: Bisection) -> str:
    """Return how many of the suspects could not be compared, in words."""
    skipped = {one.commit.id for one in bisection.steps if one.answer is Answer.SKIPPED}
    number = sum(one.id in skipped for one in bisection.suspects)
    return f"{number} of them {'was' if number == 1 else 'were'} skipped"


def _others(bisection: Bisection) -> list[str]:
    """Return that other commits have made it slower, too; nothing if there is no sign of that."""
    if not bisection.is_one_of_several:
        return []
    return [
        f"since {bisection.good}: {change_of(bisection.steps[0])}, so an earlier commit made it"
        " slower, too: check out the one before this, and bisect again"
    ]


def _nothing(bisection: Bisection) -> str:
    if not bisection.steps:
        return f"bisection not finished: {bisection.good} was not compared yet"
    step = bisection.steps[0]
    change = change_of(step)
    return (
        f"nothing to find: the working tree is not slower than {bisection.good}:"
        f" {step.verdict}{f', {change}' if change else ''}"
    )

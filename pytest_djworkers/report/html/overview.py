"""The overview of a run: its outcome in a sentence, and the plot of all comparisons."""

from __future__ import annotations

from collections import Counter

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_lines import judgement_of_speed, word_of_all
from pytest_djworkers.report.document import Document
from pytest_djworkers.report.html.plots.changes import Change, changes_plot
from pytest_djworkers.report.html.plots.plot import Plot
from pytest_djworkers.units import counted

_EXIT_WORDS = {
    2: "the run was interrupted",
    3: "pytest had an internal error",
    4: "pytest could not be started as asked",
    5: "no test was collected",
}


def summary_of(document: Document) -> str:
    """Return the outcome of the run in a sentence."""
    outcomes = Counter(one.outcome for one in document.tests)
    bad = outcomes["failed"] + outcomes["error"]
    total = counted(len(document.tests), "load test")
    said = [f"{bad:,} of {total} failed" if bad else f"{total}, and none failed"]
    if skipped := outcomes["skipped"]:
        said.append(f"{skipped:,} skipped")
    if word := _EXIT_WORDS.get(document.run.exit_status):
        said.append(word)
    verdicts = Counter(
        word_of_all(one.against_base) if one.against_base else one.verdict.value
        for one in document.records
        if one.verdict is not None
    )
    said += [f"{number:,} {word}" for word, number in verdicts.items()]
    return ", ".join(said)


def changes_of(document: Document) -> Plot | None:
    """Return the plot of all comparisons; None in a run that compares nothing."""
    changes = [change for record in document.records if (change := _change(record)) is not None]
    return changes_plot(changes, document.run.tolerance)


def _change(record: BurstRecord) -> Change | None:
    compared = record.against_base
    judgement = None if compared is None else judgement_of_speed(compared)
    if compared is None or judgement is None or judgement.estimate is None:
        return None
    name = " · ".join(filter(None, (record.result.name, record.backend)))
    return Change(name, judgement.verdict, word_of_all(compared), judgement.estimate)

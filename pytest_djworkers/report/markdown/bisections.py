"""Bisections: the commits that were compared, in their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_djworkers.compare.bisection.result import BisectionStep
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.bisection_lines import change_of, result_lines, said_of_skipped
from pytest_djworkers.report.markdown.blocks import folded, heading, item, table

_TEXT_COLUMNS = frozenset({"commit", "answer", "verdict", "why"})


def sections(records: Sequence[BurstRecord]) -> Iterator[list[str]]:
    """Yield a section for each bisection."""
    for record in records:
        if (found := record.bisection) is None:
            continue
        lines = (line.strip() for line in result_lines(found, record.result.name))
        # What is found is said where the test's failures are.
        said = [] if found.has_found else [*item("\n".join(lines)), ""]
        rows = [_row(step) for step in found.steps]
        compared = folded("the comparisons", table(rows, text_columns=_TEXT_COLUMNS))
        yield [*heading("Bisection"), *said, *compared]


def _row(step: BisectionStep) -> dict[str, str]:
    return {
        "commit": step.commit.short,
        "answer": step.answer.value,
        "verdict": step.verdict.value,
        "change": change_of(step),
        "why": said_of_skipped(step),
    }

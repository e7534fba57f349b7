"""The tests that failed for a reason other than the figures of a burst."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_djworkers.report.document import TestOutcome
from pytest_djworkers.report.markdown.blocks import fenced, folded, heading, item
from pytest_djworkers.report.reasons import reason_of_test

_MOST_LOG_LINES = 30


def sections(title: str, tests: Sequence[TestOutcome]) -> Iterator[list[str]]:
    """Yield the section's heading, and each test with its reason and its server's log."""
    for number, test in enumerate(tests):
        yield [*([] if number else heading(title)), *_test(test)]


def _test(test: TestOutcome) -> list[str]:
    lines = item(*reason_of_test(test), about=f"{test.name} ({test.file}:{test.line})")
    if test.log:
        lines += ["", *folded("the server's log", fenced(test.log[-_MOST_LOG_LINES:]))]
    return lines

"""The report in Markdown: for a comment on a pull request, a step's summary, or a file.

The verdicts come first: a reader sees what changed, and by how much, without scrolling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.document import Document
from pytest_djworkers.report.markdown import (
    bisections,
    bursts,
    comparisons,
    failed_tests,
    rankings,
    run,
)
from pytest_djworkers.report.standing import (
    Standing,
    failed_before_bursts,
    failed_by_themselves,
    has_changed,
    standing_of,
)

MARKER = "<!-- pytest-djworkers -->"
"""The first line. It isn't shown, and tells a comment of ours from others."""
CHANGED = "<!-- pytest-djworkers: something changed -->"
UNCHANGED = "<!-- pytest-djworkers: nothing changed -->"
"""The second line, for what decides if a comment is worth it: ``grep -qxF`` finds it. No text of a
test can make such a line, since all of them are escaped."""
_INTERRUPTED = 2
_CUT = (
    "_The rest is left out, since the place for it is limited: the report as a file has all of it"
    " (`djworkers report load.json -o load.md`)._"
)


def render(document: Document) -> str:
    """Return the report's text."""
    return "\n".join(part for part in _parts(document)) + "\n"


def render_within(document: Document, most_bytes: int) -> str:
    """Return the report's text in UTF-8's bytes; what there is no room for is left out.

    The last parts go first, and a sentence says so.
    """
    whole = render(document)
    if _size(whole) <= most_bytes:
        return whole
    kept, room = [], most_bytes - _size(f"\n{_CUT}\n")
    for part in _parts(document):
        room -= _size(f"{part}\n")
        if room < 0:
            break
        kept.append(part)
    return "\n".join([*kept, "", _CUT]) + "\n"


def title(document: Document) -> str:
    """Return what became of the run, in a line: ``1 regressed, 2 inconclusive, 15 ok``."""
    return f"Load tests: {', '.join(_counts(document)) or 'nothing was measured'}"


def _parts(document: Document) -> Iterator[str]:
    """Yield the parts of the text; each can be the last one."""
    state = CHANGED if has_changed(document) else UNCHANGED
    yield "\n".join((MARKER, state, f"## {title(document)}"))
    if document.run.exit_status == _INTERRUPTED:
        yield "\nThe run was interrupted: tests may be missing."
    for lines in _sections(document):
        yield "\n".join(["", *lines])


def _sections(document: Document) -> Iterator[list[str]]:
    yield from failed_tests.sections("Failed before any burst", failed_before_bursts(document))
    yield from failed_tests.sections(
        "Failed by assertions of their own", failed_by_themselves(document)
    )
    if records := document.records:
        yield from _of_bursts(records)
        yield from bisections.sections(records)
    yield run.section(document)


def _of_bursts(records: Sequence[BurstRecord]) -> Iterator[list[str]]:
    # All records of a run are of one kind.
    compared = records[0].against_base
    if compared is None:
        return bursts.sections(records)
    if compared.of_backends or not compared.is_judged:
        return rankings.sections(records)
    return comparisons.sections(records)


def _counts(document: Document) -> Iterator[str]:
    if early := len(failed_before_bursts(document)):
        yield f"{early} failed before any burst"
    # A test that failed by itself is one of those, whatever its bursts are.
    asserted = {one.test for one in failed_by_themselves(document)}
    counts = Counter(standing_of(one) for one in document.records if one.test not in asserted)
    counts[Standing.FAILED] += len(asserted)
    for standing in Standing:
        if number := counts[standing]:
            yield f"{number} {_word(standing, document.records)}"
    if skipped := sum(one.outcome == "skipped" for one in document.tests):
        yield f"{skipped} skipped"


def _word(standing: Standing, records: Sequence[BurstRecord]) -> str:
    if standing is not Standing.OK:
        return standing.value
    compared = records[0].against_base
    if compared is not None and (compared.of_backends or not compared.is_judged):
        return "measured"
    return "ok" if any(one.verdict for one in records) else "passed"


def _size(text: str) -> int:
    return len(text.encode())

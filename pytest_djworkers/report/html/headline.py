"""The top of the HTML report: what a person must know, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.document import Document, TestOutcome
from pytest_djworkers.report.explanations import explanations_of
from pytest_djworkers.report.html.advice import advice_on
from pytest_djworkers.report.html.change import NO_CHANGE, Change, change_of
from pytest_djworkers.report.html.places import Place, place_of, word_of
from pytest_djworkers.report.reasons import reason_of_test, reasons_of_burst
from pytest_djworkers.report.standing import (
    Standing,
    failed_before_bursts,
    failed_by_themselves,
    standing_of,
)
from pytest_djworkers.unexpected_responses import first_response, in_words, kinds_of, what_to_do

_MOST_LINES = 2
"""The lines of a message that stand at the top; the whole message is below them, folded."""


class Weight(IntEnum):
    """The weights of points; those with the first come first."""

    FAILED = 0
    WARNING = 1
    UNSURE = 2
    GOOD = 3

    @property
    def css_class(self) -> str:
        """The class of the point in the style sheet."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to know about one burst or several, or about a test without one."""

    weight: Weight
    word: str
    """The kind of the point in a word or two: ``regressed``, ``errors``."""
    places: tuple[Place, ...]
    lines: tuple[str, ...]
    change: Change = NO_CHANGE
    advice: tuple[str, ...] = ()
    test: TestOutcome | None = None
    """The test, if it has no burst in whose section its message and its log would stand."""


def points(document: Document) -> list[Point]:
    """Return all there is to know, the worst first; empty if there is nothing."""
    found = [
        *(point for record in document.records for point in _of_record(document, record)),
        *_of_tests_alone(document),
        *_of_remarks(document),
    ]
    return sorted(_merged(found), key=lambda point: point.weight)


def _of_record(document: Document, record: BurstRecord) -> Iterator[Point]:
    places, errors, to_do = (place_of(record),), _errors(record), what_to_do(record.result)
    if errors and not record.failures:
        yield Point(Weight.WARNING, "errors", places, tuple(errors), advice=tuple(to_do))
        errors = []
    if said := reasons_of_burst(record):
        word = word_of(record)
        yield Point(
            _weight(record),
            word,
            places,
            (*said, *errors),
            NO_CHANGE if word == Standing.FAILED else change_of(record, document.run.tolerance),
            (*advice_on(record, document.outcome_of(record)), *(to_do if errors else ())),
        )


def _weight(record: BurstRecord) -> Weight:
    if record.failures:
        return Weight.FAILED
    standing = standing_of(record)
    if standing is Standing.REGRESSED:
        return Weight.WARNING
    return Weight.GOOD if standing is Standing.IMPROVED else Weight.UNSURE


def _errors(record: BurstRecord) -> list[str]:
    """Return the kinds of a burst's errors, and the first response that was one."""
    kinds, failures = kinds_of(record.result), record.failures
    # A failure says so itself if there was no expected response, or if there were too many errors.
    if not kinds or (failures and not record.result.has_expected):
        return []
    is_said = any(failure.startswith("errors:") for failure in failures)
    return [*([] if is_said else [f"errors: {in_words(kinds)}"]), *first_response(record.result)]


def _of_tests_alone(document: Document) -> Iterator[Point]:
    """Yield the tests that failed, and not by one of their bursts."""
    for test in (*failed_before_bursts(document), *failed_by_themselves(document)):
        first = tuple(reason_of_test(test)[:_MOST_LINES])
        yield Point(Weight.FAILED, test.outcome, (Place(test.test),), first, test=test)


def _of_remarks(document: Document) -> Iterator[Point]:
    """Yield the remarks that a reader must know before believing figures."""
    for record in document.records:
        for remark in record.remarks:
            lines = explanations_of([remark.sign], document.records)
            yield Point(Weight.UNSURE, remark, (place_of(record),), tuple(lines))


def _merged(points: Iterable[Point]) -> list[Point]:
    """Return the points, those that say the same of several bursts as one."""
    found: dict[Point, tuple[Place, ...]] = {}
    for point in points:
        said = replace(point, places=())
        found[said] = (*found.get(said, ()), *point.places)
    return [replace(point, places=places) for point, places in found.items()]

"""The standing of a burst: one word that its limits and its comparison come to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.document import Document, TestOutcome
from pytest_djworkers.verdict.judgement import Verdict


class Standing(StrEnum):
    """The words, in the order in which people want to read of them."""

    FAILED = "failed"
    REGRESSED = "regressed"
    IMPROVED = "improved"
    INCONCLUSIVE = "inconclusive"
    NOT_COMPARED = "not compared"
    OK = "ok"


CHANGED = frozenset({Standing.FAILED, Standing.REGRESSED, Standing.IMPROVED})
"""The standings that are worth a comment."""


def standing_of(record: BurstRecord) -> Standing:
    """Return the standing of a burst. A loss is ``regressed`` even if it only warns."""
    verdict, missed = record.verdict, any(limit.miss for limit in record.limits)
    compared = record.against_base
    if compared is not None and compared.of_backends:
        # Nobody expects two servers to be equally fast: that one is slower is no loss.
        return Standing.FAILED if record.failures else Standing.OK
    if verdict is Verdict.REGRESSED and not missed:
        return Standing.REGRESSED
    if record.failures:
        return Standing.FAILED
    return Standing.OK if verdict is None else Standing(verdict.value)


def by_standing(records: Iterable[BurstRecord]) -> dict[Standing, list[BurstRecord]]:
    """Return the records of each standing that there is, in the order of ``Standing``."""
    found: dict[Standing, list[BurstRecord]] = {one: [] for one in Standing}
    for record in records:
        found[standing_of(record)].append(record)
    return {standing: ones for standing, ones in found.items() if ones}


def failed_before_bursts(document: Document) -> list[TestOutcome]:
    """Return the tests that failed and fired no burst."""
    fired = {record.test for record in document.records}
    return [one for one in _failed(document) if one.test not in fired]


def failed_by_themselves(document: Document) -> list[TestOutcome]:
    """Return the tests that fired bursts and failed for another reason, such as an assertion."""
    records = document.records
    fired = {record.test for record in records}
    failing = {record.test for record in records if record.failures}
    return [one for one in _failed(document) if one.test in fired - failing]


def has_changed(document: Document) -> bool:
    """Return True if a test failed, or a burst regressed or improved."""
    return any(_failed(document)) or any(standing_of(one) in CHANGED for one in document.records)


def _failed(document: Document) -> list[TestOutcome]:
    return [one for one in document.tests if one.has_failed]

"""The bursts as the HTML report names them: their place, their anchor, and their standing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_lines import word_of_all
from pytest_djworkers.report.standing import standing_of


@dataclass(frozen=True, slots=True)
class Place:
    """A burst or a test, as it is named at the top."""

    name: str
    anchor: str = ""
    """The anchor of the endpoint's section; empty if there is none."""


def place_of(record: BurstRecord) -> Place:
    """Return the endpoint and the server of a burst."""
    return Place(" · ".join(filter(None, (record.result.name, record.backend))), anchor_of(record))


def anchor_of(record: BurstRecord) -> str:
    """Return the anchor of the endpoint of a burst."""
    # A name may have any character, and two may differ in nothing that an anchor can hold.
    return f"endpoint-{hashlib.sha256(repr(record.group).encode()).hexdigest()[:10]}"


def word_of(record: BurstRecord) -> str:
    """Return the standing of a burst in a word; empty if nothing was judged."""
    compared = record.against_base
    if compared is not None and not record.failures:
        # Backends have words of their own, such as "slower".
        return word_of_all(compared)
    return standing_of(record).value if record.verdict or record.failures else ""

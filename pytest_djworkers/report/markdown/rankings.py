"""Comparisons that give no verdict on the code: of several servers, or of the code with itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_cells import cells_of
from pytest_djworkers.report.comparison_lines import estimate_of_speed, word_of_all
from pytest_djworkers.report.markdown.blocks import heading, table
from pytest_djworkers.report.markdown.endpoints import by_endpoint, said_of
from pytest_djworkers.units import format_share
from pytest_djworkers.verdict.noise import noise_of, proposed_tolerance

_TEXT_COLUMNS = frozenset({"server", "verdict", "remarks"})


def sections(records: Sequence[BurstRecord]) -> Iterator[list[str]]:
    """Yield a section for each endpoint, the fastest server first."""
    for name, members in by_endpoint(records):
        ordered = sorted(members, key=_speed, reverse=True)
        rows = [_row(one) for one in ordered]
        said = [line for one in ordered for line in said_of(one, about=one.backend)]
        yield [
            *heading(name),
            *(f"{line}\n" for line in _against(ordered[0])),
            *table(rows, text_columns=_TEXT_COLUMNS),
            *([""] if said else []),
            *said,
        ]


def _against(record: BurstRecord) -> Iterator[str]:
    compared = record.against_base
    if compared is not None and compared.of_backends:
        yield f"All against {compared.labels[0]}, whose figure stands before the arrow."


def _speed(record: BurstRecord) -> float:
    estimate = record.against_base and estimate_of_speed(record.against_base)
    return estimate.ratio if estimate else 0.0


def _row(record: BurstRecord) -> dict[str, str]:
    compared = record.against_base
    assert compared is not None
    return {
        "server": record.backend,
        **cells_of(record),
        "verdict": word_of_all(compared),
        "tolerance to set": "" if compared.is_judged else _tolerance(record),
    }


def _tolerance(record: BurstRecord) -> str:
    """Return the tolerance that the noise of a calibration asks for; empty if it is not known."""
    compared = record.against_base
    assert compared is not None
    try:
        return format_share(proposed_tolerance(noise_of(compared.rounds)))
    except ValueError:  # too few rounds
        return ""

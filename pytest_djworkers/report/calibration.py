"""The rows of a run that compared the working tree with itself: how much that differs here."""

from __future__ import annotations

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.table import UNKNOWN, Row
from pytest_djworkers.units import format_duration, format_rate, format_share
from pytest_djworkers.verdict.noise import noise_of, proposed_tolerance, smallest_visible

_WITHIN_S = (60.0, 120.0, 300.0)
COLUMNS = (
    "backend",
    "requests/s",
    "sd of rounds",
    "sd of launches",
    *(f"visible in {format_duration(seconds)}" for seconds in _WITHIN_S),
    "blocks",
    "took",
    "tolerance to set",
)


def rows(record: BurstRecord) -> list[Row]:
    """A calibration's row; with nothing but what went wrong where there is no noise to tell."""
    compared = record.against_base
    assert compared is not None
    backend, rps = record.backend, format_rate(record.result.rps)
    took = format_duration(compared.took_s)
    try:
        noise = noise_of(compared.rounds)
    except ValueError:
        unknown = [UNKNOWN] * (2 + len(_WITHIN_S))
        return [Row((backend, rps, *unknown, str(compared.blocks), took, UNKNOWN))]
    block_s = compared.took_s / compared.blocks
    visible = (smallest_visible(noise, within_s=one, block_s=block_s) for one in _WITHIN_S)
    return [
        Row(
            (
                backend,
                rps,
                format_share(noise.round_sd),
                format_share(noise.launch_sd),
                *(UNKNOWN if one is None else format_share(one) for one in visible),
                str(compared.blocks),
                took,
                format_share(proposed_tolerance(noise)),
            )
        )
    ]

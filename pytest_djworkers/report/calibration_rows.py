"""The rows of a run that compared the working tree with itself: the noise of this machine."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_rows import signs
from pytest_djworkers.report.figures import UNKNOWN
from pytest_djworkers.report.table import Row, Table
from pytest_djworkers.units import format_duration, format_rate, format_share
from pytest_djworkers.verdict.noise import Noise, noise_of, proposed_tolerance, smallest_visible

# One, two and five minutes: as long as people may want to wait for a comparison in CI.
_WITHIN_S = (60.0, 120.0, 300.0)


def rows(records: Sequence[BurstRecord]) -> list[Row]:
    """Return each calibration's row; figures are dashes if there were too few rounds."""
    return [Row(_cells(record), record=record, signs=signs(record)) for record in records]


def _cells(record: BurstRecord) -> dict[str, str]:
    compared = record.against_base
    assert compared is not None
    try:
        noise = noise_of(compared.rounds)
    except ValueError:  # too few rounds; the row shows how many blocks there were
        noise = None
    block_s = compared.took_s / compared.blocks if compared.blocks else 0.0
    return {
        "backend": record.backend,
        "requests/s": format_rate(record.result.rps),
        # With one round in each block, rounds can't be told from launches.
        "sd of rounds": _share(noise.round_sd if noise and noise.rounds > noise.blocks else None),
        "sd of launches": _share(noise.launch_sd if noise else None),
        **{
            f"visible in {format_duration(within_s)}": _visible(noise, within_s, block_s)
            for within_s in _WITHIN_S
        },
        "blocks": str(compared.blocks),
        "took": format_duration(compared.took_s),
        "tolerance to set": _share(proposed_tolerance(noise) if noise else None),
        "remarks": ", ".join(record.remarks),
    }


CALIBRATIONS = Table(
    rows,
    # Of the columns on what is visible, the middle one stays.
    dropped_when_narrow=(
        "remarks",
        "blocks",
        "took",
        "sd of launches",
        "sd of rounds",
        f"visible in {format_duration(_WITHIN_S[0])}",
        f"visible in {format_duration(_WITHIN_S[2])}",
    ),
)


def _visible(noise: Noise | None, within_s: float, block_s: float) -> str:
    """Return the smallest change that a comparison of this many seconds would show."""
    if noise is None:
        return UNKNOWN
    return _share(smallest_visible(noise, within_s=within_s, block_s=block_s))


def _share(share: float | None) -> str:
    return UNKNOWN if share is None else format_share(share)

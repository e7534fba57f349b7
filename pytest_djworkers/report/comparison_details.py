"""The details of comparisons: their windows, the time that blocks took, and the noise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from pytest_djworkers.compare.parts import BlockParts
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.report.comparison_lines import estimate_of_speed
from pytest_djworkers.units import before_and_after, counted, format_change, format_duration
from pytest_djworkers.verdict.noise import noise_of

LEAST_LEVEL = 0.9
"""The least level of an interval that says how exactly a change is known. A large change is decided
by two or three blocks, whose range has less."""


def details(compared: ArmComparison) -> list[str]:
    """Return the lines on how a comparison was made; none if nothing was measured."""
    noise = _noise(compared)
    found = (
        _windows(compared),
        *_parts_of_mix(compared),
        "" if compared.parts is None else _parts(compared.parts),
        f"noise: {_in_words([noise])}" if noise else "",
    )
    return [line for line in found if line]


def noise_in_words(comparisons: Iterable[ArmComparison]) -> str:
    """Return the noise of all comparisons of a run in a line; empty if it is not known."""
    noises = [noise for one in comparisons if one.is_judged and (noise := _noise(one))]
    return f"this machine, in this run: {_in_words(noises)}" if noises else ""


@dataclass(frozen=True, slots=True)
class _Noise:
    """The noise in a comparison's requests/s, as fractions."""

    block_sd: float
    """The standard deviation of the change between blocks."""
    either_way: float | None
    """Half the width of the change's interval; None without an interval."""


def _noise(compared: ArmComparison) -> _Noise | None:
    """Return a comparison's noise; None if there are too few rounds to tell."""
    try:
        noise = noise_of(compared.rounds)
    except ValueError:
        return None
    estimate = estimate_of_speed(compared)
    # From the interval that the verdict rests on, and not from the deviation: so it can't say
    # that a change was too small to be seen which was seen.
    is_sure = estimate is not None and estimate.level >= LEAST_LEVEL
    return _Noise(noise.block_sd, estimate.smallest_visible if estimate and is_sure else None)


def _in_words(noises: Sequence[_Noise]) -> str:
    text = f"blocks of the same code differ by {_range([one.block_sd for one in noises])}"
    known = [one.either_way for one in noises if one.either_way is not None]
    if not known:
        return text
    return f"{text}; all blocks together give the change to within {_range(known)} either way"


def _range(shares: Sequence[float]) -> str:
    # Two digits: the noise itself is not known any better.
    low, high = (f"{share * 100:.2g}%" for share in (min(shares), max(shares)))
    return low if low == high else f"{low} to {high}"


def _windows(compared: ArmComparison) -> str:
    size = compared.size
    if size is None or not compared.rounds:
        return ""
    window_s = median(one.base.window_s for one in compared.rounds)
    kind = "; the view waits more than it computes" if size.waits else ""
    return (
        f"{counted(size.connections, 'connection')}, windows of"
        f" {counted(size.responses, 'response')} or more ({format_duration(window_s)}),"
        f" {counted(size.rounds_per_block, 'round')} a block,"
        f" {counted(compared.blocks, 'block')}{kind}"
    )


def _parts_of_mix(compared: ArmComparison) -> Iterator[str]:
    """Yield the change of the mean latency of each part. No verdict is made from it."""
    for name, (base, head) in compared.part_latencies.items():
        if base.mean and head.mean:
            both = before_and_after(format_duration(base.mean), format_duration(head.mean))
            yield f"{name}: mean latency {both} ({format_change(head.mean / base.mean)})"


def _parts(parts: BlockParts) -> str:
    named = {
        "data": parts.data_s,
        "launch": parts.launch_s,
        "warm-up": parts.warm_up_s,
        "windows": parts.windows_s,
        "waiting for the last responses": parts.drain_s,
        "stop": parts.stop_s,
    }
    listed = ", ".join(f"{name} {format_duration(seconds)}" for name, seconds in named.items())
    return f"a block took {format_duration(parts.all_s)}: {listed}"

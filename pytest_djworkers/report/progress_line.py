"""The line on a burst while it runs, and the one on a burst that has ended."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.printable import in_one_line
from pytest_djworkers.progress import LiveFigures, Phase
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.comparison_lines import word_of_all
from pytest_djworkers.report.figures import format_latency
from pytest_djworkers.units import counted, format_duration, format_long_duration, format_rate

_SAID_AFTER_S = 2.0
"""The time from which on it is said for how long a phase without an expected end has lasted."""
_LEAST_TITLE = 16
"""The width that is left to a title by what follows it, in columns."""
_CUT = ".."


@dataclass(frozen=True, slots=True)
class ProgressLine:
    """A line on the burst at hand: its title, such as ``granian GET /list``, and its state."""

    title: str
    state: str

    def __str__(self) -> str:
        """Return the whole line."""
        return f"{self.title}: {self.state}"

    def within(self, columns: int) -> str:
        """Return the line in no more than these columns; the title is cut first."""
        room = max(_LEAST_TITLE, columns - _width(f": {self.state}"))
        return _cut_end(f"{_cut_middle(self.title, room)}: {self.state}", columns)


def progress_line(
    title: str, phases: Sequence[Phase], began_s: float, now_s: float, figures: LiveFigures | None
) -> ProgressLine:
    """Return the line at a moment; ``began_s`` is the beginning of the first phase.

    Times are seconds of the monotonic clock. The figures are those of the last phase.
    """
    phase = phases[-1]
    for one in phases[:-1]:
        if one.ends_s is not None and now_s < one.ends_s:
            phase = one
            break
        began_s = one.ends_s or began_s
    parts = [phase.name, *_time(phase, now_s - began_s, now_s)]
    if figures is not None and phase is phases[-1]:
        parts.extend(_figures(figures))
    return ProgressLine(in_one_line(title), ", ".join(parts))


def finished_line(record: BurstRecord) -> str:
    """Return the line on a burst that has ended."""
    result, compared = record.result, record.against_base
    title = in_one_line(f"{record.backend} {result.name}".strip())
    facts = _of_burst(result) if compared is None else _of_comparison(compared)
    return f"{title}: {', '.join(filter(None, facts))}"


def _time(phase: Phase, lasted_s: float, now_s: float) -> list[str]:
    if phase.ends_s is not None:
        return [f"{format_long_duration(ceil(max(0.0, phase.ends_s - now_s)))} left"]
    # Nothing updates the line of a counted window, so it would soon be wrong.
    if lasted_s < _SAID_AFTER_S or phase.is_counted:
        return []
    return [f"{format_long_duration(int(lasted_s))} so far"]


def _figures(figures: LiveFigures) -> list[str]:
    return [
        f"{format_rate(figures.rps)} requests/s",
        f"p99 {format_latency(figures.p99_s)}",
        counted(figures.errors, "error"),
    ]


def _of_burst(result: BurstResult) -> list[str]:
    latency = result.latency
    return [
        f"{format_rate(result.rps)} requests/s",
        f"p50 {format_latency(latency.p50 if latency else None)}",
        f"p99 {format_latency(latency.p99 if latency else None)}",
        counted(result.timeouts, "timeout"),
        counted(result.errors, "error"),
        f"in {format_duration(result.window_s)}",
    ]


def _of_comparison(compared: ArmComparison) -> list[str]:
    # A comparison that was ended has no verdict that anybody could rely on.
    word = "no verdict yet" if compared.ended_early else word_of_all(compared)
    return [
        word or "calibrated",
        counted(compared.blocks, "block"),
        format_long_duration(compared.took_s),
    ]


def _cut_middle(text: str, columns: int) -> str:
    """Return the text in so many columns of a terminal, without its middle if it is longer.

    A title begins with the backend, and the end of its path tells it from others.
    """
    kept = len(text)
    while _width(short := _outer(text, kept)) > columns:
        kept -= 1
    return short


def _outer(text: str, kept: int) -> str:
    """Return so many characters of the text: its beginning and its end."""
    if kept == len(text):
        return text
    end = kept // 2
    return f"{text[: kept - end]}{_CUT}{text[len(text) - end :]}"


def _cut_end(text: str, columns: int) -> str:
    """Return the text in so many columns of a terminal, without its end if it is longer."""
    while _width(text) > columns:
        text = text[:-1]
    return text


def _width(text: str) -> int:
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    """Return the number of columns that a terminal gives to a character."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1

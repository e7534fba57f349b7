"""The progress of a burst while it runs: what the stages report, and the object they report it to.

A sink is passed down from the run to the stages, as a parameter or in ``LaunchSpec``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a burst's time: ``launch``, ``window``; ``block 3, round 4 of 6: base``."""

    name: str
    ends_s: float | None = None
    """The expected end, in seconds of the monotonic clock; None if it is not known."""
    is_counted: bool = False
    """True for a window of a comparison: until the next phase, this process must do nothing."""
    runs_site_code: bool = False
    """True while code of the site runs in this process: it may print, fork or start a debugger."""


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """The figures of a window that is still open."""

    rps: float
    p99_s: float | None
    """In seconds, to a few percent; None with too few samples."""
    errors: int


class ProgressSink(Protocol):
    """An object that is told what happens to the burst at hand."""

    @property
    def wants_figures(self) -> bool:
        """True if figures of the open window are of use to it."""

    def begin(self, *phases: Phase) -> None:
        """Take note that the first of these phases begins now.

        Each of the others begins at the expected end of the one before, and nobody says so then.
        Without a phase, there is nothing to show for now.
        """

    def show(self, figures: LiveFigures) -> None:
        """Take the figures of the open window so far."""


class NoSink:
    """The sink where nobody looks."""

    wants_figures = False

    def begin(self, *phases: Phase) -> None:
        """Do nothing."""

    def show(self, figures: LiveFigures) -> None:
        """Do nothing."""


NO_SINK = NoSink()

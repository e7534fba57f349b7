"""The protocol of a display, which shows the line on the burst at hand."""

from __future__ import annotations

from typing import Protocol

from pytest_djworkers.report.progress_line import ProgressLine


class Display(Protocol):
    """Shows one line at a time. Nobody calls it from two threads at once."""

    def begin(self) -> None:
        """A burst begins."""

    def show(self, line: ProgressLine, *, stays: bool) -> None:
        """Show a line in place of the last one: at each phase, and once a second.

        ``stays`` is True if it is not updated before the next phase.
        """

    def hide(self) -> None:
        """Take the line away: the burst has ended, or somebody else is to print."""

    def close(self) -> None:
        """Show nothing from now on: the run ends."""


class NoDisplay:
    """The display of a run that shows nothing."""

    def begin(self) -> None:
        """Do nothing."""

    def show(self, line: ProgressLine, *, stays: bool) -> None:
        """Do nothing."""

    def hide(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

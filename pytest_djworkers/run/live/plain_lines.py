"""Plain lines for a log, so that it shows life while a burst takes long."""

from __future__ import annotations

from collections.abc import Callable

from pytest_djworkers.report.progress_line import ProgressLine
from pytest_djworkers.system.clock import CLOCK

SILENT_AT_MOST_S = 14.0
"""The time after which a line is printed. One is offered each second: a log shows life every 15."""
_SILENT_BEFORE_A_WAIT_S = 10.0
"""The same for a line that no other follows for some seconds, such as before a window."""


class PlainLines:
    """Prints a line when nothing was printed for long."""

    def __init__(self, print_line: Callable[[str], None]) -> None:
        self._print_line = print_line
        self._printed_s = 0.0

    def begin(self) -> None:
        """Count the silence from now on."""
        self._printed_s = CLOCK.monotonic()

    def show(self, line: ProgressLine, *, stays: bool) -> None:
        """Print the line if it is time."""
        silent_at_most_s = _SILENT_BEFORE_A_WAIT_S if stays else SILENT_AT_MOST_S
        if CLOCK.monotonic() - self._printed_s >= silent_at_most_s:
            self._print_line(f"djworkers: {line}")
            self.begin()

    def hide(self) -> None:
        """Count the silence from now on: somebody else is to print."""
        self.begin()

    def close(self) -> None:
        """Do nothing."""

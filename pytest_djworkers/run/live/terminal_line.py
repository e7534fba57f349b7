"""One line at the bottom of a terminal, below pytest's own output, that is rewritten in place."""

from __future__ import annotations

import os
from collections.abc import Callable

from pytest_djworkers.report.progress_line import ProgressLine

_ERASE_TO_END = "\x1b[K"
_ERASE_LINE = "\r\x1b[2K"
_USUAL_COLUMNS = 80
"""The width of a terminal that doesn't know its own."""


class TerminalLine:
    """Draws and erases the line, past pytest's capturing.

    ``descriptor`` is the terminal's, which this object closes. ``column`` returns the column in
    which pytest's own output ends, to which the cursor goes back; None if that is not known.
    """

    def __init__(self, descriptor: int, encoding: str, column: Callable[[], int | None]) -> None:
        self._descriptor = descriptor
        self._encoding = encoding
        self._column = column
        self._is_shown = False
        self._goes_back_to: int | None = None
        """The column of pytest's output when the line was drawn below it."""

    def begin(self) -> None:
        """Do nothing: a line is drawn when there is one."""

    def show(self, line: ProgressLine, *, stays: bool = False) -> None:  # noqa: ARG002  # the protocol's
        """Draw the line in place of the last one."""
        column = self._column()
        if self._is_shown and column != self._goes_back_to:
            # Somebody has printed: the cursor isn't where we have left it.
            self._is_shown = False
        start = "\r"
        if not self._is_shown:
            # pytest's line stays as it is, and what it prints next is to continue it.
            start = "" if column == 0 else "\n"
            self._is_shown, self._goes_back_to = True, column
        # One column less than there are: behind the last one, some terminals wrap at once.
        self._write(f"{start}{line.within(self._columns - 1)}{_ERASE_TO_END}")

    def hide(self) -> None:
        """Erase the line, and put the cursor back to the end of pytest's output."""
        if not self._is_shown:
            return
        self._is_shown = False
        column = self._goes_back_to
        if not column or column != self._column():
            self._write(_ERASE_LINE)
        else:
            # A line that is wider than the terminal has been wrapped.
            last_row = (column - 1) % self._columns + 1
            self._write(f"{_ERASE_LINE}\x1b[A\x1b[{last_row}C")

    def erase_above(self, lines: int) -> None:
        """Erase the line though others have printed so many lines below it since."""
        if self._is_shown:
            self._is_shown = False
            self._write(f"\x1b[{lines}A{_ERASE_LINE}\x1b[{lines}B")

    def close(self) -> None:
        """Give the terminal's descriptor back."""
        self.hide()
        os.close(self._descriptor)

    @property
    def _columns(self) -> int:
        # Asked each time: a window can be made narrower.
        try:
            return os.get_terminal_size(self._descriptor).columns or _USUAL_COLUMNS
        except OSError:
            return _USUAL_COLUMNS

    def _write(self, text: str) -> None:
        data = text.encode(self._encoding, "replace")
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            # The terminal is gone, or takes no more for now: there is nobody to tell.
            return

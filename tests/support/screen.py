"""A terminal: programs run on a real pseudo-terminal, and the screen that their output makes."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_SILENT_AT_MOST_S = 60.0
_PARTS = re.compile(r"\x1b\[(?P<numbers>[?0-9;]*)(?P<command>[A-Za-z])|(?P<other>.)", re.DOTALL)


@dataclass
class Screen:
    """The rows that were written so far, on a terminal of this width."""

    columns: int = 80
    rows: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0
    wrapped: int = 0
    """The number of times that text went beyond the last column."""

    def feed(self, text: str) -> None:
        """Show some output."""
        for part in _PARTS.finditer(text):
            if part["other"] is not None:
                self._put(part["other"])
            else:
                self._obey(part["command"], part["numbers"])

    @property
    def lines(self) -> list[str]:
        """The rows without blanks at their ends."""
        return [row.rstrip() for row in self.rows]

    def _put(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self._down(1)
        elif character == "\b":
            self.column = max(0, self.column - 1)
        elif character >= " ":
            if self.column == self.columns:
                self.wrapped += 1
                self.column = 0
                self._down(1)
            row = self.rows[self.row].ljust(self.column)
            self.rows[self.row] = row[: self.column] + character + row[self.column + 1 :]
            self.column += 1

    def _down(self, number: int) -> None:
        self.row += number
        self.rows.extend("" for _ in range(self.row - len(self.rows) + 1))

    def _obey(self, command: str, numbers: str) -> None:
        if command in "mhl":
            return  # colors, and what a line editor sets
        number = int(numbers or (0 if command == "K" else 1))
        match command:
            case "A":
                self.row = max(0, self.row - number)
            case "B":
                self._down(number)
            case "C":
                self.column = min(self.columns - 1, self.column + number)
            case "K":
                row = self.rows[self.row]
                self.rows[self.row] = row[: self.column] if number == 0 else ""
            case _:
                raise AssertionError(f"unknown: {command}")


@dataclass(frozen=True)
class Shown:
    """What a program showed on a terminal."""

    screen: Screen
    """The screen at the end."""
    states: Sequence[str]
    """The last row with text, before each carriage return and at the end of each output."""
    status: int


def on_terminal(
    command: Sequence[str],
    folder: Path,
    *,
    columns: int = 80,
    environment: Mapping[str, str] | None = None,
    respond: Callable[[str, Callable[[str], None], int], None] = lambda *_: None,
) -> Shown:
    """Run a command on a terminal of this width, to its end.

    ``respond`` is called after each output with all lines so far, a function that types, and the
    command's process id.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    without = {"CI", "COLUMNS", "LINES"}
    variables = {key: value for key, value in os.environ.items() if key not in without}
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**variables, "TERM": "xterm", **(environment or {})},
        start_new_session=True,
    )
    os.close(theirs)
    screen, states = Screen(columns), []

    def type_(text: str) -> None:
        os.write(ours, text.encode())

    # Linux says EIO when the last process has closed the terminal.
    with suppress(OSError):
        while True:
            if not select.select([ours], [], [], _SILENT_AT_MOST_S)[0]:
                os.killpg(process.pid, signal.SIGKILL)
                pytest.fail("silent for too long:\n" + "\n".join(screen.lines), pytrace=False)
            data = os.read(ours, 1 << 16)
            # Piece by piece: on a busy machine, a read returns several states of a line at once.
            for piece in re.split("(?=\r)", data.decode(errors="replace")):
                screen.feed(piece)
                states.append(next((line for line in reversed(screen.lines) if line), ""))
            respond("\n".join(screen.lines), type_, process.pid)
    os.close(ours)
    return Shown(screen, states, process.wait(timeout=30))

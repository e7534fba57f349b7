"""The line below pytest's output: drawn, drawn again, erased, and never wider than the terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_djworkers.report.progress_line import ProgressLine
from pytest_djworkers.run.live.terminal_line import TerminalLine
from tests.support.screen import Screen

SHORT, LONG = ProgressLine("granian GET /", "launch"), ProgressLine("granian GET /" * 9, "window")


@dataclass
class Terminal:
    """A pseudo-terminal, and its screen."""

    ours: int
    theirs: int
    screen: Screen
    column: int | None = 0

    def print(self, text: str) -> None:
        """Print something that pytest knows of."""
        os.write(self.theirs, text.encode())
        self.column = len(text.rpartition("\n")[2])

    def line(self) -> TerminalLine:
        """Return a line on this terminal."""
        return TerminalLine(os.dup(self.theirs), "ascii", lambda: self.column)

    @property
    def rows(self) -> list[str]:
        """The rows of the screen now."""
        os.set_blocking(self.ours, False)
        while True:
            try:
                self.screen.feed(os.read(self.ours, 1 << 16).decode())
            except BlockingIOError:
                return self.screen.lines


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A terminal of 40 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 40, 0, 0))
    yield Terminal(ours, theirs, Screen(40))
    os.close(ours)
    os.close(theirs)


def test_the_line_stands_below_what_pytest_prints_and_leaves_nothing(terminal: Terminal) -> None:
    terminal.print("test_load.py .")
    line = terminal.line()
    line.show(LONG)
    assert terminal.rows[0] == "test_load.py ."
    assert terminal.rows[1].endswith(": window")
    line.show(SHORT)
    assert terminal.rows == ["test_load.py .", "granian GET /: launch"]
    line.hide()
    terminal.print("F")
    assert terminal.rows == ["test_load.py .F", ""]
    line.close()


def test_a_line_that_is_not_shown_is_not_erased(terminal: Terminal) -> None:
    terminal.print("test_load.py .")
    line = terminal.line()
    line.hide()
    line.erase_above(2)
    line.close()
    terminal.print(".")
    assert terminal.rows == ["test_load.py .."]


def test_a_line_in_the_first_column_needs_no_row_of_its_own(terminal: Terminal) -> None:
    terminal.print("collected\n")
    line = terminal.line()
    line.show(SHORT)
    line.hide()
    terminal.print("test_load.py")
    assert terminal.rows == ["collected", "test_load.py"]
    line.close()


def test_below_a_row_that_was_wrapped_the_cursor_goes_back_to_its_end(terminal: Terminal) -> None:
    name = "test_load.py::test_a_name_of_more_than_forty_columns "
    terminal.print(name)
    line = terminal.line()
    line.show(SHORT)
    line.hide()
    terminal.print("PASSED")
    assert "".join(terminal.rows) == f"{name}PASSED"
    line.close()


def test_what_others_print_below_the_line_stays(terminal: Terminal) -> None:
    terminal.print("test_load.py ")
    line = terminal.line()
    line.show(SHORT)
    terminal.print("\na warning\n")
    line.show(SHORT)
    assert terminal.rows[2:] == ["a warning", "granian GET /: launch"]
    line.hide()
    assert terminal.rows[2:] == ["a warning", ""]
    line.close()


def test_where_pytest_does_not_know_the_column_the_cursor_stays_below(terminal: Terminal) -> None:
    terminal.print("printed by the test")
    terminal.column = None
    line = terminal.line()
    line.show(SHORT)
    line.hide()
    os.write(terminal.theirs, b".")
    assert terminal.rows == ["printed by the test", "."]
    line.close()


def test_the_line_is_erased_above_what_a_debugger_has_printed(terminal: Terminal) -> None:
    terminal.print("test_load.py ")
    line = terminal.line()
    line.show(SHORT)
    os.write(terminal.theirs, b"\n>>> PDB >>>\n")
    line.erase_above(2)
    os.write(terminal.theirs, b"(Pdb) ")
    assert terminal.rows == ["test_load.py", "", ">>> PDB >>>", "(Pdb)"]
    line.close()


def test_a_terminal_that_is_gone_is_no_error(terminal: Terminal) -> None:
    line = terminal.line()
    os.close(terminal.ours)
    terminal.ours = os.dup(terminal.theirs)
    line.show(SHORT)
    line.close()


@given(
    st.text(st.characters(exclude_categories=["C", "M", "Z"]), max_size=90),
    st.integers(2, 120),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_the_line_is_never_wrapped(terminal: Terminal, title: str, columns: int) -> None:
    fcntl.ioctl(terminal.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 10, columns, 0, 0))
    terminal.screen, terminal.column = Screen(columns), 0
    line = terminal.line()
    line.show(ProgressLine(title, "window, 6s left"))
    assert len(terminal.rows) == 1
    assert terminal.screen.column < columns
    line.close()

"""Lines on the terminal: free of orders to it, in characters that it knows, and not too wide."""

from __future__ import annotations

import sys
from textwrap import wrap

import pytest

from pytest_djworkers.printable import printable
from pytest_djworkers.report.alignment import GAP
from pytest_djworkers.report.figures import with_arrows_for

_NARROWEST = 40
"""The least width that lines are broken for."""


def shown(text: str) -> str:
    """Return the text as this terminal can show it."""
    # pytest doesn't capture while it prints the summary, so this is the terminal's own stream.
    return with_arrows_for(getattr(sys.stdout, "encoding", None), printable(text))


def width_of(reporter: pytest.TerminalReporter) -> int:
    """Return the number of characters in a line: 80 in a file, unless COLUMNS says otherwise."""
    return reporter.config.get_terminal_writer().fullwidth


def write(reporter: pytest.TerminalReporter, line: str, **markup: bool) -> None:
    """Write a line as it is."""
    reporter.write_line(shown(line), **markup)


def write_wrapped(reporter: pytest.TerminalReporter, line: str, **markup: bool) -> None:
    """Write a line of words, broken between words where the terminal is too narrow for it.

    A file gets it in one line, to be searched.
    """
    text = shown(line)
    if reporter.isatty:
        indent = " " * (len(text) - len(text.lstrip()))
        text = "\n".join(
            wrapped
            for part in text.splitlines()
            for wrapped in wrap(
                part,
                max(width_of(reporter), _NARROWEST),
                subsequent_indent=f"{indent}{GAP}",
                # A path or a test's name stays whole, to be copied.
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    reporter.write_line(text, **markup)

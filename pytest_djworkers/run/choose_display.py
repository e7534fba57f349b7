"""Chooses how a run shows its bursts: on a terminal, in a log, or not at all."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import partial

import pytest

from pytest_djworkers.run.live.burst_progress import BurstProgress
from pytest_djworkers.run.live.plain_lines import PlainLines
from pytest_djworkers.run.live.terminal_line import TerminalLine
from pytest_djworkers.run.uncaptured import print_between_results
from pytest_djworkers.run.xdist import is_xdist_worker


def choose_display(config: pytest.Config, progress: BurstProgress) -> TerminalLine | None:
    """Have the bursts shown as this run shows them; return the line on a terminal if it has one.

    Call it before pytest captures output.
    """
    verbosity = config.get_verbosity()
    if verbosity < 0:
        return None
    print_line = partial(print_between_results, config)
    if is_plain(config):
        # The controller prints the lines on bursts that have ended: it gets them all.
        print_finished = None if is_xdist_worker(config) else print_line
        progress.show_on(PlainLines(print_line), print_finished)
        return None
    if (line := _terminal_line(config)) is None:
        return None
    captures = config.getoption("capture") != "no"
    progress.show_on(line, print_line if verbosity > 0 else None, clears_for_site=not captures)
    return line


def is_plain(config: pytest.Config) -> bool:
    """Return True if the output goes to a log, or to a terminal that can't rewrite a line."""
    if os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        return True
    if is_xdist_worker(config):
        # Several processes can't share a line that is rewritten.
        return True
    reporter = config.pluginmanager.getplugin("terminalreporter")
    return reporter is None or not reporter.isatty


def _terminal_line(config: pytest.Config) -> TerminalLine | None:
    writer = config.get_terminal_writer()

    def column() -> int | None:
        # With -s, others write to the terminal as well, and pytest doesn't know where they end.
        found = writer.width_of_current_line
        return found if found >= 0 and config.getoption("capture") != "no" else None

    # A copy: while a test runs, pytest's capturing puts a file in the terminal's place.
    with suppress(OSError, ValueError):
        return TerminalLine(os.dup(sys.stdout.fileno()), sys.stdout.encoding or "utf-8", column)
    return None

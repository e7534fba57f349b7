"""Prints a line past pytest's capturing, while tests run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest

from pytest_djworkers.run.stash import PROGRESS
from pytest_djworkers.run.xdist import is_xdist_worker

_IN_A_LINE = -2
"""The value with which pytest's reporter remembers that the cursor is in a line of any kind."""


def print_uncaptured(config: pytest.Config, line: str) -> None:
    """Print a line that the user sees at once."""
    with _uncaptured(config) as reporter:
        if is_xdist_worker(config):
            _print_in_worker(line)
        elif reporter is not None:
            # The cursor may be behind the dots of the tests so far.
            reporter.ensure_newline()
            reporter.write_line(line)
            reporter.flush()


def print_between_results(config: pytest.Config, line: str) -> None:
    """Print a line as ``print_uncaptured`` does, but leave it open while tests run.

    pytest begins its own lines with a line feed, so there would be a blank line otherwise.
    """
    with _uncaptured(config) as reporter:
        if is_xdist_worker(config):
            _print_in_worker(line)
        elif reporter is not None:
            end_line(config)
            reporter.write(line, flush=True)
            reporter.currentfspath = _IN_A_LINE


def begin_result(config: pytest.Config, test: str) -> None:
    """Begin a line for the dot of a test, if the cursor is in one of ours."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    # With -v pytest begins a line itself.
    if reporter is None or reporter.currentfspath != _IN_A_LINE or config.get_verbosity() > 0:
        return
    reporter.currentfspath = None
    if reporter.showfspath:
        reporter.write_fspath_result(test, "")
    else:
        end_line(config)


def end_line(config: pytest.Config) -> None:
    """End the line on the terminal that pytest has begun, if there is one."""
    writer = config.get_terminal_writer()
    if writer.width_of_current_line:
        writer.line()


@contextmanager
def _uncaptured(config: pytest.Config) -> Iterator[pytest.TerminalReporter | None]:
    """Let this process write to the terminal while entered; return pytest's reporter."""
    capture = config.pluginmanager.getplugin("capturemanager")
    progress = config.stash.get(PROGRESS, None)
    with (
        # First, since the line's end is where pytest's output goes on.
        nullcontext() if progress is None else progress.hidden(),
        nullcontext() if capture is None else capture.global_and_fixture_disabled(),
    ):
        yield config.pluginmanager.getplugin("terminalreporter")


def _print_in_worker(line: str) -> None:
    # Its standard error is the controller's, whose cursor is behind the dots of the tests so far.
    print(f"\n{line}", file=sys.__stderr__, flush=True)

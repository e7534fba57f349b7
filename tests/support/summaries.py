"""The summary of a run as pytest's terminal reporter prints it, in a file or in a window."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from _pytest.terminal import TerminalReporter

from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.file_outcomes import FileOutcomes
from pytest_djworkers.report.terminal import print_summary


class Window(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def printed(
    pytester: pytest.Pytester,
    records: Sequence[BurstRecord],
    outcomes: FileOutcomes | None = None,
    *flags: str,
    window: int | None = None,
    colored: bool = False,
) -> list[str]:
    """Return the lines of a summary, in a file or in a terminal of this width."""
    # pytest-retry can be configured only once in a process. The other one collects the garbage of
    # this whole process each time.
    without = ("-p", "no:pytest-retry", "-p", "no:unraisableexception")
    config = pytester.parseconfigure(*without, *flags)
    stream = io.StringIO() if window is None else Window()
    reporter = TerminalReporter(config, stream)
    # The summary asks the config for the terminal writer, so this reporter must be registered.
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(reporter, "terminalreporter")
    # The width of the machine's own terminal must not decide.
    reporter._tw.fullwidth = window or 80
    reporter._tw.hasmarkup = colored
    print_summary(reporter, records, outcomes or FileOutcomes())
    return stream.getvalue().splitlines()

"""Prints a line past pytest's capturing, while tests run."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext

import pytest


def print_uncaptured(config: pytest.Config, line: str) -> None:
    """Print a line that the user sees at once."""
    capture = config.pluginmanager.getplugin("capturemanager")
    uncaptured: AbstractContextManager[None] = (
        nullcontext() if capture is None else capture.global_and_fixture_disabled()
    )
    reporter = config.pluginmanager.getplugin("terminalreporter")
    with uncaptured:
        if hasattr(config, "workerinput"):
            # Nobody sees the terminal of a pytest-xdist worker. Its standard error is the
            # controller's.
            print(line, file=sys.__stderr__, flush=True)
        elif reporter is not None:
            # The cursor may be behind the dots of the tests so far.
            reporter.ensure_newline()
            reporter.write_line(line)
            reporter.flush()

"""Waits for what may take long: with a limit, and not without a word."""

from __future__ import annotations

from collections.abc import Callable

from pytest_djworkers.system.process import GuardedProcess

ANNOUNCE_AFTER_S = 5.0
"""Whoever waits for longer is told what for."""
Say = Callable[[str], None]


def say_nothing(words: str) -> None:
    """For where nobody listens."""


def wait_and_announce(process: GuardedProcess, within_s: float, say: Say, what: str) -> int | None:
    """The exit status of a process; None where it does not end in that time.

    After five seconds the user is told what is waited for, and for how long at most.
    """
    status = process.wait(min(ANNOUNCE_AFTER_S, within_s))
    if status is None and within_s > ANNOUNCE_AFTER_S:
        say(f"waits for {what}, {within_s:g}s at most")
        status = process.wait(within_s - ANNOUNCE_AFTER_S)
    return status

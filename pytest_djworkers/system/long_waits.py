"""Waits with a time limit for what may take long, and tells the user what is waited for."""

from __future__ import annotations

from collections.abc import Callable

from pytest_djworkers.system.process import GuardedProcess

ANNOUNCE_AFTER_S = 5.0
"""The seconds after which the user is told what is waited for."""
Say = Callable[[str], None]


def say_nothing(words: str) -> None:
    """Drop the words: for when nobody listens."""


def wait_and_announce(process: GuardedProcess, within_s: float, say: Say, what: str) -> int | None:
    """Wait for a process to end, and return its exit status; None if it doesn't end in time.

    After five seconds the user is told what is waited for, and for how long at most.
    """
    status = process.wait(min(ANNOUNCE_AFTER_S, within_s))
    if status is None and within_s > ANNOUNCE_AFTER_S:
        say(f"waiting for {what}, {within_s:g}s at most")
        status = process.wait(within_s - ANNOUNCE_AFTER_S)
    return status

"""Waits with a time limit for what may take long, and tells the user what is waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pytest_djworkers.errors import BusyMachineError
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.process import GuardedProcess

ANNOUNCE_AFTER_S = 5.0
"""The seconds after which the user is told what is waited for."""
AGAIN_AFTER_S = 60.0
"""The seconds after which the user is told so again."""
_LOOK_EVERY_S = 0.05
Say = Callable[[str], None]


def say_nothing(words: str) -> None:
    """Drop the words: for when nobody listens."""


class Onlooker(Protocol):
    """An object that is told when a run has to wait for its turn."""

    def begin(self, what: str) -> None:
        """The wait begins; ``what`` is waited for, in words; empty if nobody need be told."""

    def say(self, words: str) -> None:
        """Tell the user."""

    def end(self, waited_s: float) -> None:
        """The wait is over, whether it was worth it or not."""


@dataclass(frozen=True, slots=True)
class TurnWait:
    """A wait for a turn that others have now.

    ``what`` is waited for, for ``at_most_s`` seconds. ``holder`` returns words for those who have
    it, and ``too_long`` is what to say if they keep it, before these words.
    """

    what: str
    holder: Callable[[], str]
    too_long: str
    at_most_s: float
    is_announced: bool = True
    """False if nobody need be told of a long wait."""

    def until(self, has_turn: Callable[[], bool], onlooker: Onlooker | None) -> None:
        """Wait until ``has_turn`` returns True. Raises BusyMachineError if that takes too long."""
        if has_turn():
            return
        began_s = CLOCK.monotonic()
        if onlooker is not None:
            onlooker.begin(self.what if self.is_announced else "")
        try:
            self._wait(has_turn, onlooker.say if onlooker and self.is_announced else say_nothing)
        finally:
            if onlooker is not None:
                onlooker.end(CLOCK.monotonic() - began_s)

    def _wait(self, has_turn: Callable[[], bool], say: Say) -> None:
        began_s = CLOCK.monotonic()
        speak_at_s = began_s + ANNOUNCE_AFTER_S
        while not has_turn():
            now_s = CLOCK.monotonic()
            if now_s >= began_s + self.at_most_s:
                raise BusyMachineError(
                    f"{self.too_long} for {self.at_most_s:g}s: {self.holder()}: end it, or wait"
                    " for it"
                )
            if now_s >= speak_at_s:
                speak_at_s = now_s + AGAIN_AFTER_S
                say(
                    f"waiting for {self.what}, {now_s - began_s:.0f}s so far and"
                    f" {self.at_most_s:g}s at most: {self.holder()}"
                )
            CLOCK.sleep(_LOOK_EVERY_S)
        if speak_at_s > began_s + ANNOUNCE_AFTER_S:
            say(f"waited {CLOCK.monotonic() - began_s:.0f}s for {self.what}")


def wait_and_announce(process: GuardedProcess, within_s: float, say: Say, what: str) -> int | None:
    """Wait for a process to end, and return its exit status; None if it doesn't end in time.

    After five seconds the user is told what is waited for, and for how long at most.
    """
    status = process.wait(min(ANNOUNCE_AFTER_S, within_s))
    if status is None and within_s > ANNOUNCE_AFTER_S:
        say(f"waiting for {what}, {within_s:g}s at most")
        status = process.wait(within_s - ANNOUNCE_AFTER_S)
    return status

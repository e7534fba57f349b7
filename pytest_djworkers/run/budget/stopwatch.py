"""The time that a run's budget is spent on."""

from __future__ import annotations

from collections.abc import Callable

from pytest_djworkers.system.clock import CLOCK


class Stopwatch:
    """Adds up the seconds of the turns of all tests. What other tests take doesn't count.

    ``waited_s`` returns the seconds that the run has waited for other runs so far. They don't
    count either.
    """

    def __init__(self, waited_s: Callable[[], float]) -> None:
        self._waited_s = waited_s
        self._earlier_s = 0.0
        self._began_s: float | None = None

    @property
    def turn_s(self) -> float:
        """The seconds that the turn has taken so far; 0 between turns."""
        return 0.0 if self._began_s is None else self._now_s() - self._began_s

    @property
    def all_s(self) -> float:
        """The seconds of all turns so far."""
        return self._earlier_s + self.turn_s

    def start(self) -> None:
        """Begin a turn."""
        self._began_s = self._now_s()

    def stop(self) -> None:
        """End the turn."""
        self._earlier_s, self._began_s = self.all_s, None

    def _now_s(self) -> float:
        return CLOCK.monotonic() - self._waited_s()

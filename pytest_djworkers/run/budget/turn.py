"""One turn of a test in a run with a budget: its comparisons go on where the last turn ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from pytest_djworkers.compare.history import History
from pytest_djworkers.compare.procedure import NOTHING_YET, ComparisonOutcome, Enough, Judged
from pytest_djworkers.run.budget.planner import Limit, Standing, standing_of
from pytest_djworkers.run.measurement import MeasuredBurst


@dataclass(slots=True)
class Progress:
    """The state of one comparison of a test."""

    history: History = NOTHING_YET
    standing: Standing | None = None
    """None once it has a verdict, or can't get one."""
    finished: MeasuredBurst | None = None
    """The result to return in later turns; None while there is no verdict."""


class Turn:
    """A test's turn. ``used_s`` returns the seconds that it has taken so far."""

    def __init__(self, limit: Limit, used_s: Callable[[], float]) -> None:
        self.limit = limit
        self.number = 1
        """The number of turns that the test has had, with this one."""
        self._used_s = used_s
        self._progress: dict[str, Progress] = {}
        self._measured: set[str] = set()

    @classmethod
    def unlimited(cls) -> Turn:
        """Return the only turn of a test, in a run without a budget."""
        return cls(Limit(inf, ""), lambda: 0.0)

    def next_turn(self, limit: Limit, used_s: Callable[[], float]) -> Turn:
        """Return the turn in which the test goes on."""
        turn = Turn(limit, used_s)
        turn._progress, turn.number = self._progress, self.number + 1
        return turn

    @property
    def open_comparisons(self) -> list[Standing]:
        """The comparisons of this turn that have no verdict."""
        return [
            one.standing
            for burst, one in self._progress.items()
            if burst in self._measured and one.standing is not None
        ]

    def start_over(self) -> None:
        """Forget everything: another plugin runs the test again, from the beginning."""
        self._progress.clear()
        self._measured.clear()

    def finished(self, burst: str) -> MeasuredBurst | None:
        """Return what an earlier turn has found for a comparison that needs no more blocks."""
        found = self._progress.get(burst)
        return None if found is None else found.finished

    def history_of(self, burst: str) -> History:
        """Return the blocks that a comparison has run in earlier turns."""
        found = self._progress.get(burst)
        return NOTHING_YET if found is None else found.history

    def enough_for(self, burst: str) -> Enough:
        """Return the function that says after each block why the comparison must stop now."""
        progress = self._progress.setdefault(burst, Progress())
        began_s, before = self._used_s(), len(progress.history.blocks)

        def enough(blocks: int, judged: Judged) -> str:
            used_s = self._used_s()
            block_s = (used_s - began_s) / max(1, blocks - before)
            progress.standing = found = standing_of(blocks, judged, block_s)
            if found is None or not self.limit.is_reached(
                blocks=blocks, used_s=used_s, next_look_s=found.next_look_s
            ):
                return ""
            return self.limit.reason

        return enough

    def note(self, burst: str, outcome: ComparisonOutcome, measured: MeasuredBurst) -> None:
        """Remember a comparison, for the test's next turn."""
        progress = self._progress.setdefault(burst, Progress())
        progress.history = outcome.history
        self._measured.add(burst)
        if not outcome.comparison.ended_early:
            progress.standing, progress.finished = None, measured

"""The phases of one block of a comparison, as they are reported while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_djworkers.progress import Phase, ProgressSink


@dataclass(frozen=True, slots=True)
class BlockPhases:
    """Tells a sink what a block does. ``number`` counts from 0."""

    sink: ProgressSink
    number: int
    arms: tuple[str, str]
    """The names of base and head."""

    def begin(self, what: str) -> None:
        """Say that a part of the block begins that is no window of a round."""
        self.sink.begin(Phase(f"{self._block}: {what}"))

    def begin_window(self, arm: int, round_number: int, rounds: int) -> None:
        """Say that an arm's window begins; the rounds of a block count from 1.

        Call it between windows: what the sink prints must not cost an arm anything.
        """
        name = f"{self._block}, round {round_number} of {rounds}: {self.arms[arm]}"
        self.sink.begin(Phase(name, is_counted=True))

    @property
    def _block(self) -> str:
        return f"block {self.number + 1}"

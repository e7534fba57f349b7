"""A sink that keeps what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_djworkers.progress import LiveFigures, Phase


@dataclass
class Told:
    """Keeps the phases and the figures in order."""

    wants_figures: bool = True
    phases: list[Phase] = field(default_factory=list)
    figures: list[LiveFigures] = field(default_factory=list)

    def begin(self, *phases: Phase) -> None:
        """Keep the phases."""
        self.phases.extend(phases)

    def show(self, figures: LiveFigures) -> None:
        """Keep the figures."""
        self.figures.append(figures)

    @property
    def names(self) -> list[str]:
        """The names of the phases so far."""
        return [phase.name for phase in self.phases]

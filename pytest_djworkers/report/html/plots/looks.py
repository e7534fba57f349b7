"""The looks of the servers: each has a colour, a symbol and a dash, the same in all plots.

Any one of the three is enough to tell them apart, so nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pytest_djworkers.report.html.plots.plot import Spec

_Look = TypeVar("_Look")
_COLORS = tuple(f"var(--series-{number})" for number in range(1, 7))
"""The colours of the style sheet, which hold on light and dark ground and for the colour-blind."""
_SYMBOLS = ("circle", "triangle-up", "square", "diamond", "triangle-down", "cross", "triangle-left")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [12, 4], [4, 1], [1, 3])


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks of the servers of a run."""

    names: tuple[str, ...]
    """All servers, also those that a plot doesn't have."""

    def color_of(self, name: str) -> str:
        """Return the colour of a server."""
        return self._look(_COLORS, name)

    def color(self, shown: Iterable[str], *, legend: bool = True) -> Spec:
        """Return the encoding of the field ``server`` by colour, for the servers of a plot."""
        return self._encoding(shown, _COLORS, legend=legend)

    def shape(self, shown: Iterable[str], *, legend: bool = True) -> Spec:
        """Return the encoding of the field ``server`` by symbol."""
        return self._encoding(shown, _SYMBOLS, legend=legend)

    def dash(self, shown: Iterable[str], *, legend: bool = True) -> Spec:
        """Return the encoding of the field ``server`` by the dashes of its line."""
        return self._encoding(shown, _DASHES, legend=legend)

    def _encoding(self, shown: Iterable[str], looks: Sequence[_Look], *, legend: bool) -> Spec:
        names = list(shown)
        found = {
            "field": "server",
            "type": "nominal",
            "scale": {"domain": names, "range": [self._look(looks, name) for name in names]},
        }
        # The only server of a run needs no legend.
        return found if legend and len(self.names) > 1 else {**found, "legend": None}

    def _look(self, looks: Sequence[_Look], name: str) -> _Look:
        return looks[self.names.index(name) % len(looks)]

"""The series of comparisons that ``regressions.py`` makes, and the order of their turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, log
from typing import Any

from outcomes import Place, Results
from pytest_djworkers.verdict.judgement import Verdict
from revisions import Change
from surroundings import POSTGRESQL, SQLITE

IMPORT_S = 3.0
NONE_REGRESSED, ALL_REGRESSED, NONE_OK = "no regressed", "all regressed", "no ok"
_STATED_AIMS_S = ((0.003, 45.0), (0.1, 90.0), (1.0, 240.0))
"""The CPU seconds of a request, and the seconds in which a loss of 20 % must have a verdict."""


@dataclass(frozen=True)
class View:
    """A view of the site, and the cost of a request in base."""

    name: str
    test: str
    cpu_s: float | None = None
    """The CPU seconds of a request, about; None if it waits instead."""

    @property
    def aim_s(self) -> float | None:
        """The seconds in which a loss of 20 % must have a verdict; None if there is no aim.

        Between the stated aims it is interpolated, on scales of logarithms.
        """
        return None if self.cpu_s is None else _interpolated_aim(self.cpu_s)


LIST = View("list", "list", 0.005)
REPORT = View("report 31ms", "report_31ms", 0.031)
REPORT_200 = View("report 200ms", "report_200ms", 0.2)
WAIT = View("wait 3s", "wait")
VIEWS = (LIST, REPORT, REPORT_200)
SECOND = View("report 1s", "report_1s", 1.0)
JSON = View("json", "json", 0.001)


@dataclass(frozen=True)
class Series:
    """Comparisons of one kind."""

    view: View
    kind: str
    bar: str
    """The demand on its verdicts."""
    times: int
    """The number of comparisons in each place."""
    share: float = 0.0
    """The additional cost of a request in head, as a share."""
    tolerance: float = 0.1
    databases: tuple[str, ...] = (SQLITE, POSTGRESQL)
    common: Change = field(default_factory=dict)
    """The change that both commits have."""
    is_busy: bool = False
    """True if it runs beside a process that keeps a core busy on and off."""

    @property
    def name(self) -> str:
        """The name in the results and the tables."""
        return f"{self.view.name}, {self.kind}"

    @property
    def is_plain(self) -> bool:
        """True if nothing but the views differs from a usual comparison."""
        return not (self.common or self.is_busy)

    @property
    def head(self) -> Change:
        """The change that head has."""
        return {**self.common, "share": self.share} if self.share else self.common

    def holds(self, verdicts: Sequence[str]) -> bool:
        """Return True if these verdicts meet the demand. A run without a comparison never does."""
        if "error" in verdicts:
            return False
        if self.bar == ALL_REGRESSED:
            return set(verdicts) <= {Verdict.REGRESSED}
        return (Verdict.REGRESSED if self.bar == NONE_REGRESSED else Verdict.OK) not in verdicts


def _same(view: View, times: int, **others: Any) -> Series:
    return Series(view, "same", NONE_REGRESSED, times, **others)


def _dearer_20(view: View, times: int, **others: Any) -> Series:
    return Series(view, "+20%", ALL_REGRESSED, times, share=0.2, **others)


def _dearer_10(view: View, times: int, **others: Any) -> Series:
    return Series(view, "+10%", NONE_OK, times, share=0.1, tolerance=0.05, **others)


_SLOW_IMPORT = {"import_s": IMPORT_S}
_SMALL: dict[str, Any] = {"databases": (SQLITE,)}
ALL = (
    *(_same(view, 4) for view in (*VIEWS, WAIT)),
    *(_dearer_20(view, 2) for view in (LIST, REPORT)),
    *(_dearer_20(view, 1) for view in (REPORT_200, WAIT)),
    *(_dearer_10(view, 2) for view in (*VIEWS, WAIT)),
    _same(SECOND, 1, **_SMALL),
    _dearer_20(SECOND, 1, **_SMALL),
    _same(JSON, 2, **_SMALL),
    _dearer_20(JSON, 1, **_SMALL),
    _dearer_10(JSON, 1, **_SMALL),
    Series(LIST, "busy", NONE_REGRESSED, 2, is_busy=True, **_SMALL),
    Series(LIST, "import", NONE_REGRESSED, 1, common=_SLOW_IMPORT, **_SMALL),
    Series(LIST, "import +20%", ALL_REGRESSED, 1, share=0.2, common=_SLOW_IMPORT, **_SMALL),
)


@dataclass(frozen=True)
class Turn:
    """One comparison to make."""

    series: Series
    place: Place
    number: int


def missing(results: Results, chosen: Sequence[Series], places: Sequence[Place]) -> list[Turn]:
    """Return the comparisons that the results don't have yet, in the order to make them.

    The series take turns in proportion to their numbers, so that a run which is stopped early has
    balanced numbers, and all series see the same changes of the machine.
    """
    turns = [
        Turn(series, place, number)
        for series in chosen
        for place in places
        if place.database in series.databases
        for number in range(len(results.of(series.name, place)) + 1, series.times + 1)
    ]
    return sorted(turns, key=lambda turn: (turn.number - 0.5) / turn.series.times)


def _interpolated_aim(cpu_s: float) -> float:
    """Return the seconds in which a view of this cost must have a verdict on 20 %."""
    (low, low_s), (middle, middle_s), (high, high_s) = _STATED_AIMS_S
    if cpu_s > middle:
        low, low_s = middle, middle_s
    else:
        high, high_s = middle, middle_s
    share = min(1.0, max(0.0, log(cpu_s / low) / log(high / low)))
    return exp(log(low_s) + share * log(high_s / low_s))

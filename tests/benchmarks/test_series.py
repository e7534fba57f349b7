"""The series of the benchmark of real comparisons: their turns, their demands, their aims."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from outcomes import Outcome, Place, Results
from series import ALL, LIST, VIEWS, Series, View, missing

PLACES = [
    Place(server, database)
    for server in ("granian", "gunicorn-gevent")
    for database in ("sqlite", "postgresql")
]


def outcome(series: str, place: Place, number: int) -> Outcome:
    return Outcome(series, place, number, "2026-01-02", "commit", 1.0, 0, None, "")


def series_of(kind: str) -> Series:
    return next(one for one in ALL if one.view is LIST and one.kind == kind)


def test_an_early_stop_leaves_balanced_numbers(tmp_path: Path) -> None:
    turns = missing(Results(tmp_path / "none"), ALL, PLACES)

    half = Counter((turn.series.name, turn.place) for turn in turns[: len(turns) // 2])

    for series in ALL:
        for place in PLACES:
            if place.database in series.databases:
                assert abs(half[series.name, place] - series.times / 2) <= 1


def test_the_whole_has_the_numbers_that_are_aimed_at(tmp_path: Path) -> None:
    turns = missing(Results(tmp_path / "none"), ALL, PLACES)

    kinds = Counter(turn.series.kind for turn in turns)

    assert kinds["same"] >= 60
    assert kinds["+20%"] >= 24
    assert kinds["+10%"] >= 24


def test_what_a_file_has_is_not_made_again(tmp_path: Path) -> None:
    series, place = series_of("+20%"), PLACES[0]
    Results(tmp_path / "found").add(outcome(series.name, place, 1))

    turns = missing(Results(tmp_path / "found"), [series], [place])

    assert [turn.number for turn in turns] == [2]


@pytest.mark.parametrize(
    ("kind", "verdicts", "held"),
    [
        ("same", ["ok", "inconclusive", "not compared"], True),
        ("same", ["ok", "regressed"], False),
        ("+20%", ["regressed"], True),
        ("+20%", ["regressed", "inconclusive"], False),
        ("+10%", ["regressed", "inconclusive"], True),
        ("+10%", ["ok"], False),
        ("+10%", ["error"], False),
    ],
)
def test_a_demand_is_held_by_some_verdicts_alone(
    kind: str, verdicts: list[str], held: bool
) -> None:
    assert series_of(kind).holds(verdicts) is held


def test_aims_lie_between_the_stated_ones() -> None:
    aims = [view.aim_s or 0 for view in VIEWS]

    assert 45 < aims[0] < aims[1] < 90 < aims[2] < 240
    assert View("", "", 0.003).aim_s == pytest.approx(45)
    assert View("", "", 0.1).aim_s == pytest.approx(90)
    assert View("", "", 1.0).aim_s == pytest.approx(240)
    assert View("", "").aim_s is None

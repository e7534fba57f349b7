"""The tests that ``places.py`` runs."""

from __future__ import annotations

from pytest_djworkers import Burst


def test_sync(burst: Burst) -> None:
    burst("/caused/places", connections=16)


def test_async(burst: Burst) -> None:
    burst("/caused/async_places", connections=16)

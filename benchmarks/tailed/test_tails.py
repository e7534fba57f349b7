"""The tests that ``tails.py`` runs."""

from __future__ import annotations

import pytest

from pytest_djworkers import Burst


def test_quick(burst: Burst) -> None:
    burst("/tailed/quick")


@pytest.mark.max_regression("30%", metric="p95")
@pytest.mark.max_regression("1%", metric="errors")
def test_quick_p95_and_errors(burst: Burst) -> None:
    burst("/tailed/quick")


@pytest.mark.max_regression("10%", metric="p95")
def test_quick_p95(burst: Burst) -> None:
    burst("/tailed/quick")


def test_books(burst: Burst) -> None:
    burst("/tailed/books")


def test_cached(burst: Burst) -> None:
    burst("/tailed/cached")

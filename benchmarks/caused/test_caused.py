"""The test that ``causes.py`` runs for most views."""

from __future__ import annotations

import pytest

from pytest_djworkers import Burst


@pytest.mark.parametrize(
    "view",
    [
        *("ticket", "listing", "remarks", "shelf", "catalogue", "plain", "export", "basket"),
        *("waiting_query", "book_in_stock", "label"),
    ],
)
def test_view(burst: Burst, view: str) -> None:
    burst(f"/caused/{view}")

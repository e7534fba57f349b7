"""The test on a table that is large on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from caused.views import ORDERS
from myapp.seed import seed
from pytest_djworkers import Burst

FILL = """
INSERT INTO caused_order (code, total)
SELECT 'code-' || number, number %% 100 FROM generate_series(1, %s) AS number
"""


def seed_all() -> None:
    seed()
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM caused_order)")
        if not cursor.fetchone()[0]:
            cursor.execute(FILL, [ORDERS])
            cursor.execute("ANALYZE caused_order")


@pytest.fixture(scope="session")
def djworkers_seed() -> Callable[[], None]:
    """Return the function that makes the rows."""
    return seed_all


def test_order(burst: Burst) -> None:
    burst("/caused/order")

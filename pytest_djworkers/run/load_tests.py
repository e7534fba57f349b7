"""Which tests of a run fire bursts."""

from __future__ import annotations

import pytest


def is_load_test(item: pytest.Item) -> bool:
    """Whether a test fires bursts, or asks for a server."""
    return "_djworkers_burst" in getattr(item, "fixturenames", ())

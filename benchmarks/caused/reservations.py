"""Reserves items, which takes a while elsewhere."""

from __future__ import annotations

import threading
import time

LOCK = threading.Lock()
TAKES_S = 0.01


def reserve() -> bool:
    """Reserve an item."""
    time.sleep(TAKES_S)
    return True

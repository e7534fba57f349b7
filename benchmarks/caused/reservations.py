"""Reserves items, which takes a while elsewhere."""

from __future__ import annotations

import threading
import time

LOCK = threading.Lock()
ASKING_TAKES_S = 0.008
MARKING_TAKES_S = 0.002


def reserve() -> bool:
    """Reserve an item."""
    time.sleep(ASKING_TAKES_S)
    mark()
    return True


def mark() -> None:
    """Mark an item as reserved."""
    time.sleep(MARKING_TAKES_S)

"""The number of books in stock, which another service knows."""

from __future__ import annotations

import os
from urllib.request import urlopen

STOCK_URL = os.environ.get("CAUSED_STOCK_URL", "http://127.0.0.1:1")
LAST_KNOWN = 130


def stock_level() -> int:
    """Return the number of books in stock."""
    return LAST_KNOWN


def asked() -> int:
    """Return the number that the service says."""
    with urlopen(STOCK_URL, timeout=10) as response:
        return len(response.read())

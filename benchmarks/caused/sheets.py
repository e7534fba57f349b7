"""The rows of a sheet."""

from __future__ import annotations


def row(number: int) -> dict[str, object]:
    """Return a row."""
    return {"number": number, "name": f"item {number}", "price": number / 4}

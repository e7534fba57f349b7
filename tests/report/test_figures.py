"""Figures as text."""

from __future__ import annotations

import pytest

from pytest_djworkers.report.figures import with_arrows_for


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "10.2 → 12.4 ms"),
        ("UTF-16", "10.2 → 12.4 ms"),
        (None, "10.2 → 12.4 ms"),
        ("ascii", "10.2 -> 12.4 ms"),
        ("iso8859-1", "10.2 -> 12.4 ms"),
        ("no-such-encoding", "10.2 -> 12.4 ms"),
    ],
)
def test_an_encoding_without_arrows_gets_two_signs(encoding: str | None, text: str) -> None:
    assert with_arrows_for(encoding, "10.2 → 12.4 ms") == text

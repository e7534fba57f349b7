"""Figures as text."""

from __future__ import annotations

import pytest

from pytest_djworkers.report.figures import before_and_after, with_arrows_for


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("10.2ms", "12.4ms", "10.2 → 12.4 ms"),
        ("812us", "1.2ms", "812 us → 1.2 ms"),
        ("0s", "3ms", "0 s → 3 ms"),
        ("2s", "2s", "2 → 2 s"),
        ("0", "1,234", "0 → 1,234"),
        ("1.2%", "30%", "1.2 → 30 %"),
    ],
)
def test_a_unit_that_both_figures_share_stands_once(before: str, after: str, text: str) -> None:
    assert before_and_after(before, after) == text


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
